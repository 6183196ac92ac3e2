//! Visits and errors over time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{Range, bounded_series, select::in_range};

/// More buckets than this are no chart any more.
pub const MAX_BUCKETS: u64 = 2_000;

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bucket {
    pub start_ms: u64,
    /// Visits by component hash; components without any are left out, and those that are not among the
    /// most visited of all buckets are summed as [`OTHER`](crate::OTHER).
    pub visits: BTreeMap<String, u64>,
    /// `component_error` events.
    pub errors: u64,
}

/// Where each bucket that overlaps the range begins: at multiples of `bucket_ms` since 1970, so the
/// first may begin before the range. `None` when `bucket_ms` is 0 or there would be more than
/// [`MAX_BUCKETS`].
#[must_use]
pub fn bucket_starts(range: Range, bucket_ms: u64) -> Option<Vec<u64>> {
    if range.from_ms >= range.to_ms {
        return (bucket_ms > 0).then(Vec::new);
    }
    let first = range.from_ms.checked_div(bucket_ms)?;
    let last = (range.to_ms - 1).checked_div(bucket_ms)?;
    (last - first < MAX_BUCKETS).then(|| (first..=last).map(|n| n * bucket_ms).collect())
}

/// One bucket after the other, empty ones too. Nothing when [`bucket_starts`] is `None`.
#[must_use]
pub fn popularity(records: &[Record], range: Range, bucket_ms: u64) -> Vec<Bucket> {
    let mut buckets: BTreeMap<u64, Bucket> = bucket_starts(range, bucket_ms)
        .unwrap_or_default()
        .into_iter()
        .map(|start_ms| (start_ms, Bucket { start_ms, ..Bucket::default() }))
        .collect();
    for record in in_range(records, range) {
        let at = record.timestamp.0;
        let Some(bucket) = at.checked_rem(bucket_ms).and_then(|rest| buckets.get_mut(&(at - rest)))
        else {
            continue;
        };
        match record.event {
            Event::ComponentVisit { .. } => {
                *bucket.visits.entry(record.component.hash.clone()).or_default() += 1;
            }
            Event::ComponentError { .. } => bucket.errors += 1,
            _ => {}
        }
    }
    bounded_series(buckets.into_values().collect())
}
