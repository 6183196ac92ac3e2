//! Where sessions end.

use tracking::Record;

use crate::{
    ComponentVisits, Range,
    select::{by_session, count, is_visit},
};

/// For each component, the sessions whose last visit in range is to it. A session that is still
/// going on counts where it is now.
#[must_use]
pub fn exit_points(records: &[Record], range: Range) -> Vec<ComponentVisits> {
    let sessions = by_session(records, range, is_visit);
    count(sessions.values().filter_map(|visits| visits.last().copied()))
}
