//! One person's browser around the real core: what it keeps, and how a page in it runs a script.
//!
//! As `src/tracking/pump.rs` drives the core in a real page, with the time of the script in place of a clock.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::value::RawValue;
use tracking::{
    Batch, Consent, Identity, Now, Outcome, Poll, Settings, Signal, StorageOp, StoredSession,
    Timestamp, Tracker, UserId, UserSecret, settings::SESSION_IDLE_MS,
};

use crate::{
    Push,
    place::Place,
    script::{Doing, End, Sitting},
};

/// Where the dashboard is.
const URL: &str = "https://dashboard.example/";
/// A page that was left open is given this long after its last event to say so.
const AFTERWARDS_MS: u64 = 60_000;

/// What stays from one page load to the next.
pub struct Browser {
    secret: UserSecret,
    ids: Rng,
    consent: Option<bool>,
    storage: BTreeMap<String, String>,
    session: Option<StoredSession>,
    pages: u64,
    /// Events may have stayed behind when a page ended.
    owes: bool,
}

impl Browser {
    #[must_use]
    pub fn new(mut ids: Rng) -> Self {
        let secret = UserSecret::new(ids.u128(..));
        Self {
            secret,
            ids,
            consent: None,
            storage: BTreeMap::new(),
            session: None,
            pages: 0,
            owes: false,
        }
    }

    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.secret.user_id()
    }

    /// Whether the question about consent would be asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.consent.is_none()
    }

    #[must_use]
    pub fn has_agreed(&self) -> bool {
        self.consent == Some(true)
    }

    pub fn play(&mut self, places: &[Place], sitting: &Sitting, pushes: &mut Vec<Push>) {
        let mut answer = sitting.answers.filter(|_| self.consent.is_none());
        let outage = sitting.outage;
        let mut page = Page::open(self, sitting.start_ms, outage, pushes);
        let mut at_ms = sitting.start_ms;
        for stay in &sitting.stays {
            let place = &places[stay.place];
            page.until(at_ms, &mut answer, sitting.start_ms);
            page.switch(place, sitting.referrer);
            for (after_ms, doing) in &stay.doings {
                page.until(at_ms + after_ms, &mut answer, sitting.start_ms);
                if let Doing::Reloads(pause_ms) = doing {
                    page.close();
                    let Page { browser, pushes, now, .. } = page;
                    page = Page::open(browser, now.wall.0 + pause_ms, outage, pushes);
                    page.switch(place, URL);
                } else {
                    page.does(place, doing);
                }
            }
            at_ms += stay.ms;
        }
        page.until(at_ms, &mut answer, sitting.start_ms);
        match sitting.end {
            End::Closes => page.close(),
            End::WalksAway => {
                page.record(Signal::Alive);
                page.advance(at_ms + SESSION_IDLE_MS + AFTERWARDS_MS);
                page.save();
                page.browser.owes |= page.tracker.queued() > 0;
            }
        }
    }

    /// A page that is opened once more only sends what stayed behind.
    pub fn hand_in(&mut self, at_ms: u64, pushes: &mut Vec<Push>) {
        if self.owes && self.has_agreed() && !self.storage.is_empty() {
            self.session = None;
            Page::open(self, at_ms, None, pushes).advance(at_ms + AFTERWARDS_MS);
        }
    }
}

struct Page<'a> {
    browser: &'a mut Browser,
    tracker: Tracker,
    settings: Settings,
    prefix: String,
    born_ms: u64,
    now: Now,
    outage: Option<(u64, u64)>,
    pushes: &'a mut Vec<Push>,
}

impl<'a> Page<'a> {
    fn open(
        browser: &'a mut Browser,
        at_ms: u64,
        outage: Option<(u64, u64)>,
        pushes: &'a mut Vec<Push>,
    ) -> Self {
        let denied = browser.consent == Some(false);
        let consent = if denied { Consent::Denied } else { Consent::Pending };
        let settings = Settings::default();
        browser.pages += 1;
        let prefix = format!("clm_queue/{:016x}/", browser.pages);
        let tracker = Tracker::new(settings.clone(), consent);
        let now = Now { wall: Timestamp(at_ms), mono_ms: 0 };
        let mut page =
            Self { browser, tracker, settings, prefix, born_ms: at_ms, now, outage, pushes };
        if page.browser.has_agreed() {
            page.grant();
        }
        page
    }

