//! What the answers have in common: picking events and counting them by component.

use std::{cmp::Reverse, collections::BTreeMap};

use tracking::{Event, Record};

use crate::{ComponentVisits, Range};

/// The order of events; see the crate's documentation.
fn order(record: &Record) -> (u64, u64, u128) {
    (record.timestamp.0, record.seq, record.event_id.0)
}

/// Puts events into their order: in one place, because the page pays for each copy of a sort.
pub(crate) fn in_order(events: &mut [&Record]) {
    events.sort_unstable_by_key(|record| order(record));
}

pub(crate) fn in_range(records: &[Record], range: Range) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |record| range.contains(record.timestamp.0))
}

pub(crate) fn is_visit(record: &Record) -> bool {
    matches!(record.event, Event::ComponentVisit { .. })
}

/// Whether the session's entry is one of its `events`. It is not when the session began before them.
pub(crate) fn has_entry(events: &[&Record]) -> bool {
    events.iter().any(|record| matches!(record.event, Event::ComponentVisit { is_entry: true, .. }))
}

/// Each session's chosen events of the range, in their order.
pub(crate) fn by_session(
    records: &[Record],
    range: Range,
    choose: impl Fn(&Record) -> bool,
) -> BTreeMap<&str, Vec<&Record>> {
    let mut sessions: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in in_range(records, range).filter(|record| choose(record)) {
        sessions.entry(record.session_id.as_str()).or_default().push(record);
    }
    for events in sessions.values_mut() {
        in_order(events);
    }
    sessions
}

/// How many of `records` each component has, most first; rows are not bounded.
pub(crate) fn count<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<ComponentVisits> {
    let mut components: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    for record in records {
        let entry = components.entry(&record.component.hash).or_default();
        entry.0 = entry.0.max(&record.component.name);
        entry.1 += 1;
    }
    let counts = components
        .into_iter()
        .map(|(component, (name, visits))| ComponentVisits {
            component: component.to_owned(),
            name: name.to_owned(),
            visits,
            folded: 0,
        })
        .collect();
    largest_first(counts, |entry: &ComponentVisits| entry.visits)
}

/// Largest first, equal ones in the order they come. Positions are sorted and not the items, so that
/// the page carries one sorting routine for all answers.
pub(crate) fn largest_first<T, K: Into<Size>>(items: Vec<T>, size: impl Fn(&T) -> K) -> Vec<T> {
    let mut order: Vec<(Reverse<Size>, usize)> =
        items.iter().enumerate().map(|(at, item)| (Reverse(size(item).into()), at)).collect();
    order.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, at)| items.get_mut(at)?.take()).collect()
}

/// One number, or one that decides before the other.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Size(u64, u64);

impl From<u64> for Size {
    fn from(size: u64) -> Self {
        Self(size, 0)
    }
}

impl From<(u64, u64)> for Size {
    fn from((first, second): (u64, u64)) -> Self {
        Self(first, second)
    }
}
