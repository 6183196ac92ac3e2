//! Charts as data: each is a pure function from numbers to shapes; one view draws them all.

pub mod bars;
pub mod calendar;
pub mod columns;
pub mod heatmap;
pub mod picture;
pub mod sankey;
pub mod scale;
pub mod timeline;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What to draw: as wide as it was asked for, and this high. Whole pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub height: i32,
    pub shapes: Vec<Shape>,
    /// Names that had no room in the picture.
    pub left_out: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub form: Form,
    /// How it looks, see `.chart` in the styles.
    pub class: &'static str,
    /// The exact number, for whoever points at it.
    pub tip: String,
    /// The component that a click chooses, by hash.
    pub pick: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    Rect {
        x: i32,
        y: i32,
        width: i32,
        height: i32,
    },
    /// An SVG path and the width of its stroke.
    Path {
        d: String,
        stroke: i32,
    },
    Text {
        x: i32,
        y: i32,
        text: String,
    },
}

impl Shape {
    #[must_use]
    pub fn rect(class: &'static str, x: i32, y: i32, width: i32, height: i32) -> Self {
        Self::new(class, Form::Rect { x, y, width, height })
    }

    #[must_use]
    pub fn path(class: &'static str, d: String, stroke: i32) -> Self {
        Self::new(class, Form::Path { d, stroke })
    }

    #[must_use]
    pub fn text(class: &'static str, x: i32, y: i32, text: String) -> Self {
        Self::new(class, Form::Text { x, y, text })
    }

    fn new(class: &'static str, form: Form) -> Self {
        Self { form, class, tip: String::new(), pick: None }
    }

    #[must_use]
    pub fn tip(mut self, tip: &str) -> Self {
        tip.clone_into(&mut self.tip);
        self
    }

    #[must_use]
    pub fn pick(mut self, component: Option<&str>) -> Self {
        self.pick = component.map(str::to_owned);
        self
    }
}

/// Pixels of a letter of the charts' 12 px text: rather too many than too few.
const LETTER: i32 = 7;

/// As much of `text` as fits, with an ellipsis where it was cut.
#[must_use]
pub fn fit(text: &str, width: i32) -> String {
    let room = usize::try_from(width / LETTER).unwrap_or(0);
    if text.chars().count() <= room {
        return text.to_owned();
    }
    if room < 2 {
        return String::new();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

/// The same for names that stand side by side: those that would look alike are cut in the middle, so that
/// what tells them apart is left.
#[must_use]
pub fn fit_all(names: &[String], width: i32) -> Vec<String> {
    // The same name looks the same wherever it stands.
    let distinct: BTreeSet<&String> = names.iter().collect();
    let distinct: Vec<String> = distinct.into_iter().cloned().collect();
    let fitted = fit_distinct(&distinct, width);
    let of: BTreeMap<&String, &String> = distinct.iter().zip(&fitted).collect();
    names.iter().filter_map(|name| of.get(name).map(|text| (*text).clone())).collect()
}

fn fit_distinct(names: &[String], width: i32) -> Vec<String> {
    let room = usize::try_from(width / LETTER).unwrap_or(0);
    let mut fitted: Vec<String> = names.iter().map(|name| fit(name, width)).collect();
    for alike in look_alike(&fitted) {
        for pair in 0..alike.len() {
            let name = &names[alike[pair]];
            let beside = [pair.checked_sub(1), Some(pair + 1)];
            let others = beside.into_iter().flatten().filter_map(|at| alike.get(at));
            let same = others.map(|other| same_beginning(name, &names[*other])).max().unwrap_or(0);
            fitted[alike[pair]] = without_middle(name, same, room);
        }
    }
    // Where even that was no help.
    let mut used: BTreeSet<String> = fitted.iter().cloned().collect();
    for alike in look_alike(&fitted) {
        for at in alike {
            let numbered = (1..).map(|number: usize| {
                let number = format!("…{number}");
                let kept = room.saturating_sub(number.chars().count());
                names[at].chars().take(kept).chain(number.chars()).collect::<String>()
            });
            let unused = numbered.take(names.len() + 1).find(|text| used.insert(text.clone()));
            fitted[at] = unused.unwrap_or_default();
        }
    }
    fitted
}

/// The places of names that were fitted to the same text.
fn look_alike(fitted: &[String]) -> Vec<Vec<usize>> {
    let mut of_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, text) in fitted.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        of_text.entry(text).or_default().push(at);
    }
    of_text.into_values().filter(|places| places.len() > 1).collect()
}

