//! What the palette finds for what is typed. Pure.

use std::rc::Rc;

use super::{ALL, Command};
use crate::{platform::folded, registry::Registry};

/// Rows that the palette shows.
pub const MAX_FOUND: usize = 50;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub name: Rc<str>,
    /// Its keys, or its type.
    pub note: Rc<str>,
    pub choice: Choice,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Command(Command),
    Component(Rc<str>),
}

/// All that can be found, each with its name as a search compares it: folded once, and not at every key.
#[derive(Clone, Debug, PartialEq)]
pub struct Index(Vec<(String, Entry)>);

impl Index {
    /// Pages, actions, and the components of the registry when it is there.
    #[must_use]
    pub fn new(registry: Option<&Registry>) -> Self {
        Self(entries(registry).map(|entry| (folded(&entry.name), entry)).collect())
    }

    /// The best first, as many as are shown. All of them, in their order, when nothing is typed.
    #[must_use]
    pub fn found(&self, text: &str) -> Vec<Entry> {
        let words: Vec<String> = text.split_whitespace().map(folded).collect();
        let ranked = self.0.iter().filter_map(|(name, entry)| Some((rank(name, &words)?, entry)));
        let mut found: Vec<(u32, &Entry)> = ranked.collect();
        // Of equals the first stays the first.
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().take(MAX_FOUND).map(|(_, entry)| entry.clone()).collect()
    }
}

/// Pages and actions, then components; who finds anything is there already.
fn entries(registry: Option<&Registry>) -> impl Iterator<Item = Entry> {
    let commands = ALL.iter().filter(|known| known.command != Command::Palette);
    let commands = commands.map(|known| Entry {
        name: known.name.into(),
        note: known.keys.into(),
        choice: Choice::Command(known.command),
    });
    let components = registry.into_iter().flat_map(|registry| &registry.components);
    commands.chain(components.map(|component| Entry {
        name: component.name.clone(),
        note: component.category.clone(),
        choice: Choice::Component(component.hash.clone()),
    }))
}

/// How far `name` is from all of `words`, all folded: less is better, and none is no match at all.
fn rank(name: &str, words: &[String]) -> Option<u32> {
    words.iter().map(|word| distance(name, word)).sum()
}

/// The beginning is best, then the beginning of a word, a part, and letters in this order.
fn distance(name: &str, word: &str) -> Option<u32> {
    match name.find(word) {
        Some(0) => Some(0),
        Some(_) if name.split(' ').any(|part| part.starts_with(word)) => Some(1),
        Some(_) => Some(2),
        None => {
            let mut letters = name.chars();
            word.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn names(text: &str) -> Vec<String> {
        let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
        Index::new(Some(&registry)).found(text).iter().map(|entry| entry.name.to_string()).collect()
    }

    #[test]
    fn the_closest_name_is_first() {
        for (text, first) in [
            ("", "Go to the dashboard"),
            ("insi", "Go to Insights"),
            ("CALC", "Calculator"),
            ("dark", "Switch between light and dark"),
            ("list user", "User Account List"),
            ("p2p", "P2P Status Panel"),
            ("mmgm", "Memory Game"),
        ] {
            assert_eq!(names(text).first().map(String::as_str), Some(first), "{text:?}");
        }
    }

    #[test]
    fn what_has_no_such_letters_is_not_found() {
        assert_eq!(names("zzzz"), Vec::<String>::new());
        assert!(names("go to").len() >= 4);
    }

    #[test]
    fn words_are_found_in_any_order_and_all_of_them() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rank("user account list", &words("li us")), Some(1));
        assert_eq!(rank("user account list", &words("user map")), None);
    }

    #[test]
    fn names_in_any_script_are_found_however_they_are_stored_or_typed() {
        let registry = r#"{"components":[
            {"hash":"a","name":"İstanbul","concrete":{"implementation":"a.html"}},
            {"hash":"b","name":"Cafe\u0301 Übersicht","concrete":{"implementation":"b.html"}}]}"#;
        let index = Index::new(Some(&Registry::parse(registry).unwrap()));
        for (typed, hash) in
            [("istanbul", "a"), ("İST", "a"), ("café", "b"), ("ub cafe", "b"), ("ÜBER", "b")]
        {
            let first = index.found(typed).remove(0);
            assert_eq!(first.choice, Choice::Component(hash.into()), "{typed}");
        }
    }
}
