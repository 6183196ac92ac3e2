//! Where sessions end.

use tracking::Record;

use crate::{
    ComponentVisits, Range, bounded,
    select::{by_session, count, is_visit},
};

/// For each component, the sessions whose last visit in range is to it. A session that goes
/// on counts where it is at the end of the range.
#[must_use]
pub fn exit_points(records: &[Record], range: Range) -> Vec<ComponentVisits> {
    let sessions = by_session(records, range, is_visit);
    bounded(count(sessions.values().filter_map(|visits| visits.last().copied())))
}
