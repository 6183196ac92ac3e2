//! The browser shell around the core: hands in signals and time, carries out what comes back.
//! Whatever goes wrong in here is counted and stays in here.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use tracking::{Batch, BatchId, Consent, Identity, Now, Outcome, Poll, Signal, Snapshot, Tracker};
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

use super::{
    alarm::Alarm,
    basic,
    bucket::Bucket,
    console::Console,
    locks::Locks,
    status::{answer, describe, live_events},
    storage::{self, Agreed, Kept, Standing},
    translate,
    transport::{self, Ended, Receiver, Sender},
};
use crate::{
    config::Config,
    platform,
    route::Page,
    store::{Over, Store, TrackingStatus, clm::Fault},
};

/// The views are told about counts at most this often: what shows them is drawn anew each time.
const PUBLISH_EVERY_MS: u64 = 5_000;
/// The same while somebody looks at the counts.
const PUBLISH_LIVE_MS: u64 = 150;
/// What is due as soon as this is done along with what is due now.
const SOON_MS: u64 = 50;
/// The shared session is written at visits, and otherwise at most this often.
const SESSION_WRITE_MS: u64 = 10_000;
/// While nothing is recorded, storage is asked this often at most whether the person's answer still stands.
const LOOK_AT_ANSWER_MS: u64 = 1_000;

/// Signals that are taken in within one task: a burst must not hold the page up.
const SLICE: usize = 100;
/// Signals that may wait to be taken in; a page that tells more in one task pays for it in that task.
const INBOX: usize = 5_000;

pub struct Pump {
    store: Store,
    kept: Kept,
    /// What storage holds of the person's yes, while there is one.
    agreed: RefCell<Option<Agreed>>,
    /// The events of tabs that are gone are still to be asked for.
    orphans_due: Cell<bool>,
    /// When the answer was looked at, on the monotonic clock.
    answer_seen_ms: Cell<u64>,
    locks: Locks,
    /// This tab's name among the tabs, new with every page load and every return from sleep.
    tab: RefCell<String>,
    /// Tabs whose events come to us when they are gone.
    heir_of: RefCell<Vec<String>>,
    tracker: RefCell<Tracker>,
    /// What happened and was only noted: a click does not wait for the rest.
    inbox: RefCell<VecDeque<(Signal, Now)>>,
    /// Answers that nobody has looked at yet.
    answers: RefCell<Vec<(BatchId, Ended)>>,
    /// Nothing is sent before the settings are known.
    config: RefCell<Option<Config>>,
    /// Rings for the next turn: as soon as this task is over, and when something is due. The one is set for
    /// each click; the other stays as it is meanwhile.
    soon: Alarm,
    later: Alarm,
    writes: Bucket,
    /// Something may have changed since storage was written.
    unsaved: Cell<bool>,
    /// When the views are told next, on the monotonic clock.
    publish_at: Cell<Option<u64>>,
    in_flight: RefCell<Vec<(BatchId, AbortController)>>,
    sender: Sender,
    session_written: Cell<(u64, u64)>,
    last_flush_ms: Cell<Option<u64>>,
    last_answer: Cell<Option<Outcome>>,
    /// See [`Ended::clock_ahead_ms`]; as the latest answer of a receiver had it.
    clock_ahead_ms: Cell<Option<i64>>,
    /// Transitions seen, and signals made of them.
    seen: Cell<(u64, u64)>,
    /// An operator lets every request fail.
    offline: Cell<bool>,
    console: Console,
    /// The page has panicked: what follows are echoes.
    crashed: Cell<bool>,
    browser_says_no: Cell<bool>,
}

