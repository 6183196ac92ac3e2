//! How long components take to load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record, event::COMPONENT_LOADED};

use crate::{
    Range, bounded, percentile, rows,
    select::{in_range, largest_first},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentLoads {
    /// The component's hash.
    pub component: String,
    pub name: String,
    /// Successful loads.
    pub loads: u64,
    /// Over the loads that say how long they took; none when none does.
    pub median_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    /// How many components are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

/// The `component_loaded` interactions of each component that has any.
#[must_use]
pub fn loads(records: &[Record], range: Range) -> Vec<ComponentLoads> {
    let mut components: BTreeMap<&str, (&str, u64, Vec<u64>)> = BTreeMap::new();
    for record in in_range(records, range) {
        if let Event::ComponentInteraction { interaction_type, load_time_ms, .. } = &record.event
            && interaction_type == COMPONENT_LOADED
        {
            let (name, loads, times_ms) = components.entry(&record.component.hash).or_default();
            *name = (*name).max(&record.component.name);
            *loads += 1;
            times_ms.extend(load_time_ms);
        }
    }
    let components = components
        .into_iter()
        .map(|(component, (name, loads, mut times_ms))| ComponentLoads {
            component: component.to_owned(),
            name: name.to_owned(),
            loads,
            median_ms: percentile(&mut times_ms, 50),
            p95_ms: percentile(&mut times_ms, 95),
            folded: 0,
        })
        .collect();
    bounded(largest_first(components, |entry: &ComponentLoads| entry.loads))
}
