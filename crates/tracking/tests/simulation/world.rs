//! Time, tabs, storage and locks; runs a schedule to its end.

use std::collections::{BTreeMap, HashMap, HashSet};

use tracking::{
    Component, Consent, ErrorKind, EventId, Settings, Signal, StoredSession, Timestamp, Tracker,
    UserSecret,
};

use crate::{
    ledger::{Ledger, Report, TabId, Verdict, id_of},
    schedule::{Schedule, Step},
    server::{Mode, Server},
    shell::{Mistake, Request, Tab, WRITE_EVERY_MS},
    theme::Theme,
};

const START: u64 = 1_764_000_000_000;
const TABS: usize = 3;

pub struct World<'a> {
    pub theme: &'a Theme,
    pub mistake: Option<Mistake>,
    pub settings: Settings,
    /// Stands still while the machine sleeps.
    pub awake_ms: u64,
    slept_ms: u64,
    jumped_ms: i64,
    pub storage: BTreeMap<String, String>,
    pub full: bool,
    pub consent: Option<bool>,
    pub secret: Option<UserSecret>,
    pub session: Option<StoredSession>,
    /// Which tab holds which lock.
    pub locks: HashMap<String, TabId>,
    pub tabs: Vec<Tab>,
    opened: usize,
    pub renamed: u32,
    pub requests: Vec<Request>,
    pub server: Server,
    pub mode: Mode,
    pub ledger: Ledger,
    clicks: u32,
    /// Clicks that nobody may ever hear of.
    pub forbidden: HashSet<u32>,
    random: u64,
}

/// # Errors
/// Says what was violated.
pub fn run(schedule: &Schedule, theme: &Theme, mistake: Option<Mistake>) -> Result<Report, String> {
    let mut world = World {
        theme,
        mistake,
        settings: theme.settings(),
        awake_ms: 1_000,
        slept_ms: 0,
        jumped_ms: 0,
        storage: BTreeMap::new(),
        full: false,
        consent: theme.consent_at_start.then_some(true),
        secret: None,
        session: None,
        locks: HashMap::new(),
        tabs: Vec::new(),
        opened: 0,
        renamed: 0,
        requests: Vec::new(),
        server: Server::default(),
        mode: Mode::Well,
        ledger: Ledger::default(),
        clicks: 0,
        forbidden: HashSet::new(),
        random: u64::from(schedule.seed) << 8 | 1,
    };
    world.open()?;
    for step in &schedule.steps {
        world.step(*step)?;
        world.microtasks()?;
    }
    world.end()?;
    Ok(world.ledger.report(&world.server))
}

