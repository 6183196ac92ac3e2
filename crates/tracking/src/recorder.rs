//! Signals -> records: which session, which visit, how long. Exists only while there is consent.

use std::collections::VecDeque;

use crate::{
    event::{
        COMPONENT_LOADED, Component, DropReason, ENTRY, EXIT, ErrorKind, Event, HIDDEN, Record,
    },
    frozen::Frozen,
    id::{EventId, SessionId, UserId},
    limit,
    queue::Queue,
    repeats::Repeats,
    scrub::{Private, scrub, scrub_url},
    session::{Session, StoredSession},
    settings::{MAX_PENDING, SESSION_IDLE_MS, Settings},
    signal::Signal,
    stats::Stats,
    time::{Now, Timestamp},
};

/// Draws 128 random bits from the platform.
pub type Random = Box<dyn FnMut() -> u128>;

/// Sees every event before it is frozen: may change it, or keep it from being recorded with `None`.
pub type BeforeRecord = Box<dyn FnMut(&Component, Event) -> Option<Event>>;

/// A wall clock that was set back by less than this is taken to stand still, so that events keep their order.
const SMALL_SET_BACK_MS: u64 = 60_000;
/// How many records the Live page can look back on.
const RECENT: usize = 500;

/// A component on the screen, from its visit to its exit.
#[derive(Debug)]
struct Visit {
    component: Component,
    url: String,
    referrer: String,
    index: u64,
    /// The part of the visit that goes on now. None while the tab is hidden or nobody moves.
    stretch: Option<Stretch>,
    /// An exit that says where the visit led to is still owed.
    open: bool,
    /// Another tab has begun a new session since; in that one this visit is still to come.
    of_earlier_session: bool,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    opened: Now,
    /// Last sign of life in this tab.
    alive: Now,
}

impl Stretch {
    /// Where the stretch ends at the latest: the idle limit after the last sign of life.
    fn end(&self, now: Now) -> Now {
        let latest = self.alive.mono_ms + SESSION_IDLE_MS;
        if now.mono_ms <= latest && now.wall.0 <= self.alive.wall.0 + SESSION_IDLE_MS {
            return now;
        }
        Now {
            wall: Timestamp(now.wall.0.min(self.alive.wall.0 + SESSION_IDLE_MS)),
            mono_ms: now.mono_ms.min(latest),
        }
    }

    fn is_idle(&self, now: Now) -> bool {
        self.end(now) != now
    }
}

/// A component that was chosen while nobody could see it: its visit begins when it is seen.
#[derive(Debug)]
struct Unseen {
    component: Component,
    url: String,
    referrer: String,
    demo: bool,
    /// What it told meanwhile.
    told: Vec<Signal>,
}

/// The latest address and how it reads scrubbed: a page is at one for long.
#[derive(Default)]
struct Address {
    raw: String,
    clean: String,
}

impl Address {
    fn clean(&mut self, raw: &str, extra: &[Private]) -> String {
        if self.raw != raw {
            raw.clone_into(&mut self.raw);
            self.clean = scrub_url(raw, extra, limit::URL);
        }
        self.clean.clone()
    }
}

pub(crate) struct Recorder {
    user_id: UserId,
    pub random: Random,
    session: Option<Session>,
    /// The session is over; the next sign of life starts another.
    session_over: bool,
    visit: Option<Visit>,
    unseen: Option<Unseen>,
    hidden: bool,
    /// The player of a demo journey chose what is on the screen.
    demo: bool,
    last_timestamp: Timestamp,
    repeats: Repeats,
    pub before_record: Option<BeforeRecord>,
    pub scrub: Vec<Private>,
    url: Address,
    referrer: Address,
    pub queue: Queue,
    pub recent: VecDeque<Frozen>,
}

impl Recorder {
    pub fn new(user_id: UserId, random: Random, queue: Queue) -> Self {
        Self {
            user_id,
            random,
            session: None,
            session_over: false,
            visit: None,
            unseen: None,
            hidden: false,
            demo: false,
            last_timestamp: Timestamp(0),
            repeats: Repeats::default(),
            before_record: None,
            scrub: Vec::new(),
            url: Address::default(),
            referrer: Address::default(),
            queue,
            recent: VecDeque::new(),
        }
    }

    pub fn configure(&mut self, settings: &Settings) {
        self.scrub.clone_from(&settings.scrub);
        (self.url, self.referrer) = (Address::default(), Address::default());
        let Settings { max_queue_events, max_queue_bytes, job, .. } = settings;
        self.queue.configure(*max_queue_events, *max_queue_bytes, job);
    }

    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    pub fn session_id(&self) -> Option<&SessionId> {
        self.session.as_ref().map(|session| &session.id)
    }

