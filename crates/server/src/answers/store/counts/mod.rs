//! What each answer counts, held to the definitions in `insights`.

mod components;
mod errors;
mod funnel;
mod sessions;
mod steps;
mod time;
mod totals;
mod when;

use std::{cmp::Reverse, collections::BTreeMap};

use crate::store::sheet::{Name, Sheet};

pub use components::{entry_points, exit_points, loads, visits};
pub use errors::errors;
pub use funnel::funnel;
pub use sessions::{session_lengths, sessions};
pub use steps::{journey, paths};
pub use time::time;
pub use totals::{active_users, bounce, summary};
pub use when::{activity, popularity};

/// Something of each component, by hash; with its name, the last of those that were counted.
#[derive(Clone, Default)]
struct ByComponent<T>(BTreeMap<String, (String, T)>);

impl<T: Default> ByComponent<T> {
    fn of(&mut self, Name { hash, name }: &Name) -> &mut T {
        if !self.0.contains_key(hash) {
            self.0.insert(hash.clone(), Default::default());
        }
        let (known, of) = self.0.entry(hash.clone()).or_default();
        if *known < *name {
            known.clone_from(name);
        }
        of
    }

    fn merge(&mut self, other: Self, mut add: impl FnMut(&mut T, T)) {
        for (hash, (name, of)) in other.0 {
            add(self.of(&Name { hash, name }), of);
        }
    }
}

/// As the answers are ordered: largest first, equal ones as they come.
fn largest_first<T>(mut items: Vec<T>, size: impl Fn(&T) -> u64) -> Vec<T> {
    items.sort_by_key(|item| Reverse(size(item)));
    items
}

/// Some numbers of users or sessions.
#[derive(Clone, Default)]
pub struct Numbers(Vec<u64>);

impl Numbers {
    pub fn add(&mut self, number: u64) {
        let at = usize::try_from(number / 64).unwrap_or(usize::MAX >> 8);
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (number % 64);
    }

    pub fn has(&self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok().and_then(|at| self.0.get(at));
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    pub fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

/// Durations, of which nearly all fit into half the memory.
#[derive(Clone, Default)]
struct Durations {
    small: Vec<u32>,
    large: Vec<u64>,
}

impl Durations {
    #[inline]
    fn add(&mut self, ms: u64) {
        match u32::try_from(ms) {
            Ok(ms) => self.small.push(ms),
            Err(_) => self.large.push(ms),
        }
    }

    fn merge(&mut self, other: Self) {
        self.small.extend(other.small);
        self.large.extend(other.large);
    }

    /// Nearest rank, as [`insights::percentile`], without sorting all of them.
    fn percentiles<const N: usize>(mut self, percents: [u64; N]) -> [Option<u64>; N] {
        let count = (self.small.len() + self.large.len()) as u64;
        percents.map(|percent| {
            let rank = count.saturating_mul(percent).div_ceil(100).clamp(1, count.max(1));
            let at = usize::try_from(rank - 1).ok()?;
            let Self { small, large } = &mut self;
            match at.checked_sub(small.len()) {
                None => Some(u64::from(*small.select_nth_unstable(at).1)),
                Some(at) => (at < large.len()).then(|| *large.select_nth_unstable(at).1),
            }
        })
    }
}

/// Whose visits there are.
fn visitors(sheet: &Sheet, users: &mut Numbers) {
    let visits = sheet.all(crate::store::sheet::Kind::Visit);
    if sheet.is_mixed {
        visits.user.iter().for_each(|&user| users.add(user));
    } else {
        for session in 0..sheet.sessions {
            if !visits.of(session).is_empty() {
                users.add(sheet.user[session]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_definition() {
        for count in 0..40_u64 {
            let mut values: Vec<u64> = (0..count).map(|n| (n * 7 % 11) << (n % 4 * 11)).collect();
            let mut durations = Durations::default();
            values.iter().for_each(|&ms| durations.add(ms));
            let expected = [50, 95].map(|percent| insights::percentile(&mut values, percent));
            assert_eq!(durations.percentiles([50, 95]), expected);
        }
    }

    #[test]
    fn numbers_are_counted_once() {
        let (mut some, mut others) = (Numbers::default(), Numbers::default());
        [1, 64, 64].into_iter().for_each(|number| some.add(number));
        [64, 900].into_iter().for_each(|number| others.add(number));
        some.merge(&others);
        assert_eq!(some.len(), 3);
        assert!(some.has(900) && !some.has(2) && !some.has(70_000));
    }
}
