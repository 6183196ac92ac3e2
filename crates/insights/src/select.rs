//! What the answers have in common: picking events and counting them by component.

use std::{cmp::Reverse, collections::BTreeMap};

use tracking::{Event, Record};

use crate::{ComponentVisits, Range};

/// The order of events; see the crate's documentation.
pub(crate) fn order(record: &Record) -> (u64, u64, u128) {
    (record.timestamp.0, record.seq, record.event_id.0)
}

pub(crate) fn in_range(records: &[Record], range: Range) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |record| range.contains(record.timestamp.0))
}

pub(crate) fn is_visit(record: &Record) -> bool {
    matches!(record.event, Event::ComponentVisit { .. })
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
        events.sort_by_key(|record| order(record));
    }
    sessions
}

/// How many of `records` each component has, most first.
pub(crate) fn count<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<ComponentVisits> {
    let mut components: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    for record in records {
        let entry = components.entry(&record.component.hash).or_default();
        entry.0 = entry.0.max(&record.component.name);
        entry.1 += 1;
    }
    let mut counts: Vec<_> = components
        .into_iter()
        .map(|(component, (name, visits))| ComponentVisits {
            component: component.to_owned(),
            name: name.to_owned(),
            visits,
        })
        .collect();
    counts.sort_by_key(|entry| Reverse(entry.visits));
    counts
}
