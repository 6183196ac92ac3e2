//! From where to where people go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record, event::EXIT};

use crate::{
    Range,
    select::{by_session, is_visit, largest_first},
};

/// One edge of the flow diagram.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Flow {
    /// A component's hash, or `(entry)`.
    pub from: String,
    /// A component's hash, or `(exit)`.
    pub to: String,
    pub count: u64,
}

/// Every visit is one step from its `prev_component` to its component. Each session adds one step
/// from the component of its last visit in range to `(exit)`. Most first, then by `from`, `to`.
#[must_use]
pub fn journey(records: &[Record], range: Range) -> Vec<Flow> {
    let mut flows: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for visits in by_session(records, range, is_visit).into_values() {
        for visit in &visits {
            if let Event::ComponentVisit { prev_component, .. } = &visit.event {
                *flows.entry((prev_component, &visit.component.hash)).or_default() += 1;
            }
        }
        if let Some(last) = visits.last() {
            *flows.entry((&last.component.hash, EXIT)).or_default() += 1;
        }
    }
    let flows = flows
        .into_iter()
        .map(|((from, to), count)| Flow { from: from.to_owned(), to: to.to_owned(), count })
        .collect();
    largest_first(flows, |entry: &Flow| entry.count)
}
