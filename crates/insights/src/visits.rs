//! How often each component was opened.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range, bounded, rows,
    select::{count, in_range, is_visit},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentVisits {
    /// The component's hash.
    pub component: String,
    pub name: String,
    pub visits: u64,
    /// How many components are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

/// A component that people can open, as the registry lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownComponent {
    pub hash: String,
    pub name: String,
}

/// The visits of each component that has any, and a row without visits for each `known` component that
/// has none.
#[must_use]
pub fn visits(records: &[Record], range: Range, known: &[KnownComponent]) -> Vec<ComponentVisits> {
    with_unvisited(count(in_range(records, range).filter(|record| is_visit(record))), known)
}

/// `visits`, which are in their order, and behind them the `known` components that nobody visited.
#[must_use]
pub fn with_unvisited(
    mut visits: Vec<ComponentVisits>,
    known: &[KnownComponent],
) -> Vec<ComponentVisits> {
    let visited: BTreeSet<&str> = visits.iter().map(|row| row.component.as_str()).collect();
    let mut unvisited: Vec<(&str, &str)> = known
        .iter()
        .map(|known| (known.hash.as_str(), known.name.as_str()))
        .filter(|(hash, _)| !visited.contains(hash))
        .collect();
    unvisited.sort_unstable();
    unvisited.dedup_by_key(|(hash, _)| *hash);
    let row = |(hash, name): (&str, &str)| ComponentVisits {
        component: hash.to_owned(),
        name: name.to_owned(),
        visits: 0,
        folded: 0,
    };
    let unvisited: Vec<_> = unvisited.into_iter().map(row).collect();
    visits.extend(unvisited);
    bounded(visits)
}
