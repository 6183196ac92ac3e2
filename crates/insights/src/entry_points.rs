//! Where sessions begin.

use tracking::{Event, Record};

use crate::{ComponentVisits, Range, bounded, select};

/// The visits marked `is_entry` of each component that has any. A session whose first visit lies
/// before the range adds none.
#[must_use]
pub fn entry_points(records: &[Record], range: Range) -> Vec<ComponentVisits> {
    bounded(select::count(
        select::in_range(records, range)
            .filter(|record| matches!(record.event, Event::ComponentVisit { is_entry: true, .. })),
    ))
}