    fn grant(&mut self) {
        let mut ids = self.browser.ids.fork();
        let identity = Identity {
            user_id: self.browser.secret.user_id(),
            session: self.browser.session.clone(),
            queue_prefix: self.prefix.clone(),
            random: Box::new(move || ids.u128(..)),
        };
        self.tracker.grant(identity, self.now);
        for (key, value) in &self.browser.storage {
            self.tracker.adopt_chunk(key, value, self.now);
        }
    }

    /// Time passes up to `at_ms`, and with it the answer to the question.
    fn until(&mut self, at_ms: u64, answer: &mut Option<crate::script::Answer>, start_ms: u64) {
        if let Some(given) = answer.take_if(|answer| start_ms + answer.after_ms <= at_ms) {
            self.advance(start_ms + given.after_ms);
            self.browser.consent = Some(given.yes);
            if given.yes {
                self.grant();
            } else {
                self.tracker.revoke();
            }
        }
        self.advance(at_ms);
    }

    fn advance(&mut self, to_ms: u64) {
        loop {
            match self.tracker.poll(self.now) {
                Poll::Send(batch) => {
                    self.save();
                    let outcome = self.send(&batch);
                    self.tracker.settle(batch.id, outcome, self.now);
                }
                Poll::WaitUntil(mono_ms) if self.born_ms + mono_ms <= to_ms => {
                    self.at(self.born_ms + mono_ms.max(self.now.mono_ms + 1));
                }
                Poll::WaitUntil(_) | Poll::Idle => break,
            }
        }
        self.at(to_ms.max(self.now.wall.0));
    }

    fn at(&mut self, wall_ms: u64) {
        self.now = Now { wall: Timestamp(wall_ms), mono_ms: wall_ms - self.born_ms };
    }

    fn send(&mut self, batch: &Batch) -> Outcome {
        let at_ms = self.now.wall.0;
        if self.outage.is_some_and(|(from, to)| (from..to).contains(&at_ms)) {
            self.browser.owes = true;
            return Outcome::Unreachable;
        }
        self.pushes.push(Push { at_ms, body: batch.body(&self.settings, self.now) });
        Outcome::Accepted
    }

    fn save(&mut self) {
        for op in self.tracker.storage_ops() {
            match op {
                StorageOp::Put { key, value } => self.browser.storage.insert(key, value),
                StorageOp::Remove { key } => self.browser.storage.remove(&key),
            };
        }
        if let Some(session) = self.tracker.stored_session() {
            self.browser.session = Some(session);
        }
    }

    fn record(&mut self, signal: Signal) {
        self.tracker.record(signal, self.now);
    }

    fn switch(&mut self, place: &Place, referrer: &str) {
        self.record(Signal::Switched {
            demo: false,
            to: place.component.clone(),
            url: URL.to_owned(),
            referrer: referrer.to_owned(),
            visible: true,
        });
    }

    fn does(&mut self, place: &Place, doing: &Doing) {
        let component = place.component.clone();
        match doing {
            Doing::Loads(load_time_ms) => {
                self.record(Signal::Loaded { component, load_time_ms: *load_time_ms });
            }
            Doing::Interacts(interaction_type, details) => self.record(Signal::Interacted {
                component,
                interaction_type: interaction_type.clone(),
                details: details.clone().and_then(|json| RawValue::from_string(json).ok()),
            }),
            Doing::Fails(kind, message) => self.record(Signal::Failed {
                component,
                kind: *kind,
                message: message.clone(),
                stack: String::new(),
            }),
            Doing::Moves => self.record(Signal::Alive),
            Doing::Hides => {
                self.record(Signal::Hidden);
                self.save();
                if let Some(batch) = self.tracker.farewell(self.now) {
                    let outcome = self.send(&batch);
                    self.tracker.settle(batch.id, outcome, self.now);
                }
                self.save();
            }
            Doing::Shows => self.record(Signal::Visible),
            Doing::Reloads(_) => {}
        }
    }

    /// The page goes away before it could hear an answer: the next one sends the same bytes again.
    fn close(&mut self) {
        self.record(Signal::Closed);
        self.save();
        match self.tracker.farewell(self.now) {
            Some(batch) => drop(self.send(&batch)),
            None => self.browser.owes |= self.tracker.queued() > 0,
        }
        self.save();
    }
}
