//! Answers end: the largest rows stand for themselves, all others become one row.

use crate::{
    Bucket, ComponentErrors, ComponentLoads, ComponentTime, ComponentVisits, Flow, PathStep,
};

/// So many rows an answer has at most, beside the one for all others.
pub const MAX_ROWS: usize = 500;
/// So many components a bucket of [`popularity`](crate::popularity) tells apart at most.
pub const MAX_SERIES: usize = 50;
/// In place of the component's hash in the row for all others. The store puts it in place of components
/// that it keeps no names of, too.
pub const OTHER: &str = "(other)";

/// A row that others can be added to.
pub trait Row: Sized {
    fn is_other(&self) -> bool;

    /// How many rows were added to it: none but to the row for all others.
    fn folded(&self) -> u64;

    /// One row for both, which stands for `folded` rows.
    #[must_use]
    fn fold(self, other: Self, folded: u64) -> Self;
}

/// At most [`MAX_ROWS`] of `rows`, which are in their order, and behind them one for all others; where
/// there is only one other, it stays itself.
#[must_use]
pub fn bounded<T: Row>(mut rows: Vec<T>) -> Vec<T> {
    if rows.len() <= MAX_ROWS {
        return rows;
    }
    let mut others = rows.split_off(MAX_ROWS);
    // It is in the row for all others already: there is one such row.
    if let Some(at) = rows.iter().position(Row::is_other) {
        others.push(rows.remove(at));
    }
    rows.extend(others.into_iter().reduce(add));
    rows
}

/// Of each step at most [`MAX_ROWS`] rows, and one for all others of that step.
#[must_use]
pub fn bounded_by_step(paths: Vec<PathStep>) -> Vec<PathStep> {
    let mut all = Vec::with_capacity(paths.len());
    let mut step: Vec<PathStep> = Vec::new();
    for path in paths {
        if step.last().is_some_and(|last| last.step != path.step) {
            all.extend(bounded(std::mem::take(&mut step)));
        }
        step.push(path);
    }
    all.extend(bounded(step));
    all
}

/// Keeps the [`MAX_SERIES`] components with the most visits over all buckets, of equal ones the first by
/// hash; the visits to the others become [`OTHER`] in each bucket.
#[must_use]
pub fn bounded_series(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut sums = std::collections::BTreeMap::<&str, u64>::new();
    for (hash, visits) in buckets.iter().flat_map(|bucket| &bucket.visits) {
        *sums.entry(hash).or_default() += visits;
    }
    if sums.len() <= MAX_SERIES {
        return buckets;
    }
    sums.remove(OTHER);
    let sums = sums.into_iter().map(|(hash, sum)| (hash.to_owned(), sum)).collect();
    let mut kept = crate::select::largest_first(sums, |(_, sum): &(String, u64)| *sum);
    kept.truncate(MAX_SERIES);
    let kept: std::collections::BTreeSet<String> = kept.into_iter().map(|(hash, _)| hash).collect();
    for bucket in &mut buckets {
        let mut others = 0;
        bucket.visits.retain(|hash, visits| {
            let stays = kept.contains(hash);
            others += if stays { 0 } else { *visits };
            stays
        });
        if others > 0 {
            bucket.visits.insert(OTHER.to_owned(), others);
        }
    }
    buckets
}

/// Left out of JSON where there is nothing to tell.
pub(crate) fn is_none(folded: &u64) -> bool {
    *folded == 0
}

fn add<T: Row>(ours: T, theirs: T) -> T {
    let count = |row: &T| row.folded() + u64::from(!row.is_other());
    let folded = count(&ours) + count(&theirs);
    ours.fold(theirs, folded)
}

impl Row for ComponentVisits {
    fn is_other(&self) -> bool {
        self.component == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let visits = self.visits + other.visits;
        Self { component: OTHER.to_owned(), name: OTHER.to_owned(), visits, folded }
    }
}

impl Row for ComponentTime {
    fn is_other(&self) -> bool {
        self.component == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let visits = self.visits + other.visits;
        let total_ms = self.total_ms.saturating_add(other.total_ms);
        Self {
            component: OTHER.to_owned(),
            name: OTHER.to_owned(),
            visits,
            total_ms,
            average_ms: total_ms.checked_div(visits),
            // The medians of several components do not give the one of all.
            median_ms: None,
            p95_ms: None,
            folded,
        }
    }
}

impl Row for ComponentLoads {
    fn is_other(&self) -> bool {
        self.component == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let loads = self.loads + other.loads;
        let (component, name) = (OTHER.to_owned(), OTHER.to_owned());
        Self { component, name, loads, median_ms: None, p95_ms: None, folded }
    }
}

impl Row for ComponentErrors {
    fn is_other(&self) -> bool {
        self.component == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let errors = self.errors + other.errors;
        let (component, name) = (OTHER.to_owned(), OTHER.to_owned());
        Self { component, name, errors, latest: Vec::new(), folded }
    }
}

impl Row for Flow {
    fn is_other(&self) -> bool {
        self.from == OTHER && self.to == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let count = self.count + other.count;
        Self { from: OTHER.to_owned(), to: OTHER.to_owned(), count, folded }
    }
}

impl Row for PathStep {
    fn is_other(&self) -> bool {
        self.from == OTHER && self.to == OTHER
    }

    fn folded(&self) -> u64 {
        self.folded
    }

    fn fold(self, other: Self, folded: u64) -> Self {
        let sessions = self.sessions + other.sessions;
        let (from, to) = (OTHER.to_owned(), OTHER.to_owned());
        Self { step: self.step, from, to, sessions, folded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(component: &str, visits: u64) -> ComponentVisits {
        let component = component.to_owned();
        ComponentVisits { name: component.to_uppercase(), component, visits, folded: 0 }
    }

    #[test]
    fn what_is_beyond_the_limit_is_summed_and_counted() {
        let rows = |count: u64| (0..count).map(|n| row(&format!("c{n:04}"), 3)).collect::<Vec<_>>();
        let all = MAX_ROWS as u64;
        assert_eq!(bounded(rows(all)), rows(all));
        let bounded = bounded(rows(all + 2));
        assert_eq!(bounded.len(), MAX_ROWS + 1);
        let other = ComponentVisits { name: OTHER.into(), folded: 2, ..row(OTHER, 6) };
        assert_eq!(bounded.last(), Some(&other));
    }

    #[test]
    fn there_is_one_row_for_all_others() {
        let mut rows = vec![row(OTHER, 1_000)];
        rows.extend((0..MAX_ROWS).map(|n| row(&format!("c{n:04}"), 3)));
        let bounded = bounded(rows);
        assert_eq!(bounded.iter().filter(|row| row.is_other()).count(), 1);
        let last = bounded.last().unwrap();
        assert_eq!((last.visits, last.folded), (1_003, 1));
    }

    #[test]
    fn a_chart_tells_the_most_visited_components_apart() {
        let bucket = |start_ms| Bucket {
            start_ms,
            visits: (0..=MAX_SERIES as u64).map(|n| (format!("c{n:02}"), n + start_ms)).collect(),
            errors: 0,
        };
        let bounded = bounded_series(vec![bucket(1), bucket(2)]);
        assert!(bounded.iter().all(|bucket| bucket.visits.len() == MAX_SERIES + 1));
        assert_eq!(bounded[1].visits.get(OTHER), Some(&2));
        assert_eq!(bounded[1].visits.get("c00"), None);
    }
}
