//! The tracker: the gate of consent in front, the way out behind.

use std::collections::VecDeque;

use serde::Serialize;

use crate::{
    delivery::Delivery,
    encode,
    event::{DropReason, name},
    frozen::Frozen,
    id::{EventId, SessionId, UserId},
    loki::PushRequest,
    outcome::Outcome,
    queue::{BatchId, Queue, StorageOp, Taken},
    recorder::{BeforeRecord, Random, Recorder},
    session::StoredSession,
    settings::{HIDE_BUDGET_BYTES, MAX_PENDING, Settings},
    signal::Signal,
    stats::{Snapshot, Stats},
    time::Now,
};

/// Batches that are accepted while a bad event is isolated double up to this size, then the limit is lifted.
const ISOLATED_BELOW: usize = 1_000;

/// Whether the person has agreed to be tracked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// No answer yet: a few signals wait in memory, without any id.
    #[default]
    Pending,
    Denied,
    Granted,
}

impl Consent {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Denied => "denied",
            Self::Granted => "granted",
        }
    }
}

/// Who is tracked from now on; made by the shell when consent is given.
pub struct Identity {
    pub user_id: UserId,
    /// The session that this browser's tabs share, if there is one.
    pub session: Option<StoredSession>,
    /// Prefix of the storage keys under which this tab keeps its queue.
    pub queue_prefix: String,
    pub random: Random,
}

/// What the shell should do next.
#[derive(Debug)]
pub enum Poll {
    Send(Batch),
    /// Nothing to do before this reading of the monotonic clock, unless a signal comes.
    WaitUntil(u64),
    Idle,
}

/// Events that travel together.
#[derive(Clone, Debug)]
pub struct Batch {
    pub id: BatchId,
    pub records: Vec<Frozen>,
}

impl Batch {
    /// The body to send, in Loki's push format.
    #[must_use]
    pub fn push_request<'a>(&'a self, settings: &'a Settings, now: Now) -> PushRequest<'a> {
        encode::push_request(&self.records, &settings.job, settings.labels, now.wall)
    }

    /// [`Self::push_request`] as JSON; what a page sends.
    #[must_use]
    pub fn body(&self, settings: &Settings, now: Now) -> String {
        encode::body(&self.records, &settings.job, settings.labels, now.wall)
    }
}

/// Why events wait although they could leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trouble {
    pub outcome: Outcome,
    /// When the next try is due, on the monotonic clock.
    pub next_try_mono_ms: u64,
}

/// The state machine. Without consent there is no [`Recorder`], so nothing exists that could be
/// stored or sent.
#[derive(Default)]
pub struct Tracker {
    settings: Settings,
    /// Waits here for a recorder; the recorder's while there is one.
    before_record: Option<BeforeRecord>,
    consent: Consent,
    pending: VecDeque<(Signal, Now)>,
    recorder: Option<Recorder>,
    delivery: Delivery,
    stats: Stats,
}

impl Tracker {
    #[must_use]
    pub fn new(settings: Settings, consent: Consent) -> Self {
        // Granted is reached through `grant`, which brings the identity along.
        let consent = if consent == Consent::Denied { consent } else { Consent::Pending };
        Self { settings, consent, ..Self::default() }
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Settings that came later than the first signals.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
        if let Some(recorder) = &mut self.recorder {
            recorder.configure(&self.settings);
        }
    }

    /// Lets an embedder change or drop events before they are frozen, as `beforeSend` does elsewhere.
    /// It sees every event and must not take long. A dropped one is counted as
    /// [`DropReason::Filtered`].
    ///
    /// ```
    /// use tracking::{Event, Tracker};
    ///
    /// let mut tracker = Tracker::default();
    /// tracker.set_before_record(Box::new(|component, mut event| {
    ///     if let Event::ComponentError { error_stack, .. } = &mut event {
    ///         error_stack.clear();
    ///     }
    ///     (component.hash != "private").then_some(event)
    /// }));
    /// ```
    pub fn set_before_record(&mut self, hook: BeforeRecord) {
        let place = match &mut self.recorder {
            Some(recorder) => &mut recorder.before_record,
            None => &mut self.before_record,
        };
        *place = Some(hook);
    }

