//! The two clocks, always handed in.

use serde::{Deserialize, Serialize};

/// Wall clock: milliseconds since 1970-01-01 UTC. Says *when*; may jump either way.
///
/// An integer throughout: nanoseconds derived from a float lose digits past 2^53.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Nanoseconds, Loki's unit.
    #[must_use]
    pub fn as_nanos(self) -> u64 {
        self.0.saturating_mul(1_000_000)
    }

    /// The UTC hour, counted since 1970.
    #[must_use]
    pub fn hour(self) -> u64 {
        self.0 / (60 * 60 * 1000)
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Now {
    pub wall: Timestamp,
    /// Monotonic milliseconds since an arbitrary start. Says *how long*; never runs backwards.
    pub mono_ms: u64,
}
