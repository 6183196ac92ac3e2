//! The range at a glance.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{Range, select::in_range};

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Summary {
    pub visits: u64,
    /// Distinct sessions with at least one visit.
    pub sessions: u64,
    /// Distinct users with at least one visit.
    pub users: u64,
    /// `component_error` events.
    pub errors: u64,
    /// Distinct components with at least one visit.
    pub components: u64,
    /// Sum of the durations of all exits: how long components were visible.
    pub total_ms: u64,
}

/// Counts over the whole range.
#[must_use]
pub fn summary(records: &[Record], range: Range) -> Summary {
    let mut summary = Summary::default();
    let (mut sessions, mut users, mut components) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for record in in_range(records, range) {
        match &record.event {
            Event::ComponentVisit { .. } => {
                summary.visits += 1;
                sessions.insert(record.session_id.as_str());
                users.insert(record.user_id.as_str());
                components.insert(record.component.hash.as_str());
            }
            Event::ComponentError { .. } => summary.errors += 1,
            Event::ComponentExit { duration_ms, .. } => {
                summary.total_ms = summary.total_ms.saturating_add(*duration_ms);
            }
            _ => {}
        }
    }
    summary.sessions = sessions.len() as u64;
    summary.users = users.len() as u64;
    summary.components = components.len() as u64;
    summary
}