impl Pump {
    pub fn new(store: Store) -> Rc<Self> {
        let kept = Kept::open();
        let answer = kept.consent();
        let browser_says_no = answer.is_none() && platform::browser_says_no();
        let denied = answer == Some(false) || browser_says_no;
        let consent = if denied { Consent::Denied } else { Consent::Pending };
        let pump = Rc::new(Self {
            store,
            kept,
            agreed: RefCell::default(),
            orphans_due: Cell::new(false),
            answer_seen_ms: Cell::new(0),
            locks: Locks::open(),
            tab: RefCell::new(new_tab()),
            heir_of: RefCell::default(),
            tracker: RefCell::new(Tracker::new(tracking::Settings::default(), consent)),
            inbox: RefCell::default(),
            answers: RefCell::default(),
            config: RefCell::new(None),
            soon: Alarm::default(),
            later: Alarm::default(),
            writes: Bucket::default(),
            unsaved: Cell::new(false),
            publish_at: Cell::new(None),
            in_flight: RefCell::default(),
            sender: Sender::default(),
            session_written: Cell::new((0, 0)),
            last_flush_ms: Cell::new(None),
            last_answer: Cell::new(None),
            clock_ahead_ms: Cell::new(None),
            seen: Cell::new((0, 0)),
            offline: Cell::new(false),
            console: Console::default(),
            crashed: Cell::new(false),
            browser_says_no: Cell::new(browser_says_no),
        });
        pump.console.read_address();
        if answer == Some(true) {
            pump.grant();
        }
        pump.publish();
        pump
    }

    pub fn configure(self: &Rc<Self>, config: Config) {
        self.console.configure(config.debug);
        self.with(|tracker, _| tracker.configure(config.settings()));
        *self.config.borrow_mut() = Some(config);
        self.turn_soon();
    }

    /// The address changed: it may ask for lines in the console.
    pub fn address_changed(&self) {
        self.console.read_address();
        self.with(|_, _| ());
    }

    /// Runs `f` on the tracker, which by then knows of all that happened. A second entry while one is under
    /// way is a mistake of ours that must not become the page's: it is skipped.
    fn with<T>(&self, f: impl FnOnce(&mut Tracker, Now) -> T) -> Option<T> {
        self.look_before_recording();
        let mut tracker = self.tracker.try_borrow_mut().ok()?;
        self.take_in(&mut tracker, usize::MAX);
        let before = tracker.stats().recorded;
        let result = f(&mut tracker, platform::now());
        if tracker.stats().recorded != before {
            self.unsaved.set(true);
        }
        self.console.recorded(&tracker);
        Some(result)
    }

    /// The oldest of what was noted, each at its own time.
    fn take_in(&self, tracker: &mut Tracker, at_most: usize) {
        for _ in 0..at_most {
            let Some((signal, at)) = self.inbox.borrow_mut().pop_front() else { break };
            if tracker.wants_session(at)
                && let Some(session) = self.kept.session()
            {
                tracker.adopt_session(session, at);
            }
            tracker.record(signal, at);
            self.unsaved.set(true);
        }
        self.console.recorded(tracker);
    }

    /// Takes in as much as one task may; whether that was all.
    fn take_in_slice(&self) -> bool {
        self.look_before_recording();
        if let Ok(mut tracker) = self.tracker.try_borrow_mut() {
            self.take_in(&mut tracker, SLICE);
        }
        self.inbox.borrow().is_empty()
    }

    /// What one transition comes to.
    pub fn record(self: &Rc<Self>, signals: Vec<Signal>) {
        let (actions, told) = self.seen.get();
        self.seen.set((actions + 1, told + signals.len() as u64));
        if self.is_looked_at() {
            self.publish_soon();
        }
        if signals.is_empty() || self.crashed.get() {
            return self.look_at_answer_now_and_then();
        }
        let now = platform::now();
        self.inbox.borrow_mut().extend(signals.into_iter().map(|signal| (signal, now)));
        if self.inbox.borrow().len() > INBOX {
            self.take_in_slice();
        }
        // In a storm they are taken in together, when storage may be written again.
        self.wake_by(self.writes.free_at(now.mono_ms), now.mono_ms);
    }

