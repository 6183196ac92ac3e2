//! What the page's shell does around the tracker, step by step, and the mistakes it could make.

use tracking::{
    Batch, BatchId, Consent, EventId, Frozen, Identity, Now, Outcome, Poll, Signal, StorageOp,
    StoredSession, Tracker, UserSecret, settings::HIDE_BUDGET_BYTES,
};

use crate::{
    ledger::{TabId, Verdict},
    server::Mode,
    world::World,
};

/// What a shell, or a tracker, could do wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mistake {
    ForgetsToHold,
    HoldsOnlyOldEvents,
    SavesOnlyWhenHiding,
    ForgetsWhatStorageRefused,
    StampsAgain,
    TakesErrorsForSuccess,
    TakesAPageForSuccess,
    AdoptsWithoutLock,
    NeverAdopts,
    ForgetsToRemove,
    RemovesBeforeTheAnswer,
    SendsTwoAtOnce,
    KeepsStorageAfterWithdrawal,
    HearsOnlyTheLastAnswer,
    TrustsItsMemory,
    RecordsWhenDenied,
    GivesUpAfterThreeTries,
    DropsAWholeBatch,
    HasNoBudgetWhenHiding,
}

/// The tracker gives a request up after this long; until then it counts as in flight.
const GIVEN_UP_AFTER_MS: u64 = 15_000;
const SESSION_WRITE_MS: u64 = 10_000;
/// A few writes at once, then one in this time.
const WRITES_AT_ONCE: u64 = 8;
pub const WRITE_EVERY_MS: u64 = 1_000;

pub struct Tab {
    pub id: TabId,
    pub tracker: Tracker,
    /// Of the keys it writes, and the name of its lock.
    pub prefix: String,
    pub born_ms: u64,
    pub hidden: bool,
    pub frozen: bool,
    /// Behind another page.
    pub asleep: bool,
    pub dead: bool,
    pub turn_due: bool,
    pub wake_at_mono_ms: Option<u64>,
    /// Writes and requests until it crashes.
    pub fuel: Option<u32>,
    /// Recorded since all was saved last.
    pub unsaved: Vec<(EventId, u64)>,
    /// Storage refused the last write.
    pub refused: bool,
    /// Answers that came while it was frozen.
    pub mail: Vec<(BatchId, Outcome)>,
    /// What it was told of storage while it was frozen.
    pub news: Vec<News>,
    pub pending_clicks: Vec<u32>,
    /// Storage has taken the secret of whom it tracks.
    secret_kept: bool,
    recorded: u64,
    /// The receiver has asked for silence until then.
    silent_until_mono_ms: u64,
    last_start_mono_ms: Option<u64>,
    session_written: (u64, u64),
    writes_left: u64,
    writes_refilled_ms: u64,
    /// When it saves what the turns did not.
    pub save_at_ms: Option<u64>,
    /// Writes put off by mistake.
    late: Vec<StorageOp>,
    tries: u32,
    tried: std::collections::HashSet<EventId>,
}

impl Tab {
    pub fn new(id: TabId, tracker: Tracker, born_ms: u64) -> Self {
        Self {
            id,
            tracker,
            prefix: format!("clm_queue/{id}/"),
            born_ms,
            hidden: false,
            frozen: false,
            asleep: false,
            dead: false,
            turn_due: false,
            wake_at_mono_ms: None,
            fuel: None,
            unsaved: Vec::new(),
            refused: false,
            mail: Vec::new(),
            news: Vec::new(),
            pending_clicks: Vec::new(),
            secret_kept: false,
            recorded: 0,
            silent_until_mono_ms: 0,
            last_start_mono_ms: None,
            session_written: (0, 0),
            writes_left: WRITES_AT_ONCE,
            writes_refilled_ms: 0,
            save_at_ms: None,
            late: Vec::new(),
            tries: 0,
            tried: Default::default(),
        }
    }

    pub fn runs(&self) -> bool {
        !self.dead && !self.frozen && !self.asleep
    }