    pub fn stored_session(&self) -> Option<StoredSession> {
        self.session.as_ref().map(Session::to_store)
    }

    /// True when the next sign of life would start a session: look first whether another tab has one.
    pub fn wants_session(&self, now: Now) -> bool {
        self.session_over || self.session.as_ref().is_none_or(|session| session.is_over(now))
    }

    /// News of the session the tabs share.
    pub fn adopt_session(&mut self, stored: StoredSession, now: Now, stats: &mut Stats) {
        if !stored.is_alive(now.wall) {
            return;
        }
        if let Some(session) = &mut self.session
            && session.id == stored.id
        {
            session.catch_up(stored, now);
            self.session_over = session.is_over(now);
            return;
        }
        // The old session's last exit belongs to the old session.
        self.end_idle_stretch(now, stats);
        if self.session.is_none() || self.session_over {
            let random = (self.random)();
            self.session = Some(Session::join(stored, now, random));
            self.session_over = false;
            if let Some(visit) = &mut self.visit {
                visit.of_earlier_session = true;
            }
        }
    }

    pub fn adopt_chunk(&mut self, key: &str, value: &str, stats: &mut Stats) {
        self.queue.adopt(key, value, &self.user_id, stats);
    }

    pub fn record(&mut self, signal: Signal, now: Now, stats: &mut Stats) {
        self.end_idle_stretch(now, stats);
        let Some(signal) = self.hold_back(signal, stats) else { return };
        match signal {
            Signal::Switched { to, url, referrer, visible: true, demo } => {
                self.hidden = false;
                self.unseen = None;
                self.choose(to, url, referrer, demo, now, stats);
            }
            Signal::Switched { to, url, referrer, visible: false, demo } => {
                self.hide(now, stats);
                let is_open = self.visit.as_ref().is_some_and(|v| v.component.hash == to.hash);
                self.unseen = (!is_open || self.demo != demo).then_some(Unseen {
                    component: to,
                    url,
                    referrer,
                    demo,
                    told: Vec::new(),
                });
            }
            Signal::Loaded { component, load_time_ms } => {
                let event = Event::ComponentInteraction {
                    interaction_type: COMPONENT_LOADED.to_owned(),
                    load_time_ms: Some(load_time_ms),
                    details: None,
                };
                self.note(component, event, now, stats);
            }
            Signal::Interacted { component, interaction_type, details } => {
                if !self.hidden {
                    self.come_alive(now, stats);
                }
                let event =
                    Event::ComponentInteraction { interaction_type, load_time_ms: None, details };
                self.note(component, event, now, stats);
            }
            Signal::Failed { component, kind, message, stack } => {
                self.fail(component, kind, &message, &stack, now, stats);
            }
            Signal::Flooded { component, count } => {
                stats.drop_quietly(DropReason::Flooded, count);
                let event = Event::TrackingDropped {
                    dropped_reason: DropReason::Flooded,
                    dropped_count: count,
                };
                self.note(component, event, now, stats);
            }
            Signal::Alive => self.come_alive(now, stats),
            Signal::Hidden => self.hide(now, stats),
            Signal::Visible => {
                self.hidden = false;
                match self.unseen.take() {
                    Some(Unseen { component, url, referrer, demo, told }) => {
                        self.choose(component, url, referrer, demo, now, stats);
                        for signal in told {
                            self.record(signal, now, stats);
                        }
                    }
                    None => self.come_alive(now, stats),
                }
            }
            Signal::Closed => {
                self.exit(EXIT, true, now, stats);
                let untold = self.repeats.take_untold();
                if untold > 0 {
                    self.note_dropped(DropReason::Repeated, untold, now, stats);
                }
            }
        }
    }

    /// What a component tells that was chosen and not seen yet waits until it is. Nobody sees it: nothing
    /// is recorded.
    fn hold_back(&mut self, signal: Signal, stats: &mut Stats) -> Option<Signal> {
        let about = match &signal {
            Signal::Loaded { component, .. }
            | Signal::Interacted { component, .. }
            | Signal::Failed { component, .. }
            | Signal::Flooded { component, .. } => component,
            Signal::Switched { .. }
            | Signal::Alive
            | Signal::Hidden
            | Signal::Visible
            | Signal::Closed => return Some(signal),
        };
        let unseen = self.unseen.as_mut().filter(|unseen| unseen.component.hash == about.hash);
        let Some(unseen) = unseen else { return Some(signal) };
        if unseen.told.len() < MAX_PENDING {
            unseen.told.push(signal);
        } else {
            stats.drop_events(DropReason::PendingFull, 1);
        }
        None
    }