fn same_beginning(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

/// The beginning and, after an ellipsis, the text from the word on that holds the character `telling`.
fn without_middle(name: &str, telling: usize, room: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    let word = letters[..telling.min(letters.len())].iter().rposition(|letter| *letter == ' ');
    // A long word is shown from the letter on that tells.
    let from = word.map_or(telling, |space| space + 1);
    let from = if letters.len() - from.min(letters.len()) < room { from } else { telling };
    let rest: String = letters.iter().skip(from).collect();
    let tail = fit(&rest, i32::try_from(room.saturating_sub(2)).unwrap_or(0) * LETTER);
    let head = room.saturating_sub(tail.chars().count() + 1);
    let blank = head > 0 && letters.get(head - 1) == Some(&' ');
    let head = head - usize::from(blank);
    letters.iter().take(head).chain(['…'].iter()).copied().chain(tail.chars()).collect()
}

/// What the counts of each key add up to, the largest first, equal ones in the order in which they came.
#[must_use]
pub fn sums<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Vec<(&'a str, u64)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for (key, count) in counts {
        let place = *places.entry(key).or_insert(sums.len());
        match sums.get_mut(place) {
            Some((_, sum)) => *sum = sum.saturating_add(count),
            None => sums.push((key, count)),
        }
    }
    sums.sort_by_key(|(_, sum)| Reverse(*sum));
    sums
}

/// A component's hash; the names in brackets are none.
#[must_use]
pub fn is_component(key: &str) -> bool {
    !key.starts_with('(')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_in_an_ellipsis_and_a_hopeless_one_is_left_out() {
        assert_eq!(fit("Wetter ü", 80), "Wetter ü");
        assert_eq!(fit("Wetter ü und mehr", 56), "Wetter …");
        assert_eq!(fit("Wetter", 13), "");
        assert_eq!(fit("Wetter", -5), "");
        assert_eq!(fit("", 0), "");
    }
    fn fitted(names: &[&str], width: i32) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        fit_all(&names, width)
    }

    #[test]
    fn names_side_by_side_never_look_alike() {
        let both = ["User Account List", "User Account Detail", "Calculator"];
        assert_eq!(fitted(&both, 84), ["User Ac…List", "User…Detail", "Calculator"]);
        assert_eq!(fitted(&both, 200), both);
        assert_eq!(
            fitted(&["abcdefgh1", "abcdefgh2", "abcdefgh3"], 35),
            ["abc…1", "abc…2", "abc…3"]
        );
        // Over the whole range of widths, and for names that differ early, late, or in length only.
        let many: Vec<String> = (0..12)
            .flat_map(|at| {
                [format!("A component {at} of many"), format!("A component{}", "x".repeat(at))]
            })
            .collect();
        for width in (35..300).step_by(7) {
            let fitted = fit_all(&many, width);
            let mut distinct = fitted.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), many.len(), "{width}: {fitted:?}");
            let room = usize::try_from(width / LETTER).unwrap();
            assert!(fitted.iter().all(|text| text.chars().count() <= room), "{width}: {fitted:?}");
        }
        // The same name is cut alike wherever it stands.
        let twice = [both[0], both[1], both[0], both[1]];
        let [list, detail] = ["User Ac…List", "User…Detail"];
        assert_eq!(fitted(&twice, 84), [list, detail, list, detail]);
        // The same name twice stays the same, and no room is no room.
        assert_eq!(fitted(&["Weather", "Weather"], 35), ["Weat…", "Weat…"]);
        assert_eq!(fitted(&["Weather", "Wealth"], 5), ["", ""]);
    }

    #[test]
    fn sums_are_in_order() {
        let counts = [("a", 1), ("b", 2), ("c", 2), ("a", 1), ("d", u64::MAX), ("d", 1)];
        assert_eq!(sums(counts.into_iter()), [("d", u64::MAX), ("a", 2), ("b", 2), ("c", 2)]);
    }
}
