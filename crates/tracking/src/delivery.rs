//! Where sending stands: what is in flight, what holds the next request back.

use serde::Serialize;

use crate::{
    backoff::{self, HOLD_MS},
    outcome::Outcome,
    queue::BatchId,
    settings::Settings,
    time::{Now, Timestamp},
    tracker::Trouble,
};

/// A request without an answer for this long is given up, even if the shell forgot it. Above the
/// shell's own time limit of 10 s.
const GIVEN_UP_AFTER_MS: u64 = 15_000;

/// The latest failure of sending.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct LastError {
    pub text: &'static str,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// When, on the wall clock.
    pub at: Timestamp,
}

impl LastError {
    fn of(outcome: Outcome, at: Timestamp) -> Option<Self> {
        let (text, status) = match outcome {
            Outcome::Accepted => return None,
            Outcome::Rejected { status } => ("an event was refused", Some(status)),
            Outcome::Unauthorized { status } => ("the credentials were refused", Some(status)),
            Outcome::Retry { status, .. } => ("the server could not take events", Some(status)),
            Outcome::Intercepted { status } => ("something else answered for the server", status),
            Outcome::Unreachable => ("the server did not answer", None),
        };
        Some(Self { text, status, at })
    }
}

#[derive(Debug)]
struct Sent {
    id: BatchId,
    /// Counted against the budget of a hiding page; 0 for an ordinary request.
    bytes: usize,
    mono_ms: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// The one ordinary request in flight.
    in_flight: Option<Sent>,
    /// Last flushes of hidden pages: sent beside the ordinary request.
    farewells: Vec<Sent>,
    last_batch: u64,
    failures: u32,
    /// No request starts before: the pause between two.
    gap_until_mono_ms: u64,
    /// No request starts before, not even a hiding page's: something failed.
    hold_until_mono_ms: u64,
    /// The receiver asked for the hold: coming online does not end it, nor does another's success.
    asked_to_wait: bool,
    /// The oldest waiting event has waited since then.
    pub waiting_since_mono_ms: Option<u64>,
    /// Events in a batch at most, while a bad one is being isolated.
    pub isolate: Option<usize>,
    pub trouble: Option<Trouble>,
    pub last_error: Option<LastError>,
    pub paused: bool,
}

impl Delivery {
    /// A fresh start, but for the receiver's wishes. Batch ids go on, so that the answer to an old
    /// batch is not taken for a new one's.
    pub fn restart(&mut self) {
        *self = Self {
            last_batch: self.last_batch,
            gap_until_mono_ms: self.gap_until_mono_ms,
            hold_until_mono_ms: self.hold_until_mono_ms,
            asked_to_wait: self.asked_to_wait,
            ..Self::default()
        };
    }

    pub fn next_id(&mut self) -> BatchId {
        self.last_batch += 1;
        BatchId(self.last_batch)
    }

    pub fn is_busy(&self) -> bool {
        self.in_flight.is_some() || !self.farewells.is_empty()
    }

    pub fn is_held(&self, now: Now) -> bool {
        now.mono_ms < self.hold_until_mono_ms
    }

    pub fn farewell_bytes(&self) -> usize {
        self.farewells.iter().map(|sent| sent.bytes).sum()
    }

    pub fn started(&mut self, id: BatchId, now: Now, settings: &Settings) {
        self.in_flight = Some(Sent { id, bytes: 0, mono_ms: now.mono_ms });
        self.gap_until_mono_ms = now.mono_ms + settings.send_gap_ms;
        self.waiting_since_mono_ms = None;
    }

    pub fn said_farewell(&mut self, id: BatchId, bytes: usize, now: Now) {
        self.farewells.push(Sent { id, bytes, mono_ms: now.mono_ms });
    }

    /// False when the batch is not known (any more).
    pub fn answered(&mut self, id: BatchId) -> bool {
        if self.in_flight.as_ref().is_some_and(|sent| sent.id == id) {
            self.in_flight = None;
            return true;
        }
        let before = self.farewells.len();
        self.farewells.retain(|sent| sent.id != id);
        self.farewells.len() < before
    }

    /// Whatever they are answered, it does not concern us any more.
    pub fn forget_requests(&mut self) {
        self.in_flight = None;
        self.farewells.clear();
    }

    fn requests(&self) -> impl Iterator<Item = &Sent> {
        self.farewells.iter().chain(&self.in_flight)
    }

    /// A request that will never be answered.
    pub fn overdue(&self, now: Now) -> Option<BatchId> {
        let overdue = |sent: &&Sent| now.mono_ms >= sent.mono_ms + GIVEN_UP_AFTER_MS;
        self.requests().find(overdue).map(|sent| sent.id)
    }

    /// When the first of the requests in flight is given up.
    pub fn give_up_at_mono_ms(&self) -> Option<u64> {
        self.requests().map(|sent| sent.mono_ms + GIVEN_UP_AFTER_MS).min()
    }

    /// When `waiting` events may leave.
    pub fn due_at_mono_ms(&self, waiting: usize, now: Now, settings: &Settings) -> u64 {
        let since = self.waiting_since_mono_ms.unwrap_or(now.mono_ms);
        let full = waiting >= settings.batch_size;
        let patience = if full { 0 } else { settings.flush_interval_ms };
        since.saturating_add(patience).max(self.gap_until_mono_ms).max(self.hold_until_mono_ms)
    }

    /// What waits has waited long enough, and leaves as soon as it may.
    pub fn hurry(&mut self, now: Now, settings: &Settings) {
        self.waiting_since_mono_ms = Some(now.mono_ms.saturating_sub(settings.flush_interval_ms));
    }

    /// The receiver is there and answers.
    pub fn recovered(&mut self, now: Now) {
        self.failures = 0;
        self.trouble = None;
        if !self.asked_to_wait || !self.is_held(now) {
            self.hold_until_mono_ms = 0;
            self.asked_to_wait = false;
        }
    }

    pub fn note_error(&mut self, outcome: Outcome, now: Now) {
        self.last_error = LastError::of(outcome, now.wall).or(self.last_error);
    }

    /// Holds everything back for a while, new events too.
    pub fn failed(&mut self, outcome: Outcome, random: u128, now: Now) {
        self.failures = self.failures.saturating_add(1);
        let mut asked = false;
        let wait_ms = match outcome {
            Outcome::Unauthorized { .. } => HOLD_MS,
            Outcome::Retry { retry_after_ms: Some(ms), .. } => {
                asked = true;
                backoff::after_retry_after_ms(ms, random)
            }
            Outcome::Retry { retry_after_ms: None, .. }
            | Outcome::Intercepted { .. }
            | Outcome::Unreachable
            | Outcome::Accepted
            | Outcome::Rejected { .. } => backoff::wait_ms(self.failures, random),
        };
        self.asked_to_wait = asked || (self.asked_to_wait && self.is_held(now));
        self.hold_until_mono_ms = self.hold_until_mono_ms.max(now.mono_ms + wait_ms);
        self.trouble = Some(Trouble { outcome, next_try_mono_ms: self.hold_until_mono_ms });
    }

    /// Try at once, unless the receiver asked for patience.
    pub fn wake(&mut self, now: Now) {
        if !self.asked_to_wait || !self.is_held(now) {
            self.hold_until_mono_ms = 0;
        }
    }
}