impl World<'_> {
    pub fn draw(&mut self) -> u128 {
        let mut next = || {
            self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        u128::from(next()) << 64 | u128::from(next())
    }

    pub fn coin(&mut self) -> bool {
        self.draw() & 1 == 1
    }

    pub fn wall(&self) -> Timestamp {
        Timestamp((START + self.awake_ms + self.slept_ms).saturating_add_signed(self.jumped_ms))
    }

    fn step(&mut self, step: Step) -> Verdict {
        let tab = |tab: usize| {
            let live = self.tabs.len();
            (live > 0).then(|| tab % live)
        };
        let running = |of: usize| tab(of).filter(|t| self.tabs[*t].runs());
        match step {
            Step::Wait { ms } => self.advance(ms)?,
            Step::Click { tab, bad } => {
                if let Some(t) = running(tab) {
                    self.click(t, bad)?;
                }
            }
            Step::Burst { tab, clicks } => {
                if let Some(t) = running(tab) {
                    for _ in 0..clicks {
                        self.click(t, false)?;
                    }
                }
            }
            Step::Switch { tab, component } => {
                if let Some(t) = running(tab) {
                    let hash = format!("component-{component}");
                    let switched = Signal::Switched {
                        demo: false,
                        to: Component::new(hash.clone(), hash),
                        url: "http://localhost/".to_owned(),
                        referrer: String::new(),
                        visible: !self.tabs[t].hidden,
                    };
                    self.record(t, switched)?;
                }
            }
            Step::Alive { tab } => {
                if let Some(t) = running(tab) {
                    self.record(t, Signal::Alive)?;
                }
            }
            Step::Fail { tab } => {
                if let Some(t) = running(tab) {
                    for _ in 0..12 {
                        let failed = Signal::Failed {
                            component: Component::dashboard(),
                            kind: ErrorKind::Exception,
                            message: "boom".to_owned(),
                            stack: String::new(),
                        };
                        self.record(t, failed)?;
                    }
                }
            }
            Step::Open => self.open()?,
            Step::Hide { tab } => {
                if let Some(t) = running(tab) {
                    self.tabs[t].hidden ^= true;
                    if self.tabs[t].hidden {
                        self.record(t, Signal::Hidden)?;
                        self.farewell(t)?;
                    } else {
                        self.record(t, Signal::Visible)?;
                    }
                }
            }
            Step::Close { tab } => {
                if let Some(t) = running(tab) {
                    self.close(t)?;
                }
            }
            Step::Crash { tab: of } => {
                if let Some(t) = tab(of) {
                    self.tabs[t].dead = true;
                }
            }
            Step::CrashSoon { tab: of, after } => {
                if let Some(t) = tab(of) {
                    self.tabs[t].fuel = Some(after);
                }
            }
            Step::Freeze { tab: of } => match tab(of) {
                Some(t) if self.tabs[t].frozen => self.thaw(t)?,
                Some(t) => self.tabs[t].frozen = !self.tabs[t].asleep,
                None => {}
            },
            Step::Sleep { tab: of } => match tab(of) {
                Some(t) if self.tabs[t].asleep => self.awake(t)?,
                Some(t) if self.tabs[t].runs() => self.sleep(t)?,
                _ => {}
            },
            Step::Online { tab } => {
                if let Some(t) = running(tab) {
                    self.online(t);
                }
            }
            Step::Server(mode) => self.mode = mode,
            Step::Full => self.full ^= true,
            Step::Consent { tab, granted } => {
                if let Some(t) = running(tab) {
                    self.decide(t, granted)?;
                }
            }
            Step::Cleared => self.clear(),
            Step::MachineSleeps { ms } => self.slept_ms += ms,
            Step::ClockJumps { ms } => {
                self.jumped_ms += ms;
                self.ledger.clock_was_set = true;
            }
        }
        Ok(())
    }

    fn click(&mut self, t: usize, bad: bool) -> Verdict {
        self.clicks += 1;
        match self.tabs[t].tracker.consent() {
            _ if self.consent == Some(false) => _ = self.forbidden.insert(self.clicks),
            Consent::Denied => _ = self.forbidden.insert(self.clicks),
            Consent::Pending => self.tabs[t].pending_clicks.push(self.clicks),
            Consent::Granted => {}
        }
        let name = if bad { "bad click" } else { "click" };
        let clicked = Signal::Interacted {
            component: Component::new("component-0", "component-0"),
            interaction_type: format!("{name} {}", self.clicks),
            details: None,
        };
        self.record(t, clicked)
    }

    fn open(&mut self) -> Verdict {
        if self.tabs.len() == TABS {
            return Ok(());
        }
        self.opened += 1;
        let denied = self.consent == Some(false);
        let consent = if denied { Consent::Denied } else { Consent::Pending };
        let tracker = Tracker::new(self.settings.clone(), consent);
        self.tabs.push(Tab::new(self.opened, tracker, self.awake_ms));
        let t = self.tabs.len() - 1;
        if self.consent == Some(true) {
            self.grant(t)?;
        }
        if self.mistake == Some(Mistake::AdoptsWithoutLock) {
            let now = self.now(t);
            for (key, value) in &self.storage {
                self.tabs[t].tracker.adopt_chunk(key, value, now);
            }
        }
        Ok(())
    }

    fn thaw(&mut self, t: usize) -> Verdict {
        self.tabs[t].frozen = false;
        let news = std::mem::take(&mut self.tabs[t].news);
        if self.makes(Mistake::HearsOnlyTheLastAnswer) {
            if let (Some(_), Some(granted)) = (news.last(), self.consent) {
                self.hear(t, granted)?;
            }
        } else {
            for news in news {
                self.hear_news(t, news)?;
            }
        }
        for (batch, outcome) in std::mem::take(&mut self.tabs[t].mail) {
            self.settle(t, batch, outcome)?;
        }
        self.tabs[t].turn_due = true;
        Ok(())
    }

    /// What is due at once: turns, locks that are free, tabs that died.
    fn microtasks(&mut self) -> Verdict {
        for _ in 0..1_000 {
            while let Some(t) = self.tabs.iter().position(|tab| tab.dead) {
                self.bury(t)?;
            }
            self.adopt();
            let Some(t) = self.tabs.iter().position(|tab| tab.turn_due && tab.runs()) else {
                return self.check_bounds();
            };
            self.turn(t)?;
        }
        Err("the shell never rests".to_owned())
    }

    fn check_bounds(&self) -> Verdict {
        for tab in &self.tabs {
            let now = tab.tracker.snapshot(self.now(0));
            let over = now.queued > self.settings.max_queue_events.max(now.in_flight)
                || now.queued_bytes > self.settings.max_queue_bytes
                || now.pending > tracking::settings::MAX_PENDING
                || now.persisted > now.queued;
            if over {
                return Err(format!("a bound is broken: {now:?}"));
            }
        }
        Ok(())
    }

    fn advance(&mut self, ms: u64) -> Verdict {
        let end = self.awake_ms + ms;
        for _ in 0..100_000 {
            self.microtasks()?;
            let timers = self.tabs.iter().filter(|tab| tab.runs());
            let timers = timers.filter_map(|tab| Some(tab.wake_at_mono_ms? + tab.born_ms));
            let answers = self.requests.iter().map(|request| request.answer_at_ms);
            // A browser's timer takes 1 ms at least.
            let saves = self.tabs.iter().filter(|tab| tab.runs());
            let saves = saves.filter_map(|tab| tab.save_at_ms);
            let next = timers.chain(saves).chain(answers).min().map(|at| at.max(self.awake_ms + 1));
            let Some(next) = next.filter(|at| *at <= end) else {
                self.awake_ms = end;
                return self.microtasks();
            };
            self.awake_ms = next;
            let due = self.requests.iter().position(|request| request.answer_at_ms <= next);
            if let Some(due) = due {
                let request = self.requests.remove(due);
                self.answer(request)?;
            }
            for t in 0..self.tabs.len() {
                if self.tabs[t].runs() && self.tabs[t].save_at_ms.is_some_and(|at| at <= next) {
                    self.save(t, false)?;
                }
            }
            for tab in self.tabs.iter_mut().filter(|tab| tab.runs()) {
                if tab.wake_at_mono_ms.is_some_and(|at| at + tab.born_ms <= next) {
                    tab.wake_at_mono_ms = None;
                    tab.turn_due = true;
                }
            }
        }
        Err("time does not pass".to_owned())
    }

    /// Whoever runs takes over what belongs to a lock that nobody holds.
    fn adopt(&mut self) {
        if self.mistake == Some(Mistake::NeverAdopts) {
            return;
        }
        let free = |key: &&String| {
            let prefix = prefix_of(key);
            !self.locks.contains_key(prefix)
        };
        let Some(prefix) = self.storage.keys().find(free).map(|key| prefix_of(key).to_owned())
        else {
            return;
        };
        let Some(t) = self.tabs.iter().position(|tab| tab.runs() && tab.granted()) else { return };
        let (id, now) = (self.tabs[t].id, self.now(t));
        self.locks.insert(prefix.clone(), id);
        let mut chunks: Vec<_> = self
            .storage
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix))
            .map(|(key, value)| (key[prefix.len()..].parse::<u64>().unwrap(), key, value))
            .collect();
        chunks.sort_unstable_by(|a, b| b.cmp(a));
        for (_, key, value) in chunks {
            self.tabs[t].tracker.adopt_chunk(key, value, now);
            for line in value.lines().skip(1) {
                if let Some(entry) =
                    id_of(line).ok().and_then(|id| self.ledger.entries.get_mut(&id))
                {
                    entry.owner = Some(id);
                }
            }
        }
        self.tabs[t].turn_due = true;
    }

    fn stored_ids(&self) -> HashSet<EventId> {
        let lines = self.storage.values().flat_map(|value| value.lines().skip(1));
        lines.filter_map(|line| id_of(line).ok()).collect()
    }

    /// The tab's locks are free, and what it has stored is anybody's.
    pub fn let_go(&mut self, t: usize) {
        let id = self.tabs[t].id;
        self.locks.retain(|_, holder| *holder != id);
        self.ledger.unordered.insert(id);
        let stored = self.stored_ids();
        for (event, entry) in &mut self.ledger.entries {
            if entry.owner == Some(id) && stored.contains(event) {
                entry.owner = None;
            }
        }
    }

    fn bury(&mut self, t: usize) -> Verdict {
        self.let_go(t);
        self.taken(t)?;
        self.ledger.add_up(self.tabs[t].tracker.stats());
        self.tabs.remove(t);
        Ok(())
    }

    /// Nobody can keep what is lost before its first write, or what storage does not take. Until
    /// now it must have been in the tracker's queue, though.
    pub fn taken(&mut self, t: usize) -> Verdict {
        let tab = &self.tabs[t];
        let mut gone = 0;
        for (event, entry) in &mut self.ledger.entries {
            if entry.owner != Some(tab.id) {
                continue;
            }
            entry.owner = None;
            if !self.server.arrived.contains_key(event) && !entry.withdrawn {
                gone += 1;
                let unsaved = tab
                    .unsaved
                    .iter()
                    .any(|(id, at_ms)| id == event && self.awake_ms <= at_ms + WRITE_EVERY_MS);
                entry.taken_by_crash = tab.refused || unsaved;
            }
        }
        let known = tab.tracker.queued() as u64 + tab.tracker.stats().dropped.total();
        if gone > known {
            return Err(format!("{gone} events lost, {known} in the queue or counted"));
        }
        Ok(())
    }

    fn end(&mut self) -> Verdict {
        self.mode = Mode::Well;
        self.full = false;
        for t in 0..self.tabs.len() {
            self.tabs[t].fuel = None;
            if self.tabs[t].frozen {
                self.thaw(t)?;
            }
            if self.tabs[t].asleep {
                self.awake(t)?;
            }
        }
        self.microtasks()?;
        if self.consent != Some(true) {
            self.advance(60_000)?;
            let clean = self.storage.is_empty() && self.secret.is_none() && self.session.is_none();
            return if clean { Ok(()) } else { Err("left after consent was withdrawn".to_owned()) };
        }
        self.drain()?;
        for t in (0..self.tabs.len()).rev() {
            self.close(t)?;
        }
        self.advance(20_000)?;
        self.open()?;
        self.drain()?;
        self.advance(1_000)?;
        self.ledger.add_up(self.tabs[0].tracker.stats());
        self.ledger.close(&self.server)?;
        if !self.storage.is_empty() {
            return Err(format!("left in storage: {:?}", self.storage));
        }
        Ok(())
    }

    /// All is well again: however long the longest wait was, the queues are empty soon.
    fn drain(&mut self) -> Verdict {
        for _ in 0..40 {
            self.advance(30_000)?;
            if self.tabs.iter().all(|tab| tab.tracker.queued() == 0) {
                return Ok(());
            }
        }
        Err(format!("{} events are stuck", self.tabs[0].tracker.queued()))
    }
}

fn prefix_of(key: &str) -> &str {
    key.rfind('/').map_or(key, |at| &key[..=at])
}