    fn hide(&mut self, now: Now, stats: &mut Stats) {
        self.hidden = true;
        if self.visit.as_ref().is_some_and(|visit| visit.stretch.is_some()) {
            self.exit(HIDDEN, false, now, stats);
        }
    }

    /// The person chooses a component and sees it.
    fn choose(
        &mut self,
        to: Component,
        url: String,
        referrer: String,
        demo: bool,
        now: Now,
        stats: &mut Stats,
    ) {
        let same = self.visit.as_ref().is_some_and(|visit| visit.component.hash == to.hash);
        if same && self.demo == demo {
            self.come_alive(now, stats);
        } else {
            self.switch(to, url, referrer, demo, now, stats);
        }
    }

    fn fail(
        &mut self,
        component: Component,
        error_kind: ErrorKind,
        message: &str,
        stack: &str,
        now: Now,
        stats: &mut Stats,
    ) {
        let error_message = scrub(message, &self.scrub, limit::ERROR_MESSAGE);
        let admitted = self.repeats.admit(&component, error_kind, &error_message, now.mono_ms);
        let Some(suppressed) = admitted else {
            stats.drop_quietly(DropReason::Repeated, 1);
            return;
        };
        let error_stack = scrub(stack, &self.scrub, limit::ERROR_STACK);
        let event = Event::ComponentError { error_kind, error_message, error_stack, suppressed };
        self.note(component, event, now, stats);
    }

    /// Closes what idleness has ended. Called before every signal and by the shell's timer.
    pub fn end_idle_stretch(&mut self, now: Now, stats: &mut Stats) {
        if self.session_over {
            return;
        }
        let over = self.session.as_ref().is_some_and(|session| session.is_over(now));
        let stretch = self.visit.as_ref().and_then(|visit| visit.stretch);
        let end = match stretch {
            Some(stretch) if over || stretch.is_idle(now) => Some(stretch.end(now)),
            Some(_) => None,
            None if over => self.session.as_ref().map(Session::last_alive),
            None => None,
        };
        if let Some(mut end) = end {
            // Not before what was recorded since, for instance that the tab was hidden.
            end.wall = end.wall.max(self.last_timestamp.min(now.wall));
            self.exit(EXIT, true, end, stats);
        }
        self.session_over = over;
    }

    /// When the shell should call again so that an idle stretch ends in time.
    pub fn idle_at_mono_ms(&self) -> Option<u64> {
        let stretch = self.visit.as_ref()?.stretch?;
        Some(stretch.alive.mono_ms + SESSION_IDLE_MS)
    }

    fn come_alive(&mut self, now: Now, stats: &mut Stats) {
        if self.visit.is_none() {
            return;
        }
        // Somebody is there again, after the demo.
        self.demo &= !self.session_over;
        let earlier = self.visit.as_ref().is_some_and(|visit| visit.of_earlier_session);
        if self.ensure_session(now, stats) || (earlier && !self.hidden) {
            self.enter_again(now, stats);
            return;
        }
        if let Some(session) = &mut self.session {
            session.alive(now);
        }
        let hidden = self.hidden;
        let Some(visit) = &mut self.visit else { return };
        match &mut visit.stretch {
            Some(stretch) => stretch.alive = now,
            None if hidden => {}
            None => {
                visit.stretch = Some(Stretch { opened: now, alive: now });
                visit.open = true;
                let (component, visit_index) = (visit.component.clone(), visit.index);
                self.push(component, Event::ComponentResume { visit_index }, now, stats);
            }
        }
    }

    /// True when a session was started.
    fn ensure_session(&mut self, now: Now, stats: &mut Stats) -> bool {
        if self.session.is_some() && !self.session_over {
            return false;
        }
        let previous_session_id = self.session.take().map(|session| session.id);
        let random = (self.random)();
        self.session = Some(Session::start(now, random));
        self.session_over = false;
        let start = Event::SessionStart { previous_session_id };
        self.push(Component::dashboard(), start, now, stats);
        true
    }

    /// The first visit of a new session is to the component that is still on the screen.
    fn enter_again(&mut self, now: Now, stats: &mut Stats) {
        if let Some(Visit { component, url, referrer, .. }) = self.visit.take() {
            self.enter(component, url, referrer, now, stats);
        }
    }

