//! How often each component was opened.

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range,
    select::{count, in_range, is_visit},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentVisits {
    /// The component's hash.
    pub component: String,
    pub name: String,
    pub visits: u64,
}

/// The visits of each component that has any.
#[must_use]
pub fn visits(records: &[Record], range: Range) -> Vec<ComponentVisits> {
    count(in_range(records, range).filter(|record| is_visit(record)))
}