    #[must_use]
    pub fn consent(&self) -> Consent {
        self.consent
    }

    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Signals that wait for an answer about consent.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Events recorded and not yet accepted.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.recorder.as_ref().map_or(0, |recorder| recorder.queue.len())
    }

    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.recorder.as_ref().map_or(0, |recorder| recorder.queue.bytes())
    }

    /// Queued events that are in memory only.
    #[must_use]
    pub fn unstored(&self) -> usize {
        self.recorder.as_ref().map_or(0, |recorder| recorder.queue.unstored())
    }

    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.delivery.trouble
    }

    #[must_use]
    pub fn user_id(&self) -> Option<&UserId> {
        self.recorder.as_ref().map(Recorder::user_id)
    }

    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.recorder.as_ref().and_then(Recorder::session_id)
    }

    /// The latest records, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Frozen> {
        self.recorder.iter().flat_map(|recorder| &recorder.recent)
    }

    /// Each event that is not yet accepted, and whether it is on its way.
    pub fn places(&self) -> impl Iterator<Item = (EventId, bool)> {
        self.recorder.iter().flat_map(|recorder| recorder.queue.places())
    }

    /// The person agrees: what waited is recorded, each at its own time.
    pub fn grant(&mut self, identity: Identity, now: Now) {
        if self.recorder.is_some() {
            return;
        }
        let Identity { user_id, session, queue_prefix, random } = identity;
        let mut recorder = Recorder::new(user_id, random, Queue::new(queue_prefix));
        recorder.before_record = self.before_record.take();
        recorder.configure(&self.settings);
        let pending = std::mem::take(&mut self.pending);
        let earliest = pending.front().map_or(now, |(_, at)| *at);
        if let Some(session) = session {
            recorder.adopt_session(session, earliest, &mut self.stats);
        }
        for (signal, at) in pending {
            recorder.record(signal, at, &mut self.stats);
        }
        self.recorder = Some(recorder);
        self.consent = Consent::Granted;
        self.note_waiting(now);
    }

    /// The person does not agree, or no longer does. Everything is destroyed; the shell wipes its
    /// storage and aborts what is in flight.
    pub fn revoke(&mut self) {
        self.consent = Consent::Denied;
        self.pending.clear();
        self.before_record = self
            .recorder
            .take()
            .and_then(|recorder| recorder.before_record)
            .or(self.before_record.take());
        self.stats = Stats::default();
        self.delivery.restart();
    }

    /// The person's answer is gone: everything is destroyed, as by [`Self::revoke`], and signals wait for a new one.
    pub fn ask_again(&mut self) {
        self.revoke();
        self.consent = Consent::Pending;
    }

    pub fn record(&mut self, signal: Signal, now: Now) {
        match (&mut self.recorder, self.consent) {
            (Some(recorder), _) => recorder.record(signal, now, &mut self.stats),
            (None, Consent::Pending) => self.wait_for_answer(signal, now),
            (None, Consent::Denied | Consent::Granted) => {}
        }
        self.note_waiting(now);
    }

    fn wait_for_answer(&mut self, signal: Signal, now: Now) {
        let was_alive = matches!(self.pending.back(), Some((Signal::Alive, _)));
        if was_alive && matches!(signal, Signal::Alive) {
            self.pending.pop_back();
        }
        if self.pending.len() == MAX_PENDING {
            // A component that says much must not push out the visits.
            let noise = self.pending.iter().position(|(signal, _)| signal.is_of_component());
            self.pending.remove(noise.unwrap_or(0));
            self.stats.drop_events(DropReason::PendingFull, 1);
        }
        self.pending.push_back((signal, now));
    }

    /// True when the next sign of life would start a session. The shell then hands in what the tabs
    /// share, if there is something, so that they do not start one each.
    #[must_use]
    pub fn wants_session(&self, now: Now) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| recorder.wants_session(now))
    }

    pub fn adopt_session(&mut self, stored: StoredSession, now: Now) {
        if let Some(recorder) = &mut self.recorder {
            recorder.adopt_session(stored, now, &mut self.stats);
        }
    }

    #[must_use]
    pub fn stored_session(&self) -> Option<StoredSession> {
        self.recorder.as_ref().and_then(Recorder::stored_session)
    }

    /// Takes over a stored chunk of events that no living tab owns.
    pub fn adopt_chunk(&mut self, key: &str, value: &str, now: Now) {
        if let Some(recorder) = &mut self.recorder {
            recorder.adopt_chunk(key, value, &mut self.stats);
        }
        self.note_waiting(now);
    }

    /// The page was asleep and others may have taken over what it had stored: it forgets that, without
    /// touching storage, keeps what was never stored, and writes under `queue_prefix` from now on.
    pub fn hand_over(&mut self, queue_prefix: String) {
        if let Some(recorder) = &mut self.recorder {
            recorder.queue.hand_over(queue_prefix);
            self.delivery.forget_requests();
        }
    }

    /// What storage has to learn since the last call.
    pub fn storage_ops(&mut self) -> Vec<StorageOp> {
        self.recorder.as_mut().map_or_else(Vec::new, |recorder| recorder.queue.storage_ops())
    }

    /// Storage refused to write `key`.
    pub fn storage_failed(&mut self, key: &str) {
        if let Some(recorder) = &mut self.recorder {
            recorder.queue.storage_failed(key);
        }
    }

    /// Lets an operator stop sending; recording goes on.
    pub fn pause(&mut self, paused: bool) {
        self.delivery.paused = paused;
    }

    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.delivery.paused
    }

    /// Lets an operator drop what waits, also what is stored of it; each event counts as
    /// [`DropReason::Forgotten`]. What is in flight stays: its answer may be on the way.
    pub fn forget(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.queue.forget(&mut self.stats);
        }
    }

    /// The network is back: try at once, unless the receiver asked for patience.
    pub fn wake(&mut self, now: Now) {
        self.delivery.wake(now);
    }

    /// The next step. To be called after every signal and answer, and when the wait is over.
    pub fn poll(&mut self, now: Now) -> Poll {
        if let Some(batch) = self.delivery.overdue(now) {
            self.settle(batch, Outcome::Unreachable, now);
        }
        let Some(recorder) = &mut self.recorder else { return Poll::Idle };
        recorder.end_idle_stretch(now, &mut self.stats);
        let idle_at = recorder.idle_at_mono_ms();
        let wait = |until: Option<u64>| match (until, idle_at) {
            (Some(a), Some(b)) => Poll::WaitUntil(a.min(b)),
            (Some(at), None) | (None, Some(at)) => Poll::WaitUntil(at),
            (None, None) => Poll::Idle,
        };
        if self.delivery.is_busy() {
            return wait(self.delivery.give_up_at_mono_ms());
        }
        let waiting = recorder.queue.waiting();
        if waiting == 0 || self.delivery.paused {
            return wait(None);
        }
        self.delivery.waiting_since_mono_ms.get_or_insert(now.mono_ms);
        let due_at = self.delivery.due_at_mono_ms(waiting, now, &self.settings);
        if now.mono_ms < due_at {
            return wait(Some(due_at));
        }
        let id = self.delivery.next_id();
        let max_events = self.delivery.isolate.unwrap_or(usize::MAX);
        let mut records =
            recorder.queue.take(id, max_events, self.settings.max_batch_bytes).records;
        if records.is_empty() {
            // Larger than a batch may be, alone: the receiver has the last word.
            records = recorder.queue.take(id, 1, usize::MAX).records;
        }
        self.delivery.started(id, now, &self.settings);
        Poll::Send(Batch { id, records })
    }

    /// The page hides: one last batch of what waits, small enough for a request that outlives the
    /// page. `None` when there is nothing, no room, or a receiver that wants to be left alone.
    pub fn farewell(&mut self, now: Now) -> Option<Batch> {
        // What this page would report later may otherwise never be told.
        self.report_drops(now);
        let recorder = self.recorder.as_mut()?;
        recorder.queue.retry_storage();
        if self.delivery.is_held(now) || self.delivery.paused {
            return None;
        }
        let room = HIDE_BUDGET_BYTES.saturating_sub(self.delivery.farewell_bytes());
        let id = self.delivery.next_id();
        let max_events = self.delivery.isolate.unwrap_or(usize::MAX);
        let Taken { records, bytes } = recorder.queue.take(id, max_events, room);
        if records.is_empty() {
            return None;
        }
        self.delivery.said_farewell(id, bytes, now);
        Some(Batch { id, records })
    }

    /// The answer to a batch. One that is not known (any more) is ignored.
    pub fn settle(&mut self, batch: BatchId, outcome: Outcome, now: Now) {
        let Some(recorder) = &mut self.recorder else { return };
        if !self.delivery.answered(batch) {
            return;
        }
        self.delivery.note_error(outcome, now);
        match outcome {
            Outcome::Accepted => {
                self.stats.sent += recorder.queue.finish(batch).len() as u64;
                self.stats.batches_sent += 1;
                self.delivery.recovered(now);
                if let Some(size) = self.delivery.isolate {
                    self.delivery.isolate = Some(size * 2).filter(|size| *size <= ISOLATED_BELOW);
                    self.delivery.hurry(now, &self.settings);
                }
                self.report_drops(now);
            }
            Outcome::Rejected { .. } => {
                // Half as many next time, until the one that will never be taken stands alone.
                let size = recorder.queue.count_in(batch);
                if size > 1 {
                    recorder.queue.put_back(batch, &mut self.stats);
                    self.delivery.isolate = Some(size / 2);
                }
                for bad in recorder.queue.finish(batch) {
                    // A refused report is not reported: that would never end.
                    if bad.event == name::TRACKING_DROPPED {
                        self.stats.drop_quietly(DropReason::Rejected, 1);
                    } else {
                        self.stats.drop_events(DropReason::Rejected, 1);
                    }
                }
                self.delivery.recovered(now);
                self.delivery.hurry(now, &self.settings);
            }
            Outcome::Unauthorized { .. }
            | Outcome::Retry { .. }
            | Outcome::Intercepted { .. }
            | Outcome::Unreachable => {
                recorder.queue.put_back(batch, &mut self.stats);
                self.stats.retried += 1;
                self.delivery.failed(outcome, (recorder.random)(), now);
                self.delivery.hurry(now, &self.settings);
            }
        }
        self.note_waiting(now);
    }

    fn report_drops(&mut self, now: Now) {
        let Some(recorder) = &mut self.recorder else { return };
        for (reason, count) in std::mem::take(&mut self.stats.unreported).iter() {
            recorder.note_dropped(reason, count, now, &mut self.stats);
        }
    }

    fn note_waiting(&mut self, now: Now) {
        let waiting = self.recorder.as_ref().is_some_and(|recorder| recorder.queue.waiting() > 0);
        if waiting {
            self.delivery.waiting_since_mono_ms.get_or_insert(now.mono_ms);
        }
    }

    /// Everything that is counted, at this moment: for the Live page, support and tests.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Snapshot {
        let queue = self.recorder.as_ref().map(|recorder| &recorder.queue);
        let queued = self.queued();
        let waiting = queue.map_or(0, |queue| queue.waiting());
        let next_try = (waiting > 0 && !self.delivery.is_busy() && !self.delivery.paused)
            .then(|| self.delivery.due_at_mono_ms(waiting, now, &self.settings));
        Snapshot {
            consent: self.consent,
            pending: self.pending.len(),
            recorded: self.stats.recorded,
            restored: self.stats.restored,
            queued,
            queued_bytes: self.queued_bytes(),
            persisted: queued - self.unstored(),
            storage_refused: queue.is_some_and(|queue| queue.storage_refused()),
            in_flight: queued - waiting,
            sent: self.stats.sent,
            batches_sent: self.stats.batches_sent,
            retried: self.stats.retried,
            rejected: self.stats.dropped.of(DropReason::Rejected),
            dropped: self.stats.dropped,
            last_error: self.delivery.last_error,
            next_try_in_ms: next_try.map(|at| at.saturating_sub(now.mono_ms)),
            paused: self.delivery.paused,
        }
    }
}
