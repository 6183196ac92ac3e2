//! What the palette finds for what is typed. Pure.

use std::rc::Rc;

use super::{ALL, Command};
use crate::store::Clm;

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

/// The best first, as many as are shown. All of them, in their order, when nothing is typed.
#[must_use]
pub fn found(clm: &Clm, text: &str) -> Vec<Entry> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(u32, Entry)> =
        entries(clm).filter_map(|entry| Some((rank(&entry.name, &words)?, entry))).collect();
    // Of equals the first stays the first.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(MAX_FOUND).map(|(_, entry)| entry).collect()
}

/// Pages and actions, then components; who finds anything is there already.
fn entries(clm: &Clm) -> impl Iterator<Item = Entry> {
    let commands = ALL.iter().filter(|known| known.command != Command::Palette);
    let commands = commands.map(|known| Entry {
        name: known.name.into(),
        note: known.keys.into(),
        choice: Choice::Command(known.command),
    });
    let components = clm.registry().into_iter().flat_map(|registry| &registry.components);
    commands.chain(components.map(|component| Entry {
        name: component.name.clone(),
        note: component.category.clone(),
        choice: Choice::Component(component.hash.clone()),
    }))
}

/// How far `name` is from all of `words`: less is better, and none is no match at all.
fn rank(name: &str, words: &[String]) -> Option<u32> {
    let name = name.to_lowercase();
    words.iter().map(|word| distance(&name, word)).sum()
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
    use crate::{
        registry::Registry,
        store::{Action, clm::reduce},
    };

    fn names(text: &str) -> Vec<String> {
        let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
        let clm = reduce(Rc::default(), &Action::RegistryLoaded(Rc::new(registry)));
        found(&clm, text).iter().map(|entry| entry.name.to_string()).collect()
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
        assert_eq!(rank("User Account List", &words("li us")), Some(1));
        assert_eq!(rank("User Account List", &words("user map")), None);
        assert_eq!(rank("Übersicht", &words("üb")), Some(0));
    }
}
