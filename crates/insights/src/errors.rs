//! What goes wrong, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{
    Range,
    select::{in_order, in_range, largest_first},
};

/// How many messages [`ComponentErrors::latest`] holds at most.
pub const LATEST: usize = 5;

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentErrors {
    /// The component's hash.
    pub component: String,
    pub name: String,
    pub errors: u64,
    /// The messages of the [`LATEST`] latest errors, newest first.
    pub latest: Vec<String>,
}

/// The errors of each component that has any.
#[must_use]
pub fn errors(records: &[Record], range: Range) -> Vec<ComponentErrors> {
    let mut failed: Vec<&Record> = in_range(records, range)
        .filter(|record| matches!(record.event, Event::ComponentError { .. }))
        .collect();
    in_order(&mut failed);
    let mut components: BTreeMap<&str, ComponentErrors> = BTreeMap::new();
    for record in failed.into_iter().rev() {
        let Event::ComponentError { error_message, .. } = &record.event else { continue };
        let component =
            components.entry(&record.component.hash).or_insert_with(|| ComponentErrors {
                component: record.component.hash.clone(),
                name: String::new(),
                errors: 0,
                latest: Vec::new(),
            });
        component.errors += 1;
        if component.name < record.component.name {
            component.name.clone_from(&record.component.name);
        }
        if component.latest.len() < LATEST {
            component.latest.push(error_message.clone());
        }
    }
    let components = components.into_values().collect();
    largest_first(components, |entry: &ComponentErrors| entry.errors)
}
