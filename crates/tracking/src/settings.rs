//! How the tracker behaves: every knob with its unit and its default.

use crate::scrub::Private;

/// Numbers and names a deployment may change. Read once, at start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Value of Loki's `job` label.
    pub job: String,
    pub labels: LabelMode,
    /// A batch leaves as soon as this many events wait ...
    pub batch_size: usize,
    /// ... or when the oldest has waited this long.
    pub flush_interval_ms: u64,
    /// Pause between the starts of two requests, so that a burst or a backlog becomes few large requests.
    pub send_gap_ms: u64,
    /// Upper bound of one request's body.
    pub max_batch_bytes: usize,
    /// Bounds of the queue; beyond either the oldest events are dropped and counted.
    pub max_queue_events: usize,
    pub max_queue_bytes: usize,
    /// What is taken out of error texts and URLs beside the rules of [`scrub`](crate::scrub).
    pub scrub: Vec<Private>,
}

/// Where `user_id` and `session_id` stand in a push request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LabelMode {
    /// In structured metadata (Loki 3): a few dozen streams for any number of users.
    Metadata,
    /// As labels, for Loki older than 3.0: a stream for each session, event and component.
    Stream,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            job: "clm-frontend".to_owned(),
            labels: LabelMode::Metadata,
            batch_size: 10,
            flush_interval_ms: 5_000,
            send_gap_ms: 2_500,
            max_batch_bytes: 512 * 1024,
            max_queue_events: 5_000,
            // localStorage holds 5 M UTF-16 units for the whole origin.
            max_queue_bytes: 2 * 1024 * 1024,
            scrub: Vec::new(),
        }
    }
}

/// A session ends after this long without a sign of life, as Faro's does.
pub const SESSION_IDLE_MS: u64 = 15 * 60 * 1000;
/// A session ends after this long in any case.
pub const SESSION_MAX_MS: u64 = 4 * 60 * 60 * 1000;
/// Signals kept in memory until there is an answer about consent.
pub const MAX_PENDING: usize = 50;
/// Bytes that may be in flight when the page hides. Browsers stop at 65,536 for all keepalive requests together.
pub const HIDE_BUDGET_BYTES: usize = 60_000;
