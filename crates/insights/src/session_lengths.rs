//! How long sessions are.

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range, percentile,
    select::{by_session, has_entry},
};

/// Where each bin begins: 0 s, 10 s, 30 s, 1 min, 3 min, 10 min, 30 min, 1 h.
pub const LENGTHS_MS: [u64; 8] =
    [0, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000, 3_600_000];

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionLengths {
    pub median_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    /// Sessions by length, one count for each of [`LENGTHS_MS`]; the last bin has no end.
    pub sessions: Vec<u64>,
}

impl SessionLengths {
    #[must_use]
    pub fn of(mut lengths_ms: Vec<u64>) -> Self {
        let mut sessions = vec![0; LENGTHS_MS.len()];
        for length in &lengths_ms {
            let bin = LENGTHS_MS.iter().rposition(|start| start <= length).unwrap_or(0);
            sessions[bin] += 1;
        }
        Self {
            median_ms: percentile(&mut lengths_ms, 50),
            p95_ms: percentile(&mut lengths_ms, 95),
            sessions,
        }
    }
}

/// From the first to the last event in range, of each session that has its entry there: how long those
/// took that began before the range is not in it.
#[must_use]
pub fn session_lengths(records: &[Record], range: Range) -> SessionLengths {
    let lengths = by_session(records, range, |_| true)
        .into_values()
        .filter(|events| has_entry(events))
        .filter_map(|events| Some(events.last()?.timestamp.0 - events.first()?.timestamp.0))
        .collect();
    SessionLengths::of(lengths)
}
