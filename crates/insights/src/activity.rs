//! What happened when, in stretches that the asker cuts: its days may have 23 or 25 hours.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{Range, select::in_range};

/// More stretches than this are no chart any more.
pub const MAX_STARTS: usize = 400;

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Activity {
    pub start_ms: u64,
    pub visits: u64,
    /// `component_error` events.
    pub errors: u64,
    /// Distinct sessions with a visit.
    pub sessions: u64,
    /// Distinct users with a visit.
    pub users: u64,
}

/// The stretches from each of `starts`, which rise, to the next, and from the last to the end of the
/// range. What lies before the first is left out.
#[must_use]
pub fn stretches(range: Range, starts: &[u64]) -> Vec<Range> {
    let ends = starts.iter().skip(1).copied().chain([range.to_ms]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| Range::new(start.max(range.from_ms), end.min(range.to_ms)))
        .collect()
}

/// One answer for each of [`stretches`], empty ones too.
#[must_use]
pub fn activity(records: &[Record], range: Range, starts: &[u64]) -> Vec<Activity> {
    let count = |(&start_ms, stretch): (&u64, Range)| {
        let mut activity = Activity { start_ms, ..Activity::default() };
        let (mut sessions, mut users) = (BTreeSet::new(), BTreeSet::new());
        for record in in_range(records, stretch) {
            match record.event {
                Event::ComponentVisit { .. } => {
                    activity.visits += 1;
                    sessions.insert(record.session_id.as_str());
                    users.insert(record.user_id.as_str());
                }
                Event::ComponentError { .. } => activity.errors += 1,
                _ => {}
            }
        }
        activity.sessions = sessions.len() as u64;
        activity.users = users.len() as u64;
        activity
    };
    starts.iter().zip(stretches(range, starts)).map(count).collect()
}