    /// The lines of what this browser stores and of what this page load recorded last; some twice.
    pub fn own_events(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .kept
            .tabs_with_events()
            .iter()
            .flat_map(|tab| self.kept.chunks(tab))
            .flat_map(|(_, chunk)| chunk.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        self.with(|tracker, _| {
            lines.extend(tracker.recent().map(|frozen| frozen.line.to_string()));
        });
        lines
    }

    /// Nothing is recorded on an answer that does not stand any more.
    fn look_before_recording(&self) {
        if !self.inbox.borrow().is_empty() {
            self.look_at_answer();
        }
    }

    fn look_at_answer_now_and_then(&self) {
        let now = platform::mono_ms();
        if self.agreed.borrow().is_some() && now >= self.answer_seen_ms.get() + LOOK_AT_ANSWER_MS {
            self.look_at_answer();
        }
    }

    /// Another program of this origin, or the person, may have emptied storage under us. No answer is no consent:
    /// recording stops, and the question is asked again.
    fn look_at_answer(&self) {
        self.answer_seen_ms.set(platform::mono_ms());
        let standing = match &*self.agreed.borrow() {
            Some(agreed) => self.kept.standing(agreed),
            None => return,
        };
        if !matches!(standing, Standing::Same) {
            // What was noted since is nobody's to record.
            self.inbox.borrow_mut().clear();
        }
        match standing {
            Standing::Same => {}
            Standing::Denied => self.revoke(),
            Standing::Gone => self.ask_again(),
            Standing::SomebodyElse => {
                self.revoke();
                self.orphans_due.set(self.begin());
            }
        }
    }

    /// There is no answer any more: nothing stays of the old one, and the person is asked.
    fn ask_again(&self) {
        self.kept.remove_answer();
        self.revoke();
        let says_no = platform::browser_says_no();
        self.browser_says_no.set(says_no);
        if !says_no {
            self.with(|tracker, _| tracker.ask_again());
            // Should the answer be yes, it begins with what is on the screen.
            let open = translate::what_is_open(&self.store.state(), platform::place);
            let now = platform::now();
            self.inbox.borrow_mut().extend(open.into_iter().map(|signal| (signal, now)));
        }
        self.publish();
    }

    /// The person agreed, here or in another tab.
    pub fn grant(self: &Rc<Self>) {
        if self.begin() {
            self.turn_soon();
            self.adopt_orphans();
        }
    }

    /// Tracks the person from now on; false when that is so already.
    fn begin(&self) -> bool {
        let granted = self.with(|tracker, _| tracker.consent() == Consent::Granted);
        if granted != Some(false) {
            return false;
        }
        let mut random = platform::random();
        let secret = self.kept.secret(random());
        self.agreed.replace(Some(self.kept.agreed(&secret)));
        let identity = Identity {
            user_id: secret.user_id(),
            session: self.kept.session(),
            queue_prefix: Kept::queue_prefix(&self.tab.borrow()),
            random,
        };
        self.with(|tracker, now| tracker.grant(identity, now));
        true
    }

    /// Says that this tab lives, and asks for the events of all others for when they do not.
    fn adopt_orphans(self: &Rc<Self>) {
        self.locks.hold(&Kept::queue_prefix(&self.tab.borrow()), || {});
        for tab in self.kept.tabs_with_events() {
            self.inherit(tab);
        }
    }

    /// Takes over the events of `tab` as soon as it is gone: now, or while we live. The lock sees to
    /// it that one tab does, and keeps them for as long as it lives itself.
    fn inherit(self: &Rc<Self>, tab: String) {
        if tab == *self.tab.borrow() || self.heir_of.borrow().contains(&tab) {
            return;
        }
        self.heir_of.borrow_mut().push(tab.clone());
        let pump = self.clone();
        let name = Kept::queue_prefix(&tab);
        self.locks.hold(&name, move || {
            let chunks = pump.kept.chunks(&tab);
            pump.with(|tracker, now| {
                for (key, value) in chunks {
                    tracker.adopt_chunk(&key, &value, now);
                }
            });
            pump.turn_soon();
        });
    }

    /// The browser puts the page to sleep, perhaps for ever: what is stored belongs to whoever is awake.
    pub fn sleep(&self) {
        self.locks.release();
        self.heir_of.borrow_mut().clear();
    }

    /// The page was asleep as a whole and is back: it starts like a new tab that knows no stored event.
    pub fn awake(self: &Rc<Self>) {
        self.look_at_answer();
        self.tab.replace(new_tab());
        let prefix = Kept::queue_prefix(&self.tab.borrow());
        self.with(|tracker, _| tracker.hand_over(prefix));
        self.abort_requests();
        let granted = self.with(|tracker, _| tracker.consent() == Consent::Granted);
        match self.kept.consent() {
            Some(false) => self.revoke(),
            Some(true) if granted == Some(false) => self.grant(),
            // Withdrawn and given again meanwhile: what we remember was destroyed everywhere else.
            Some(true) if self.is_somebody_else() => {
                self.revoke();
                self.grant();
            }
            _ if granted == Some(true) => self.adopt_orphans(),
            _ => {}
        }
        self.turn_soon();
    }

    fn is_somebody_else(&self) -> bool {
        let stored = self.kept.known_secret().map(|secret| secret.user_id());
        self.with(|tracker, _| tracker.user_id() != stored.as_ref()).unwrap_or(false)
    }

    /// The person does not agree, or no longer does: nothing stays, nothing is under way.
    pub fn revoke(&self) {
        self.agreed.replace(None);
        storage::forget_secret();
        self.with(|tracker, _| tracker.revoke());
        self.abort_requests();
        self.soon.stop();
        self.later.stop();
        self.last_flush_ms.set(None);
        self.clock_ahead_ms.set(None);
        if self.kept.consent() != Some(true) {
            self.kept.wipe();
        }
        self.publish();
    }

    pub fn answer(self: &Rc<Self>, granted: bool) {
        // First what must stand if the page dies before the end of this.
        self.kept.set_consent(granted);
        if granted {
            self.grant();
        } else {
            self.kept.keep_for_deletion();
            self.revoke();
        }
        self.publish();
    }

    /// An operator tries how a fault looks; in this tab, until it is ended or the page is loaded again.
    pub fn try_fault(self: &Rc<Self>, fault: Fault) {
        self.look_at_answer();
        match fault {
            Fault::Pause(paused) => {
                self.with(|tracker, _| tracker.pause(paused));
            }
            Fault::Offline(offline) => {
                self.offline.set(offline);
                if offline {
                    self.abort_requests();
                } else {
                    self.wake();
                }
            }
            Fault::Forget => {
                self.with(|tracker, _| tracker.forget());
                self.save();
            }
        }
        self.turn_soon();
        self.publish();
    }

    fn abort_requests(&self) {
        self.sender.stop();
        for (_, abort) in std::mem::take(&mut *self.in_flight.borrow_mut()) {
            abort.abort();
        }
    }

    /// Another tab has emptied storage.
    pub fn shared_cleared(self: &Rc<Self>) {
        if self.agreed.borrow().is_none() {
            return;
        }
        self.inbox.borrow_mut().clear();
        if self.kept.consent() == Some(true) {
            // Given since, to begin anew.
            self.revoke();
            self.grant();
        } else {
            self.ask_again();
        }
    }

    /// Another tab has written what all tabs share.
    pub fn shared_changed(self: &Rc<Self>, key: &str, value: Option<&str>) {
        self.look_at_answer();
        if key == storage::CONSENT {
            // The news may be old, to a page that was frozen: a withdrawal counts although consent was
            // given again since, and a consent only if it still stands.
            match (value, self.kept.consent()) {
                (Some("false"), _) => self.revoke(),
                (Some("true"), Some(true)) => self.grant(),
                _ => {}
            }
        } else if key == storage::SESSION
            && let Some(session) = self.kept.session()
        {
            self.with(|tracker, now| tracker.adopt_session(session, now));
        } else if let Some(tab) = Kept::tab_of(key)
            && self.locks.work()
            && self.with(|tracker, _| tracker.consent() == Consent::Granted) == Some(true)
        {
            self.inherit(tab.to_owned());
        }
        self.publish_soon();
    }

    /// Something changed that the next turn is to look at, once the current task is over.
    fn turn_soon(self: &Rc<Self>) {
        self.unsaved.set(true);
        self.wake_by(0, 0);
    }

    fn wake_by(self: &Rc<Self>, at_ms: u64, now_ms: u64) {
        let pump = self.clone();
        let alarm = if at_ms <= now_ms { &self.soon } else { &self.later };
        alarm.set(at_ms, now_ms, move || pump.turn());
    }

    /// Does what is due.
    fn turn(self: &Rc<Self>) {
        self.look_at_answer();
        if self.orphans_due.take() {
            self.adopt_orphans();
        }
        if !self.take_in_slice() {
            return self.wake_by(0, 0);
        }
        self.settle_answers();
        if self.unsaved.get() {
            self.plan_publishing();
        }
        let send_at = self.send_what_is_due();
        let now = platform::mono_ms();
        let save_at = self.save_what_is_due(now);
        let publish_at = self.publish_at.get().filter(|at| {
            let is_due = *at <= now + SOON_MS;
            if is_due {
                self.publish();
            }
            !is_due
        });
        if let Some(at) = [send_at, save_at, publish_at].into_iter().flatten().min() {
            self.wake_by(at, now);
        }
    }

    /// Sends what may leave now; when to look again.
    fn send_what_is_due(self: &Rc<Self>) -> Option<u64> {
        self.config.borrow().as_ref()?;
        loop {
            match self.with(Tracker::poll)? {
                Poll::Send(batch) => {
                    // What is on its way must not be on its way only.
                    self.save();
                    self.send(&batch, false);
                }
                Poll::WaitUntil(at) => return Some(at),
                Poll::Idle => return None,
            }
        }
    }

    /// Writes to storage if it may be written now; when it may if not.
    fn save_what_is_due(&self, now_ms: u64) -> Option<u64> {
        if !self.unsaved.get() {
            return None;
        }
        if !self.writes.take(now_ms) {
            return Some(self.writes.free_at(now_ms));
        }
        self.save();
        None
    }

    /// The network is back.
    pub fn wake(self: &Rc<Self>) {
        self.with(Tracker::wake);
        self.turn_soon();
    }

    /// The page hides or closes: stored first, then one last request that may outlive the page.
    pub fn farewell(self: &Rc<Self>) {
        self.look_at_answer();
        self.settle_answers();
        self.save();
        if self.config.borrow().is_some()
            && let Some(batch) = self.with(Tracker::farewell).flatten()
        {
            self.send(&batch, true);
        }
        self.save();
    }

    /// The page panicked. What is known is stored and sent now: there may be no later.
    pub fn crashed(self: &Rc<Self>, message: &str) {
        if self.crashed.replace(true) {
            return;
        }
        let failed = Signal::Failed {
            component: tracking::Component::dashboard(),
            kind: tracking::ErrorKind::Exception,
            message: message.to_owned(),
            stack: String::new(),
        };
        self.with(|tracker, now| tracker.record(failed, now));
        self.farewell();
    }

    fn save(&self) {
        self.unsaved.set(false);
        let ops = self.with(|tracker, _| tracker.storage_ops()).unwrap_or_default();
        for op in ops {
            if let Err(key) = self.kept.apply(op) {
                self.with(|tracker, _| tracker.storage_failed(&key));
            }
        }
        self.save_session();
    }

    fn save_session(&self) {
        let Some(session) = self.with(|tracker, _| tracker.stored_session()).flatten() else {
            return;
        };
        let (visits, alive) = self.session_written.get();
        if session.visits != visits || session.last_alive.0 >= alive + SESSION_WRITE_MS {
            self.session_written.set((session.visits, session.last_alive.0));
            self.kept.set_session(&session);
        }
    }

    fn send(self: &Rc<Self>, batch: &Batch, last: bool) {
        let id = batch.id;
        let body = self.with(|tracker, now| batch.body(tracker.settings(), now));
        let receiver = self.receiver().filter(|_| !self.offline.get());
        let parts = receiver.zip(body).zip(AbortController::new().ok());
        let Some(((receiver, body), abort)) = parts else {
            self.answers.borrow_mut().push((id, Ended::UNREACHABLE));
            return self.turn_soon();
        };
        self.in_flight.borrow_mut().push((id, abort.clone()));
        if last {
            self.await_end(id, transport::send_last(&receiver, body, abort));
        } else {
            self.await_end(id, self.sender.send(receiver, body, abort));
        }
    }

    fn receiver(&self) -> Option<Receiver> {
        let config = self.config.borrow();
        let config = config.as_ref()?;
        let authorization = config.credentials().map(|(user, key)| basic::authorization(user, key));
        // The clock that stamped the events, read last.
        let url = transport::stamped(&config.loki_url, platform::now().wall);
        Some(Receiver { url, authorization })
    }

    fn await_end(self: &Rc<Self>, id: BatchId, ended: impl Future<Output = Ended> + 'static) {
        let pump = self.clone();
        spawn_local(async move {
            let ended = ended.await;
            pump.in_flight.borrow_mut().retain(|(other, _)| *other != id);
            pump.answered(id, ended);
        });
    }

    fn answered(self: &Rc<Self>, id: BatchId, ended: Ended) {
        self.answers.borrow_mut().push((id, ended));
        self.unsaved.set(true);
        // Nobody waits for what goes on now, and a timer costs as much.
        self.turn();
    }

    fn settle_answers(&self) {
        for (id, ended) in self.answers.take() {
            self.settle(id, ended);
        }
    }

    fn settle(&self, id: BatchId, Ended { outcome, clock_ahead_ms }: Ended) {
        let mut news = self.last_answer.replace(Some(outcome)) != Some(outcome);
        if let Outcome::Accepted | Outcome::Rejected { .. } = outcome {
            let before = self.clock_ahead_ms.replace(clock_ahead_ms);
            news |= before.is_some() != clock_ahead_ms.is_some();
        }
        if news {
            // Trouble, or its end: the chip says so.
            self.publish_within(PUBLISH_LIVE_MS);
        }
        let sent = self.with(|tracker, now| {
            let before = tracker.stats().sent;
            tracker.settle(id, outcome, now);
            (tracker.stats().sent - before, now)
        });
        if let Some((count, now)) = sent.filter(|(count, _)| *count > 0) {
            self.last_flush_ms.set(Some(now.wall.0));
            self.console.arrived(count);
        }
        self.console.failed(outcome);
    }

    pub fn snapshot(&self) -> Option<Snapshot> {
        self.with(|tracker, now| tracker.snapshot(now))
    }

    fn publish_soon(self: &Rc<Self>) {
        self.plan_publishing();
        if let Some(at) = self.publish_at.get() {
            self.wake_by(at, platform::mono_ms());
        }
    }

    /// For the end of the turn that is under way.
    fn plan_publishing(&self) {
        self.publish_within(if self.is_looked_at() { PUBLISH_LIVE_MS } else { PUBLISH_EVERY_MS });
    }

    fn is_looked_at(&self) -> bool {
        let state = self.store.state();
        state.page == Page::Live || state.over == Some(Over::Privacy)
    }

    fn publish_within(&self, ms: u64) {
        let at = platform::mono_ms() + ms;
        self.publish_at.set(Some(self.publish_at.get().map_or(at, |known| known.min(at))));
    }

    fn publish(&self) {
        self.publish_at.set(None);
        let live = self.store.state().page == Page::Live;
        let status = self.with(|tracker, now| {
            let stats = tracker.stats();
            let (actions, signals) = self.seen.get();
            let counts = tracker.snapshot(now);
            let text = |id: &str| std::rc::Rc::<str>::from(id);
            TrackingStatus {
                consent: tracker.consent(),
                browser_says_no: self.browser_says_no.get() && tracker.consent() == Consent::Denied,
                pending: tracker.pending() as u64,
                actions,
                signals,
                recorded: stats.recorded,
                queued: tracker.queued() as u64,
                in_flight: counts.in_flight as u64,
                persisted: (tracker.queued() - tracker.unstored()) as u64,
                sent: stats.sent,
                batches_sent: stats.batches_sent,
                retried: stats.retried,
                last_answer: self.last_answer.get().map(answer),
                paused: counts.paused,
                offline: self.offline.get(),
                restored: stats.restored,
                dropped: stats
                    .dropped
                    .iter()
                    .map(|(reason, count)| (reason.as_str(), count))
                    .collect(),
                last_flush_ms: self.last_flush_ms.get(),
                trouble: tracker.trouble().map(|trouble| trouble.outcome),
                clock_ahead_ms: self.clock_ahead_ms.get(),
                last_error: tracker.trouble().map(|trouble| {
                    let wait_ms = trouble.next_try_mono_ms.saturating_sub(now.mono_ms);
                    describe(trouble.outcome, wait_ms).into()
                }),
                storage_works: self.kept.works(),
                key_in_page: self
                    .config
                    .borrow()
                    .as_ref()
                    .is_some_and(|config| config.credentials().is_some()),
                user_id: tracker.user_id().map(|id| text(id.as_str())),
                session_id: tracker.session_id().map(|id| text(id.as_str())),
                recent: if live { live_events(tracker) } else { Rc::default() },
            }
        });
        if let Some(status) = status {
            self.store.publish_tracking(status);
        }
    }

    /// Tells the views at once: what shows counts has just opened.
    pub fn looked_at(&self) {
        self.publish();
    }
}

fn new_tab() -> String {
    format!("{:016x}", (platform::random())() >> 64)
}
