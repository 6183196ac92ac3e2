//! How many sessions looked at one component and left.

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range,
    select::{by_session, has_entry, is_visit},
};

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bounce {
    /// Sessions with at least one visit in range.
    pub sessions: u64,
    /// Of these, the ones with exactly one, which is their entry: who came in before the range has looked
    /// at more.
    pub bounced: u64,
}

/// Sessions, and those that had exactly one visit at the end of the range.
#[must_use]
pub fn bounce(records: &[Record], range: Range) -> Bounce {
    let sessions = by_session(records, range, is_visit);
    Bounce {
        sessions: sessions.len() as u64,
        bounced: sessions.values().filter(|visits| visits.len() == 1 && has_entry(visits)).count()
            as u64,
    }
}
