//! From where to where people go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record, event::EXIT};

use crate::{
    Range, bounded, rows,
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
    /// How many flows are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

impl Flow {
    /// Whether it leads from or to one of `components`; also when there are none.
    #[must_use]
    pub fn touches(&self, components: &[String]) -> bool {
        components.is_empty() || components.contains(&self.from) || components.contains(&self.to)
    }
}

/// Every visit is one step from its `prev_component` to its component. Each session adds one step
/// from the component of its last visit in range to `(exit)`. Most first, then by `from`, `to`. With
/// components `around`, only the steps from or to one of these.
#[must_use]
pub fn journey(records: &[Record], range: Range, around: &[String]) -> Vec<Flow> {
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
        .map(|((from, to), count)| Flow {
            from: from.to_owned(),
            to: to.to_owned(),
            count,
            folded: 0,
        })
        .filter(|flow| flow.touches(around))
        .collect();
    bounded(largest_first(flows, |entry: &Flow| entry.count))
}