    fn switch(
        &mut self,
        to: Component,
        url: String,
        referrer: String,
        demo: bool,
        now: Now,
        stats: &mut Stats,
    ) {
        if !self.session_over {
            self.exit(&to.hash, false, now, stats);
        }
        self.demo = demo;
        self.ensure_session(now, stats);
        // A page that was loaded again goes on with the visit it was on.
        let first_of_this_page = self.visit.is_none();
        if let Some(session) = &mut self.session {
            session.alive(now);
            if first_of_this_page
                && session.last_component.as_ref().is_some_and(|last| last.hash == to.hash)
            {
                let index = session.visits;
                self.visit = Some(Visit {
                    component: to,
                    url,
                    referrer,
                    index,
                    stretch: None,
                    open: true,
                    of_earlier_session: false,
                });
                self.come_alive(now, stats);
                return;
            }
        }
        self.enter(to, url, referrer, now, stats);
    }

    fn enter(&mut self, to: Component, url: String, referrer: String, now: Now, stats: &mut Stats) {
        let Some(session) = &mut self.session else { return };
        session.alive(now);
        session.visits += 1;
        let visit_index = session.visits;
        let previous = session
            .last_component
            .replace(to.clone())
            .unwrap_or_else(|| Component::new(ENTRY, ENTRY));
        let stretch = (!self.hidden).then_some(Stretch { opened: now, alive: now });
        let event = Event::ComponentVisit {
            url: self.url.clean(&url, &self.scrub),
            referrer: self.referrer.clean(&referrer, &self.scrub),
            visit_index,
            is_entry: visit_index == 1,
            prev_component: previous.hash,
            prev_component_name: previous.name,
        };
        self.visit = Some(Visit {
            component: to.clone(),
            url,
            referrer,
            index: visit_index,
            stretch,
            open: true,
            of_earlier_session: false,
        });
        self.push(to, event, now, stats);
    }

    /// Ends the stretch, if one goes on. A visit that was hidden still owes where it led to: its
    /// last exit has no duration.
    fn exit(&mut self, next_component: &str, is_last: bool, now: Now, stats: &mut Stats) {
        let Some(visit) = &mut self.visit else { return };
        if !visit.open {
            return;
        }
        let duration_ms = visit
            .stretch
            .take()
            .map_or(0, |stretch| stretch.end(now).mono_ms.saturating_sub(stretch.opened.mono_ms));
        visit.open = next_component == HIDDEN;
        let component = visit.component.clone();
        let session_elapsed_ms = self.session.as_ref().map_or(0, |session| session.elapsed_ms(now));
        let next_component = next_component.to_owned();
        let event =
            Event::ComponentExit { duration_ms, next_component, is_last, session_elapsed_ms };
        self.push(component, event, now, stats);
    }

    /// An event that says nothing about a person: it belongs to the session that is there.
    fn note(&mut self, component: Component, event: Event, now: Now, stats: &mut Stats) {
        if self.session.is_none() {
            self.ensure_session(now, stats);
        }
        self.push(component, event, now, stats);
    }

    pub fn note_dropped(&mut self, reason: DropReason, count: u64, now: Now, stats: &mut Stats) {
        let event = Event::TrackingDropped { dropped_reason: reason, dropped_count: count };
        self.note(Component::dashboard(), event, now, stats);
    }

    fn push(&mut self, component: Component, event: Event, now: Now, stats: &mut Stats) {
        let Some(session) = &mut self.session else { return };
        let mut event = event;
        if let Some(before_record) = &mut self.before_record {
            let Some(changed) = before_record(&component, event) else {
                stats.drop_quietly(DropReason::Filtered, 1);
                return;
            };
            event = changed;
        }
        event.fit();
        let behind = self.last_timestamp.0.saturating_sub(now.wall.0);
        let timestamp =
            if behind < SMALL_SET_BACK_MS { self.last_timestamp.max(now.wall) } else { now.wall };
        self.last_timestamp = timestamp;
        let mut component = component;
        limit::fit(&mut component.hash, limit::NAME);
        limit::fit(&mut component.name, limit::NAME);
        let record = Record {
            event_id: EventId((self.random)()),
            timestamp,
            user_id: self.user_id.clone(),
            session_id: session.id.clone(),
            seq: session.take_seq(),
            component,
            demo: self.demo && !matches!(event, Event::TrackingDropped { .. }),
            event,
        };
        stats.recorded += 1;
        let Some(frozen) = Frozen::new(record) else {
            stats.drop_events(DropReason::TooLarge, 1);
            return;
        };
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(frozen.clone());
        self.queue.push(frozen, stats);
    }
}
