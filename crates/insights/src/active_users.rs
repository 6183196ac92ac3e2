//! How many people were here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range,
    select::{in_range, is_visit},
};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ActiveUsers {
    /// Distinct users with at least one visit.
    pub users: u64,
}

/// The distinct users with at least one visit in range.
#[must_use]
pub fn active_users(records: &[Record], range: Range) -> ActiveUsers {
    let users: BTreeSet<&str> = in_range(records, range)
        .filter(|record| is_visit(record))
        .map(|record| record.user_id.as_str())
        .collect();
    ActiveUsers { users: users.len() as u64 }
}
