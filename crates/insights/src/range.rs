//! The stretch of time an answer is about.

use serde::{Deserialize, Serialize};

/// Half-open: an event at `to_ms` belongs to the next range. Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Range {
    pub from_ms: u64,
    pub to_ms: u64,
}

impl Range {
    /// Everything there is.
    pub const ALL: Self = Self { from_ms: 0, to_ms: u64::MAX };

    #[must_use]
    pub fn new(from_ms: u64, to_ms: u64) -> Self {
        Self { from_ms, to_ms }
    }

    #[must_use]
    pub fn contains(self, timestamp_ms: u64) -> bool {
        (self.from_ms..self.to_ms).contains(&timestamp_ms)
    }
}