    /// A storm of events is not a storm of writes.
    fn may_write(&mut self, now_ms: u64) -> bool {
        if self.save_at_ms.is_some() {
            return false;
        }
        let back = now_ms.saturating_sub(self.writes_refilled_ms) / WRITE_EVERY_MS;
        self.writes_left = (self.writes_left + back).min(WRITES_AT_ONCE);
        self.writes_refilled_ms += back * WRITE_EVERY_MS;
        match self.writes_left.checked_sub(1) {
            Some(left) => self.writes_left = left,
            None => self.save_at_ms = Some(now_ms + WRITE_EVERY_MS),
        }
        self.save_at_ms.is_none()
    }

    pub fn granted(&self) -> bool {
        self.tracker.consent() == Consent::Granted
    }
}

/// What another tab has done to what all tabs share.
#[derive(Clone, Copy)]
pub enum News {
    Answered(bool),
    Cleared,
}

pub struct Request {
    pub tab: TabId,
    pub batch: BatchId,
    pub records: Vec<Frozen>,
    pub sent_ms: u64,
    /// When the receiver has it and answers.
    pub answer_at_ms: u64,
    pub mode: Mode,
    /// The page waits for the answer.
    pub awaited: bool,
    pub farewell_bytes: usize,
}

impl World<'_> {
    pub fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    pub fn record(&mut self, t: usize, signal: Signal) -> Verdict {
        self.look_at_answer(t)?;
        let now = self.now(t);
        let session = self.session();
        let tracker = &mut self.tabs[t].tracker;
        if tracker.wants_session(now)
            && let Some(session) = session
        {
            tracker.adopt_session(session, now);
        }
        tracker.record(signal, now);
        self.tabs[t].turn_due = true;
        self.observe(t)
    }

    /// Writes what is new into the ledger.
    fn observe(&mut self, t: usize) -> Verdict {
        let tab = &mut self.tabs[t];
        let recorded = tab.tracker.stats().recorded;
        let new = recorded.saturating_sub(tab.recorded);
        tab.recorded = recorded;
        if new == 0 {
            return Ok(());
        }
        if self.consent != Some(true) {
            return Err("an event is recorded without consent".to_owned());
        }
        let latest: Vec<_> = tab.tracker.recent().rev().take(new as usize).cloned().collect();
        for frozen in latest.iter().rev() {
            if let Some(serial) = serial_of(&frozen.line)
                && self.forbidden.contains(&serial)
            {
                return Err("a click is recorded that happened without consent".to_owned());
            }
            self.ledger.recorded(tab.id, frozen)?;
            tab.unsaved.push((frozen.event_id, self.awake_ms));
        }
        Ok(())
    }

    /// One more write or request; false when the tab crashes before it.
    fn burn(&mut self, t: usize) -> bool {
        let tab = &mut self.tabs[t];
        match &mut tab.fuel {
            Some(0) => tab.dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        !tab.dead
    }

    pub fn turn(&mut self, t: usize) -> Verdict {
        self.look_at_answer(t)?;
        self.tabs[t].turn_due = false;
        let now = self.now(t);
        let next = self.tabs[t].tracker.poll(now);
        self.observe(t)?;
        match next {
            Poll::Send(batch) => {
                // What is on its way must not be on its way only.
                self.save(t, false)?;
                self.send(t, &batch, false)?;
                self.tabs[t].turn_due = true;
            }
            Poll::WaitUntil(at) => self.tabs[t].wake_at_mono_ms = Some(at),
            Poll::Idle => self.tabs[t].wake_at_mono_ms = None,
        }
        // Now, for an idle visit ends in `poll`.
        if self.tabs[t].may_write(self.awake_ms) { self.save(t, false) } else { Ok(()) }
    }

    pub fn save(&mut self, t: usize, hides: bool) -> Verdict {
        if self.tabs[t].dead {
            return Ok(());
        }
        self.look_at_answer(t)?;
        self.tabs[t].save_at_ms = None;
        let mut ops = self.tabs[t].tracker.storage_ops();
        if self.makes(Mistake::SavesOnlyWhenHiding) {
            let late = &mut self.tabs[t].late;
            let removed = |put: &StorageOp, ops: &[StorageOp]| {
                let StorageOp::Put { key, .. } = put else { return false };
                ops.contains(&StorageOp::Remove { key: key.clone() })
            };
            late.retain(|put| !removed(put, &ops));
            late.extend(ops.extract_if(.., |op| matches!(op, StorageOp::Put { .. })));
            if hides {
                ops.append(late);
            }
        }
        for op in ops {
            if !self.burn(t) {
                return Ok(());
            }
            match op {
                StorageOp::Put { key, value } => self.put(t, key, value)?,
                StorageOp::Remove { .. } if self.makes(Mistake::ForgetsToRemove) => {}
                StorageOp::Remove { key } => drop(self.storage.remove(&key)),
            }
        }
        self.tabs[t].unsaved.clear();
        self.save_session(t)
    }

    fn put(&mut self, t: usize, key: String, value: String) -> Verdict {
        let forgets = self.makes(Mistake::ForgetsWhatStorageRefused);
        let tab = &mut self.tabs[t];
        tab.refused = self.full || self.theme.storage_blocked;
        if tab.refused {
            if !forgets {
                tab.tracker.storage_failed(&key);
            }
            return Ok(());
        }
        if self.consent != Some(true) {
            return Err("an event is stored without consent".to_owned());
        }
        self.ledger.stores(&value)?;
        match self.storage.insert(key, value) {
            None => Ok(()),
            Some(_) => Err("a chunk is rewritten".to_owned()),
        }
    }

    fn session(&self) -> Option<StoredSession> {
        if self.theme.storage_blocked { None } else { self.session.clone() }
    }

    fn save_session(&mut self, t: usize) -> Verdict {
        let tab = &mut self.tabs[t];
        let Some(session) = tab.tracker.stored_session() else { return Ok(()) };
        let (visits, alive) = tab.session_written;
        if session.visits == visits && session.last_alive.0 < alive + SESSION_WRITE_MS {
            return Ok(());
        }
        if self.consent != Some(true) {
            return Err("a session is stored without consent".to_owned());
        }
        tab.session_written = (session.visits, session.last_alive.0);
        if self.full || self.theme.storage_blocked {
            return Ok(());
        }
        self.session = Some(session.clone());
        for other in (0..self.tabs.len()).filter(|other| *other != t) {
            if self.tabs[other].runs() {
                let now = self.now(other);
                self.tabs[other].tracker.adopt_session(session.clone(), now);
                self.observe(other)?;
                self.tabs[other].turn_due = true;
            }
        }
        Ok(())
    }

    fn send(&mut self, t: usize, batch: &Batch, farewell: bool) -> Verdict {
        if !self.burn(t) {
            return Ok(());
        }
        let (id, now) = (self.tabs[t].id, self.now(t));
        if self.consent != Some(true) {
            return Err("a request starts without consent".to_owned());
        }
        if now.mono_ms < self.tabs[t].silent_until_mono_ms {
            return Err("a request starts inside the window of a Retry-After".to_owned());
        }
        if batch.records.is_empty() {
            return Err("an empty request".to_owned());
        }
        let mut records = batch.records.clone();
        for record in &mut records {
            let again = !self.tabs[t].tried.insert(record.event_id);
            if again && self.makes(Mistake::StampsAgain) {
                record.line = record.line.replace("\"timestamp\":1", "\"timestamp\":2").into();
            }
            self.ledger.sends(id, record)?;
        }
        let awake_ms = self.awake_ms;
        let mine = self.requests.iter().filter(|request| {
            request.tab == id && request.awaited && awake_ms < request.sent_ms + GIVEN_UP_AFTER_MS
        });
        let mut farewell_bytes = 0;
        if farewell {
            let in_flight: usize = mine.map(|request| request.farewell_bytes).sum();
            farewell_bytes = batch.body(&self.settings, now).len();
            if in_flight + farewell_bytes > HIDE_BUDGET_BYTES {
                return Err(format!("{in_flight} + {farewell_bytes} B are over the budget"));
            }
            self.ledger.unordered.insert(id);
        } else {
            if mine.count() > 0 && !self.makes(Mistake::HasNoBudgetWhenHiding) {
                return Err("two requests at once".to_owned());
            }
            let last = self.tabs[t].last_start_mono_ms.replace(now.mono_ms);
            if last.is_some_and(|last| now.mono_ms < last + self.settings.send_gap_ms) {
                return Err("two requests without a pause".to_owned());
            }
        }
        let lasts_ms = self.mode.takes_ms();
        self.requests.push(Request {
            tab: id,
            batch: batch.id,
            records,
            sent_ms: awake_ms,
            answer_at_ms: awake_ms + lasts_ms.unwrap_or(9_000),
            mode: self.mode,
            awaited: true,
            farewell_bytes,
        });
        if self.makes(Mistake::RemovesBeforeTheAnswer) {
            let prefix = self.tabs[t].prefix.clone();
            self.storage.retain(|key, _| !key.starts_with(&prefix));
        }
        if self.makes(Mistake::SendsTwoAtOnce) && matches!(self.mode, Mode::Slow | Mode::Hangs) {
            self.tabs[t].tracker.settle(batch.id, Outcome::Unreachable, now);
            self.tabs[t].tracker.wake(now);
        }
        Ok(())
    }

    /// The receiver answers the request; a page that is gone does not hear it.
    pub fn answer(&mut self, request: Request) -> Verdict {
        let coin = self.coin();
        let tab = self.tabs.iter().position(|tab| tab.id == request.tab && !tab.dead);
        let aborted = !request.awaited || tab.is_none();
        if aborted && !coin {
            // It never left the machine.
            return Ok(());
        }
        let outcome = self.server.handle(&request.records, request.mode, coin);
        self.ledger.check_order(&self.server)?;
        let Some(t) = tab.filter(|_| request.awaited) else { return Ok(()) };
        if request.mode == Mode::Hangs || self.tabs[t].asleep {
            return Ok(());
        }
        if self.tabs[t].frozen {
            self.tabs[t].mail.push((request.batch, outcome));
            return Ok(());
        }
        self.settle(t, request.batch, outcome)
    }

    pub fn settle(&mut self, t: usize, batch: BatchId, outcome: Outcome) -> Verdict {
        if !self.answer_stands(t)? {
            // What was on its way is nobody's.
            return Ok(());
        }
        let now = self.now(t);
        let mut told = outcome;
        let failed = matches!(
            outcome,
            Outcome::Retry { .. } | Outcome::Intercepted { .. } | Outcome::Unreachable
        );
        self.tabs[t].tries += u32::from(failed);
        match (self.mistake, outcome) {
            (Some(Mistake::ForgetsToHold), Outcome::Retry { status, .. }) => {
                told = Outcome::Retry { status, retry_after_ms: None };
            }
            (Some(Mistake::HoldsOnlyOldEvents), Outcome::Retry { .. }) => {
                told = Outcome::Unreachable;
            }
            (Some(Mistake::TakesErrorsForSuccess), _)
            | (Some(Mistake::TakesAPageForSuccess), Outcome::Intercepted { .. }) => {
                told = Outcome::Accepted;
            }
            (Some(Mistake::GivesUpAfterThreeTries), _) if self.tabs[t].tries >= 3 => {
                told = Outcome::Accepted;
            }
            (Some(Mistake::DropsAWholeBatch), Outcome::Rejected { .. }) => {
                told = Outcome::Accepted;
            }
            _ => {}
        }
        let tab = &mut self.tabs[t];
        if let Outcome::Retry { retry_after_ms: Some(ms), .. } = outcome {
            tab.silent_until_mono_ms = tab.silent_until_mono_ms.max(now.mono_ms + ms);
        }
        tab.tracker.settle(batch, told, now);
        if told == Outcome::Unreachable && self.mistake == Some(Mistake::HoldsOnlyOldEvents) {
            tab.tracker.wake(now);
        }
        tab.turn_due = true;
        self.observe(t)
    }

    pub fn online(&mut self, t: usize) {
        let now = self.now(t);
        self.tabs[t].tracker.wake(now);
        self.tabs[t].turn_due = true;
    }

    /// The page hides: stored first, then one last request.
    pub fn farewell(&mut self, t: usize) -> Verdict {
        self.look_at_answer(t)?;
        self.save(t, true)?;
        for _ in 0..if self.makes(Mistake::HasNoBudgetWhenHiding) { 2 } else { 1 } {
            if self.tabs[t].dead {
                return Ok(());
            }
            let now = self.now(t);
            let batch = self.tabs[t].tracker.farewell(now);
            self.observe(t)?;
            let Some(batch) = batch else { continue };
            self.send(t, &batch, true)?;
            if self.makes(Mistake::HasNoBudgetWhenHiding) {
                self.tabs[t].tracker.settle(batch.id, Outcome::Unreachable, now);
                self.tabs[t].tracker.wake(now);
            }
        }
        self.save(t, true)
    }

    pub fn close(&mut self, t: usize) -> Verdict {
        self.record(t, Signal::Closed)?;
        self.farewell(t)?;
        self.tabs[t].dead = true;
        Ok(())
    }

    /// Behind another page: whoever is awake may take over what is stored.
    pub fn sleep(&mut self, t: usize) -> Verdict {
        self.record(t, Signal::Closed)?;
        self.farewell(t)?;
        self.let_go(t);
        if !self.tabs[t].dead {
            // What was due still comes, after the handler.
            self.turn(t)?;
        }
        self.tabs[t].asleep = true;
        Ok(())
    }

    pub fn awake(&mut self, t: usize) -> Verdict {
        self.look_at_answer(t)?;
        self.let_go(t);
        self.renamed += 1;
        let tab = &mut self.tabs[t];
        tab.asleep = false;
        tab.prefix = format!("clm_queue/{}-{}/", tab.id, self.renamed);
        tab.tracker.hand_over(tab.prefix.clone());
        self.locks.insert(tab.prefix.clone(), tab.id);
        self.forget_requests(t);
        self.catch_up(t)?;
        self.record(t, Signal::Visible)
    }

    pub fn forget_requests(&mut self, t: usize) {
        let id = self.tabs[t].id;
        self.tabs[t].mail.clear();
        self.requests.iter_mut().filter(|r| r.tab == id).for_each(|r| r.awaited = false);
    }

    /// The person answers in tab `t`; the others hear of it.
    pub fn decide(&mut self, t: usize, granted: bool) -> Verdict {
        for t in 0..self.tabs.len() {
            // Who is asked again has seen that the answer is gone, and so has every other tab.
            if self.tabs[t].runs() {
                self.look_at_answer(t)?;
            }
        }
        let news = self.consent != Some(granted);
        // First what must survive a crash between here and the end.
        self.consent = Some(granted);
        if !granted && news {
            self.ledger.withdraw();
        }
        self.hear(t, granted)?;
        for other in (0..self.tabs.len()).filter(|other| *other != t && news) {
            if self.tabs[other].frozen {
                self.tabs[other].news.push(News::Answered(granted));
            } else if self.tabs[other].runs() {
                self.hear(other, granted)?;
            }
        }
        Ok(())
    }

    /// Storage is empty all of a sudden, also of the person's answer. No tab hears of it.
    pub fn clear(&mut self) {
        if self.consent == Some(true) {
            self.ledger.withdraw();
        }
        self.consent = None;
        self.wipe();
        for tab in self.tabs.iter_mut().filter(|tab| tab.frozen) {
            tab.news.push(News::Cleared);
        }
    }

    pub fn hear_news(&mut self, t: usize, news: News) -> Verdict {
        match news {
            News::Answered(granted) => self.hear(t, granted),
            News::Cleared if self.tabs[t].granted() && self.consent == Some(true) => {
                self.ledger.withdraw_of(self.tabs[t].id);
                self.revoke(t);
                self.grant(t)
            }
            News::Cleared => self.look_at_answer(t),
        }
    }

    /// Before anything is recorded, stored or sent: the yes must still stand, and be this person's.
    fn look_at_answer(&mut self, t: usize) -> Verdict {
        self.answer_stands(t).map(|_| ())
    }

    fn answer_stands(&mut self, t: usize) -> Result<bool, String> {
        let tab = &self.tabs[t];
        if !tab.granted() || self.theme.storage_blocked || self.makes(Mistake::TrustsItsMemory) {
            return Ok(true);
        }
        if self.consent == Some(true) && self.secret.is_none() && tab.secret_kept {
            self.clear();
        }
        let looks_who = self.tabs[t].secret_kept && !self.makes(Mistake::HearsOnlyTheLastAnswer);
        let stored = self.secret.as_ref().map(UserSecret::user_id).filter(|_| looks_who);
        match self.consent {
            None => {
                self.revoke(t);
                self.tabs[t].tracker.ask_again();
                self.wipe();
                Ok(false)
            }
            Some(true) if stored.is_some() && self.tabs[t].tracker.user_id() != stored.as_ref() => {
                self.revoke(t);
                self.grant(t)?;
                Ok(false)
            }
            // A withdrawal comes as news of its own.
            Some(_) => Ok(true),
        }
    }

    /// An answer, perhaps one that does not stand any more.
    pub fn hear(&mut self, t: usize, granted: bool) -> Verdict {
        if granted {
            return if self.consent == Some(true) { self.grant(t) } else { Ok(()) };
        }
        self.revoke(t);
        if self.consent == Some(false) && !self.makes(Mistake::KeepsStorageAfterWithdrawal) {
            self.wipe();
        }
        Ok(())
    }

    /// A page that slept hears nothing: it compares who it was with who the person is now.
    fn catch_up(&mut self, t: usize) -> Verdict {
        if self.consent != Some(true) {
            return self.consent.map_or(Ok(()), |granted| self.hear(t, granted));
        }
        let stored = self.secret.as_ref().map(UserSecret::user_id);
        let stale = self.tabs[t].granted() && self.tabs[t].tracker.user_id() != stored.as_ref();
        if stale {
            // What is in memory only is lost if storage took nothing, not even the secret.
            self.taken(t)?;
            self.revoke(t);
        }
        self.grant(t)
    }

    fn revoke(&mut self, t: usize) {
        self.forget_requests(t);
        let tab = &mut self.tabs[t];
        self.ledger.add_up(tab.tracker.stats());
        self.forbidden.extend(tab.pending_clicks.drain(..));
        if self.mistake != Some(Mistake::RecordsWhenDenied) {
            tab.tracker.revoke();
            tab.recorded = 0;
            tab.session_written = (0, 0);
        }
        tab.unsaved.clear();
        tab.wake_at_mono_ms = None;
    }

    fn wipe(&mut self) {
        self.storage.clear();
        self.secret = None;
        self.session = None;
    }

    pub fn grant(&mut self, t: usize) -> Verdict {
        if self.tabs[t].granted() {
            return Ok(());
        }
        let fresh = UserSecret::new(self.draw());
        let secret = self.secret.clone().unwrap_or(fresh);
        if !self.full && !self.theme.storage_blocked {
            self.secret = Some(secret.clone());
        }
        self.tabs[t].secret_kept = self.secret.is_some();
        let mut state = self.draw();
        let identity = Identity {
            user_id: secret.user_id(),
            session: self.session(),
            queue_prefix: self.tabs[t].prefix.clone(),
            random: Box::new(move || {
                state =
                    state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
                state ^ (state >> 64)
            }),
        };
        let now = self.now(t);
        let tab = &mut self.tabs[t];
        tab.tracker.grant(identity, now);
        tab.pending_clicks.clear();
        tab.turn_due = true;
        let prefix = tab.prefix.clone();
        self.locks.insert(prefix, self.tabs[t].id);
        self.observe(t)
    }

    pub fn now(&self, t: usize) -> Now {
        Now { wall: self.wall(), mono_ms: self.awake_ms - self.tabs[t].born_ms }
    }
}

fn serial_of(line: &str) -> Option<u32> {
    let at = line.find("click ")? + 6;
    line[at..].split('"').next()?.parse().ok()
}
