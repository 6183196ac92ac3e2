//! What goes wrong, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{
    Range, bounded, rows,
    select::{in_order, in_range, largest_first},
};

/// How many messages [`ComponentErrors::latest`] holds at most.
const MESSAGES: usize = 5;
/// The latest errors of a component, whose messages are compared.
pub const RECENT: usize = 100;

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentErrors {
    /// The component's hash.
    pub component: String,
    pub name: String,
    pub errors: u64,
    /// The different messages of its [`RECENT`] latest errors, newest first, at most five.
    pub latest: Vec<ErrorMessage>,
    /// How many components are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ErrorMessage {
    pub message: String,
    /// How many of the component's [`RECENT`] latest errors have it.
    pub errors: u64,
}

/// The different messages of the first [`RECENT`] of `newest_first`.
#[must_use]
pub fn messages<'a>(newest_first: impl IntoIterator<Item = &'a str>) -> Vec<ErrorMessage> {
    let mut latest: Vec<ErrorMessage> = Vec::new();
    for message in newest_first.into_iter().take(RECENT) {
        if let Some(known) = latest.iter_mut().find(|known| known.message == message) {
            known.errors += 1;
        } else {
            latest.push(ErrorMessage { message: message.to_owned(), errors: 1 });
        }
    }
    latest.truncate(MESSAGES);
    latest
}

#[derive(Default)]
struct Failed<'a> {
    name: &'a str,
    newest_first: Vec<&'a str>,
}

/// The errors of each component that has any.
#[must_use]
pub fn errors(records: &[Record], range: Range) -> Vec<ComponentErrors> {
    let mut failed: Vec<&Record> = in_range(records, range)
        .filter(|record| matches!(record.event, Event::ComponentError { .. }))
        .collect();
    in_order(&mut failed);
    let mut components: BTreeMap<&str, Failed<'_>> = BTreeMap::new();
    for record in failed.into_iter().rev() {
        let Event::ComponentError { error_message, .. } = &record.event else { continue };
        let component = components.entry(&record.component.hash).or_default();
        component.name = component.name.max(&record.component.name);
        component.newest_first.push(error_message);
    }
    let components = components
        .into_iter()
        .map(|(component, Failed { name, newest_first })| ComponentErrors {
            component: component.to_owned(),
            name: name.to_owned(),
            errors: newest_first.len() as u64,
            latest: messages(newest_first),
            folded: 0,
        })
        .collect();
    bounded(largest_first(components, |entry: &ComponentErrors| entry.errors))
}
