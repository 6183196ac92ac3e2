//! The dashboard's state, everything that can happen to it, and how it changes. Pure.

use std::rc::Rc;

use tracking::ErrorKind;

use super::recent::Recent;
use crate::{
    demo::Journeys,
    player::{Command, Player},
    registry::{Component, Registry},
    route::{Page, Route},
};

/// How many component events the store remembers.
pub const RECENT_EVENTS: usize = 50;

#[derive(Clone, Debug, PartialEq, yewdux::Store)]
pub struct Clm {
    pub registry: RegistryState,
    pub page: Page,
    /// What the Insights and the Sessions page are asked, as it stands in the address. It goes along to the
    /// other pages and back.
    pub query: String,
    /// The address that leads nowhere, while [`Page::Unknown`] is shown.
    pub unknown: Rc<str>,
    /// The one session that the Sessions page shows.
    pub session: Option<Rc<str>>,
    /// While a session is shown again, it and not the person decides what the dashboard shows.
    pub replay: Option<Replay>,
    /// Frames are made anew after each replay.
    replays: u32,
    /// The demo journeys that there are, once somebody has asked.
    pub journeys: Option<Rc<Journeys>>,
    /// The one that is played: it chooses components as a person would.
    pub demo: Option<Player>,
    /// It, and not the person, chose the active component.
    pub by_demo: bool,
    /// What the address asked for before the registry was there.
    wanted: Option<Wanted>,
    pub active: Option<Rc<str>>,
    /// Every component that was opened, in the order of opening: a frame that moves in the document would load
    /// again.
    pub opened: Vec<ComponentState>,
    pub recent_events: Recent<ComponentEvent>,
    pub selected_user: Option<Rc<str>>,
    pub metrics: Metrics,
    pub tab_visible: bool,
    /// Somebody has looked at the tab since the page was loaded.
    pub tab_seen: bool,
    /// What the person chose; the system's choice otherwise.
    pub theme: Option<Theme>,
    pub over: Option<Over>,
    /// Which of the hints is shown.
    pub hint: Option<usize>,
    /// For this visit, single keys do nothing: who speaks to the browser needs that.
    pub keys_off: bool,
}

/// What lies over the page; one thing at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    /// The list, where it is a drawer.
    Components,
    Help,
    Palette,
    Privacy,
}

/// A component that an address asks for, and that address.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    hash: Rc<str>,
    fragment: Rc<str>,
}

/// A session that is shown again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub player: Player,
    /// Components that would not be open without it.
    opened: Vec<Rc<str>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// What a switch changes to.
    #[must_use]
    pub fn other(chosen: Option<Self>, system_is_dark: bool) -> Self {
        let is_dark = chosen.map_or(system_is_dark, |theme| theme == Self::Dark);
        if is_dark { Self::Light } else { Self::Dark }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Default for Clm {
    fn default() -> Self {
        Self {
            registry: RegistryState::Loading,
            page: Page::Dashboard,
            query: String::new(),
            unknown: "".into(),
            session: None,
            replay: None,
            replays: 0,
            journeys: None,
            demo: None,
            by_demo: false,
            wanted: None,
            active: None,
            opened: Vec::new(),
            recent_events: Recent::new(RECENT_EVENTS),
            selected_user: None,
            metrics: Metrics::default(),
            tab_visible: true,
            tab_seen: true,
            theme: None,
            over: None,
            hint: None,
            keys_off: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum RegistryState {
    Loading,
    Failed(Rc<str>),
    Ready(Rc<Registry>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ComponentState {
    pub hash: Rc<str>,
    pub status: Status,
    pub load_time_ms: Option<u64>,
    /// Raised by each retry, so that the frame is made anew.
    pub attempt: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Loading,
    Loaded,
    Failed { kind: ErrorKind, message: Rc<str> },
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComponentEvent {
    pub component: Rc<str>,
    pub event: Rc<str>,
    /// Wall clock, ms.
    pub at_ms: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    pub events: u64,
    pub heartbeats: u64,
    /// Messages that were ignored: of no frame of ours, or not of the protocol.
    pub malformed: u64,
    /// Messages that nobody looked at, because their sender said too much.
    pub left_out: u64,
}

/// What an operator may try, to see that nothing is lost unseen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing is sent any more; or it is again.
    Pause(bool),
    /// Every request fails as without a network; or no longer.
    Offline(bool),
    /// What waits to be sent is dropped.
    Forget,
}

/// Everything that can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    RegistryRequested,
    RegistryLoaded(Rc<Registry>),
    RegistryFailed {
        kind: ErrorKind,
        message: Rc<str>,
    },
    /// The address changed, by a link, the back button or a hand.
    RouteChanged(Route),
    SetActiveComponent(Rc<str>),
    ComponentLoaded {
        hash: Rc<str>,
        load_time_ms: u64,
    },
    ComponentFailed {
        hash: Rc<str>,
        kind: ErrorKind,
        message: Rc<str>,
        stack: Rc<str>,
    },
    RetryComponent(Rc<str>),
    /// Something in the page outside of the frames went wrong.
    PageFailed {
        kind: ErrorKind,
        message: Rc<str>,
        stack: Rc<str>,
    },
    ComponentEvent {
        hash: Rc<str>,
        event: Rc<str>,
        details: Option<Rc<str>>,
        at_ms: u64,
    },
    UserSelected(Rc<str>),
    Heartbeat(Rc<str>),
    /// A message that was not for us or not well-formed.
    MessageRejected,
    /// The page was loaded in a tab in the background, or ahead of time.
    OpenedUnseen,
    /// So many messages came that these were left out: of a component, or of nobody we know.
    MessagesLeftOut {
        hash: Option<Rc<str>>,
        count: u64,
    },
    TabVisible(bool),
    ThemeChosen(Theme),
    /// Laid over the page, or put away.
    Over(Option<Over>),
    /// This hint is shown; none of them ever again.
    Hint(Option<usize>),
    SingleKeys(bool),
    /// The person moved, typed or scrolled.
    PersonActive,
    /// A session is shown again. Not the person's doing: the tracker is told nothing of it.
    Replay(Command),
    /// Somebody wants to know which demo journeys there are.
    JourneysRequested,
    JourneysLoaded(Rc<Journeys>),
    /// A demo journey is played: what comes of it are actions like a person's.
    Demo(Command),
    /// A fault of delivery is tried out, in this tab only, or ended.
    FaultTried(Fault),
    /// The page goes away.
    PageClosed,
    /// The person's answer to the question about tracking.
    ConsentAnswered(bool),
}

impl Clm {
    #[must_use]
    pub fn registry(&self) -> Option<&Rc<Registry>> {
        match &self.registry {
            RegistryState::Ready(registry) => Some(registry),
            RegistryState::Loading | RegistryState::Failed(_) => None,
        }
    }

    #[must_use]
    pub fn component(&self, hash: &str) -> Option<&Component> {
        self.registry()?.find(hash)
    }

    #[must_use]
    pub fn active_component(&self) -> Option<&Component> {
        self.component(self.active.as_deref()?)
    }

    /// Whether a person can see the active component now.
    #[must_use]
    pub fn on_screen(&self) -> bool {
        self.active.is_some() && self.tab_visible && self.page == Page::Dashboard
    }

    /// The component in front: the replay's, or the person's own.
    #[must_use]
    pub fn shown(&self) -> Option<&Rc<str>> {
        match &self.replay {
            Some(replay) => replay.player.component(),
            None => self.active.as_ref(),
        }
    }

    /// Whether the dashboard is in front: the person is there, or a replay is.
    #[must_use]
    pub fn shows_dashboard(&self) -> bool {
        self.page == Page::Dashboard || self.replay.is_some()
    }

    /// How it is with a component that was opened.
    #[must_use]
    pub fn opened(&self, hash: &str) -> Option<&ComponentState> {
        self.opened.iter().find(|component| *component.hash == *hash)
    }

    fn opened_mut(&mut self, hash: &str) -> Option<&mut ComponentState> {
        self.opened.iter_mut().find(|component| *component.hash == *hash)
    }

    /// What the dashboard shows to who asks for nothing else: what was there, or the first component.
    #[must_use]
    pub fn home(&self) -> Option<Rc<str>> {
        let first = || self.registry()?.components.first().map(|component| component.hash.clone());
        self.active.clone().or_else(first)
    }

    /// The address of `page`, with the question that goes along.
    #[must_use]
    pub fn address_of(&self, page: Page) -> String {
        let address = Route::fragment(page, self.active.as_deref());
        if page.has_question() { self.with_question(address) } else { address }
    }

    /// `address` with the question that the Insights and the Sessions page are asked.
    #[must_use]
    pub fn with_question(&self, mut address: String) -> String {
        if !self.query.is_empty() {
            address.push('?');
            address.push_str(&self.query);
        }
        address
    }

    /// The dashboard comes to the front: with the component that the address names, or with the one it had.
    /// Nobody sees a component while another page is in front, so none is opened before this.
    fn enter_dashboard(&mut self) {
        if self.registry().is_none() {
            return;
        }
        match self.wanted.take() {
            Some(wanted) if self.component(&wanted.hash).is_some() => self.open(&wanted.hash),
            Some(wanted) => {
                self.page = Page::Unknown;
                self.unknown = wanted.fragment;
            }
            None if self.active.is_some() => {}
            None => {
                if let Some(hash) = self.home() {
                    self.open(&hash);
                }
            }
        }
    }

    fn open(&mut self, hash: &Rc<str>) {
        if self.component(hash).is_none() {
            return;
        }
        // A person who goes elsewhere is not taken away again.
        let playing = self.demo.as_mut().filter(|demo| demo.is_playing());
        self.by_demo = playing.is_some_and(|demo| {
            let by_demo = demo.component() == Some(hash);
            if !by_demo {
                demo.halt();
            }
            by_demo
        });
        self.active = Some(hash.clone());
        self.page = Page::Dashboard;
        self.make_frame(hash);
    }

    /// Whether there was none.
    fn make_frame(&mut self, hash: &Rc<str>) -> bool {
        if self.component(hash).is_none() || self.opened(hash).is_some() {
            return false;
        }
        self.opened.push(ComponentState {
            hash: hash.clone(),
            status: Status::Loading,
            load_time_ms: None,
            attempt: self.replays,
        });
        true
    }

    fn replay(&mut self, command: &Command) {
        if let Command::Start(..) | Command::Stop = command {
            self.end_replay();
        }
        // Where a person is looking, nothing else is shown.
        if self.page == Page::Dashboard {
            return;
        }
        let (player, opened) = match self.replay.take() {
            Some(Replay { player, opened }) => (Some(player), opened),
            None => (None, Vec::new()),
        };
        let Some(player) = Player::after(player, command) else { return };
        let hash = player.component().cloned();
        self.replay = Some(Replay { player, opened });
        let Some(hash) = hash else { return };
        if self.make_frame(&hash)
            && let Some(replay) = &mut self.replay
        {
            replay.opened.push(hash);
        }
    }

    /// Nothing of it stays: what only the replay opened is closed.
    fn end_replay(&mut self) {
        let Some(replay) = self.replay.take() else { return };
        self.replays += 1;
        self.opened.retain(|component| !replay.opened.contains(&component.hash));
    }
}

/// The state after `action`.
#[must_use]
pub fn reduce(mut state: Rc<Clm>, action: &Action) -> Rc<Clm> {
    let clm = Rc::make_mut(&mut state);
    match action {
        Action::RegistryRequested => clm.registry = RegistryState::Loading,
        Action::RegistryLoaded(registry) => {
            clm.end_replay();
            clm.registry = RegistryState::Ready(registry.clone());
            if clm.page == Page::Dashboard {
                clm.enter_dashboard();
            }
        }
        Action::RegistryFailed { message, .. } => {
            clm.registry = RegistryState::Failed(message.clone());
        }
        Action::RouteChanged(route) => {
            clm.end_replay();
            clm.over = None;
            if route.page != Page::Dashboard
                && let Some(demo) = &mut clm.demo
            {
                demo.halt();
            }
            clm.page = route.page;
            clm.session = route.session.as_deref().map(Rc::from);
            let fragment: Rc<str> = route.fragment.as_str().into();
            let named = route.component.as_deref().map(Rc::from);
            clm.wanted = named.map(|hash| Wanted { hash, fragment: fragment.clone() });
            match route.page {
                Page::Dashboard => clm.enter_dashboard(),
                Page::Insights | Page::Sessions => clm.query.clone_from(&route.query),
                Page::Unknown => clm.unknown = fragment,
                Page::Live => {}
            }
        }
        Action::SetActiveComponent(hash) => {
            clm.end_replay();
            if clm.over == Some(Over::Components) {
                clm.over = None;
            }
            clm.open(hash);
        }
        Action::Replay(command) => clm.replay(command),
        Action::JourneysLoaded(journeys) => clm.journeys = Some(journeys.clone()),
        Action::Demo(command) => {
            clm.end_replay();
            clm.demo = Player::after(clm.demo.take(), command);
        }
        Action::ComponentLoaded { hash, load_time_ms } => {
            if let Some(component) = clm.opened_mut(hash)
                && component.status.may_become_loaded()
            {
                component.status = Status::Loaded;
                component.load_time_ms = Some(*load_time_ms);
            }
        }
        Action::ComponentFailed { hash, kind, message, .. } => {
            if let Some(component) = clm.opened_mut(hash)
                && !matches!(component.status, Status::Failed { .. })
            {
                component.status = Status::Failed { kind: *kind, message: message.clone() };
            }
        }
        Action::RetryComponent(hash) => {
            if let Some(component) = clm.opened_mut(hash) {
                component.status = Status::Loading;
                component.load_time_ms = None;
                component.attempt += 1;
            }
        }
        Action::ComponentEvent { hash, event, at_ms, .. } => {
            clm.metrics.events += 1;
            let (component, event) = (hash.clone(), event.clone());
            clm.recent_events.push(ComponentEvent { component, event, at_ms: *at_ms });
        }
        Action::UserSelected(user) => clm.selected_user = Some(user.clone()),
        Action::Heartbeat(hash) => {
            clm.metrics.heartbeats += 1;
            if let Some(component) = clm.opened_mut(hash)
                && let Status::Failed { kind: ErrorKind::HeartbeatLost, .. } = component.status
            {
                component.status = Status::Loaded;
            }
        }
        Action::MessageRejected => clm.metrics.malformed += 1,
        Action::OpenedUnseen => (clm.tab_visible, clm.tab_seen) = (false, false),
        Action::TabVisible(visible) => {
            clm.tab_visible = *visible;
            clm.tab_seen |= *visible;
        }
        Action::MessagesLeftOut { count, .. } => clm.metrics.left_out += count,
        Action::ThemeChosen(theme) => clm.theme = Some(*theme),
        Action::Over(over) => clm.over = *over,
        Action::Hint(hint) => clm.hint = *hint,
        Action::SingleKeys(on) => clm.keys_off = !on,
        Action::JourneysRequested
        | Action::FaultTried(_)
        | Action::PageFailed { .. }
        | Action::PersonActive
        | Action::PageClosed
        | Action::ConsentAnswered(_) => {}
    }
    state
}

impl Status {
    /// A component that is late may still come; one that broke may not.
    fn may_become_loaded(&self) -> bool {
        matches!(self, Self::Loading | Self::Failed { kind: ErrorKind::Timeout, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"components":[
        {"hash":"a","name":"A","concrete":{"implementation":"a.html"}},
        {"hash":"b","name":"B","concrete":{"implementation":"b.html"}}]}"#;

    fn after(actions: &[Action]) -> Rc<Clm> {
        actions.iter().fold(Rc::default(), reduce)
    }

    fn loaded_registry() -> Action {
        Action::RegistryLoaded(Rc::new(Registry::parse(TWO).unwrap()))
    }

    fn failed(hash: &str, kind: ErrorKind) -> Action {
        Action::ComponentFailed { hash: hash.into(), kind, message: "m".into(), stack: "".into() }
    }

    fn route(fragment: &str) -> Action {
        Action::RouteChanged(Route::parse(fragment))
    }

    #[test]
    fn the_first_component_opens_unless_the_address_names_another() {
        for (actions, active) in [
            (vec![loaded_registry()], "a"),
            (vec![route("#/component/b"), loaded_registry()], "b"),
            (vec![loaded_registry(), route("#/component/b")], "b"),
            (vec![route("#/component/b"), route("#/"), loaded_registry()], "a"),
            (vec![loaded_registry(), route("#/component/b"), route("#/live"), route("#/")], "b"),
        ] {
            let state = after(&actions);
            assert_eq!((state.page, state.active.as_deref()), (Page::Dashboard, Some(active)));
        }
    }

    #[test]
    fn no_component_is_opened_before_the_dashboard_is_in_front() {
        for fragment in
            ["#/insights", "#/sessions", "#/sessions/session_1_0000", "#/live", "#/nope"]
        {
            let actions = [route(fragment), loaded_registry()];
            let state = after(&actions);
            assert_eq!((state.active.as_deref(), state.opened.len()), (None, 0), "{fragment}");
            assert!(!state.on_screen());
            for (next, active) in [("#/", "a"), ("#/component/b", "b")] {
                let state = reduce(state.clone(), &route(next));
                assert_eq!((state.page, state.active.as_deref()), (Page::Dashboard, Some(active)));
                assert_eq!(state.opened.len(), 1, "{fragment} {next}");
            }
        }
        // The dashboard was left before there was anything to see on it.
        let state = after(&[route("#/component/b"), route("#/live"), loaded_registry()]);
        assert_eq!((state.page, state.active.as_deref()), (Page::Live, None));
    }

    #[test]
    fn a_component_that_is_not_there_is_no_visit_and_keeps_its_address() {
        let asked = || route("#/component/zzz");
        for (actions, active) in [
            (vec![asked(), loaded_registry()], None),
            (vec![loaded_registry(), asked()], Some("a")),
            (vec![loaded_registry(), asked(), route("#/live"), asked()], Some("a")),
        ] {
            let state = after(&actions);
            assert_eq!((state.page, &*state.unknown), (Page::Unknown, "#/component/zzz"));
            assert_eq!(state.active.as_deref(), active, "{actions:?}");
            let back = reduce(state, &route("#/"));
            assert_eq!((back.page, back.active.as_deref()), (Page::Dashboard, Some("a")));
        }
        let waiting = after(&[asked()]);
        assert_eq!(waiting.page, Page::Dashboard, "it may be in the registry that comes");
    }

    #[test]
    fn the_question_goes_along_from_page_to_page() {
        let asked = "#/insights?range=7d&component=b";
        for way in [
            vec![route(asked)],
            vec![route(asked), route("#/live")],
            vec![route(asked), route("#/")],
            vec![route(asked), route("#/nope")],
        ] {
            let state = after(&[vec![loaded_registry()], way].concat());
            assert_eq!(state.address_of(Page::Sessions), "#/sessions?range=7d&component=b");
            assert_eq!(state.address_of(Page::Insights), asked);
            assert_eq!(state.address_of(Page::Live), "#/live");
        }
        let state = after(&[loaded_registry(), route(asked), route("#/insights")]);
        assert_eq!(state.address_of(Page::Sessions), "#/sessions", "asked for anew");
    }

    #[test]
    fn a_replay_shows_and_leaves_nothing_behind() {
        let visit = |component: &str| insights::Visit {
            component: component.into(),
            name: String::new(),
            start_ms: 0,
            end_ms: 0,
            stay_ms: 0,
            hidden: Vec::new(),
            moments: Vec::new(),
        };
        let story = insights::Story {
            session_id: "session_1_0000".into(),
            user_id: String::new(),
            started_ms: 0,
            ended_ms: 0,
            visits: vec![visit("gone"), visit("b"), visit("a")],
            other: Vec::new(),
            cut: false,
        };
        let plan = Rc::new(crate::replay::plan(&story).unwrap());
        let replay = |command| Action::Replay(command);
        let mut actions = vec![
            loaded_registry(),
            route("#/sessions/session_1_0000"),
            replay(Command::Start(plan, 0)),
        ];
        let state = after(&actions);
        assert_eq!(state.shown().map(|hash| &**hash), Some("gone"));
        actions.push(replay(Command::Tick(1_000)));
        let state = after(&actions);
        assert_eq!(state.shown().map(|hash| &**hash), Some("b"));
        assert_eq!((state.page, state.active.as_deref()), (Page::Sessions, Some("a")));
        assert!(state.shows_dashboard() && !state.on_screen());
        assert_eq!(state.opened.len(), 2);
        for (end, page, active) in [
            (replay(Command::Stop), Page::Sessions, "a"),
            (route("#/live"), Page::Live, "a"),
            (Action::SetActiveComponent("a".into()), Page::Dashboard, "a"),
        ] {
            let state = reduce(state.clone(), &end);
            assert_eq!((state.page, state.active.as_deref()), (page, Some(active)), "{end:?}");
            assert_eq!((state.opened.len(), &*state.opened[0].hash), (1, "a"));
            assert!(state.replay.is_none());
        }
        let by_hand = reduce(state, &Action::SetActiveComponent("b".into()));
        assert_eq!(by_hand.opened("b").unwrap().attempt, 1, "the person's frame is a new one");
    }

    #[test]
    fn a_demo_chooses_until_the_person_does() {
        let registry = Registry::parse(TWO).unwrap();
        let journeys = crate::demo::Journeys::parse(
            r#"{"journeys":[{"name":"J","description":"","steps":[
                {"component":"a","stay":1},{"component":"b","stay":1}]}]}"#,
            &registry,
        );
        let plan = journeys.journeys[0].plan.clone();
        let set = |hash: &str| Action::SetActiveComponent(hash.into());
        let playing = || {
            vec![
                loaded_registry(),
                Action::Demo(Command::Start(plan.clone(), 0)),
                set("a"),
                Action::Demo(Command::Tick(1_000)),
                set("b"),
            ]
        };
        let then = |action: Option<Action>| {
            let state = after(&playing().into_iter().chain(action).collect::<Vec<_>>());
            let is_playing = state.demo.as_ref().map(Player::is_playing);
            (state.active.as_deref().map(str::to_owned), state.by_demo, is_playing)
        };
        let table = [
            (None, "b", true, Some(true)),
            (Some(set("b")), "b", true, Some(true)),
            (Some(set("a")), "a", false, Some(false)),
            (Some(route("#/component/a")), "a", false, Some(false)),
            (Some(route("#/live")), "b", true, Some(false)),
            (Some(Action::Demo(Command::Pause(1_500))), "b", true, Some(false)),
            (Some(Action::Demo(Command::Tick(9_000))), "b", true, Some(false)),
            (Some(Action::Demo(Command::Stop)), "b", true, None),
        ];
        for (action, active, by_demo, is_playing) in table {
            let told = format!("{action:?}");
            assert_eq!(then(action), (Some(active.to_owned()), by_demo, is_playing), "{told}");
        }
    }

    #[test]
    fn what_lies_over_the_page_goes_when_the_person_goes_elsewhere() {
        let open = |over| vec![loaded_registry(), Action::Over(Some(over))];
        for (over, next) in [
            (Over::Components, Action::SetActiveComponent("b".into())),
            (Over::Palette, route("#/insights")),
            (Over::Privacy, Action::Over(None)),
        ] {
            let mut actions = open(over);
            assert_eq!(after(&actions).over, Some(over));
            actions.push(next);
            assert_eq!(after(&actions).over, None, "{over:?}");
        }
    }

    #[test]
    fn the_theme_changes_to_what_is_not_seen() {
        for (chosen, system_is_dark, other) in [
            (None, false, Theme::Dark),
            (None, true, Theme::Light),
            (Some(Theme::Dark), false, Theme::Light),
            (Some(Theme::Light), true, Theme::Dark),
        ] {
            assert_eq!(Theme::other(chosen, system_is_dark), other);
        }
    }

    #[test]
    fn a_component_fails_once_and_a_retry_starts_anew() {
        let mut actions = vec![
            loaded_registry(),
            failed("a", ErrorKind::Exception),
            failed("a", ErrorKind::Timeout),
        ];
        let state = after(&actions);
        let kind = |state: &Clm| match &state.opened("a").unwrap().status {
            Status::Failed { kind, .. } => Some(*kind),
            Status::Loading | Status::Loaded => None,
        };
        assert_eq!(kind(&state), Some(ErrorKind::Exception));
        actions.push(Action::ComponentLoaded { hash: "a".into(), load_time_ms: 5 });
        assert_eq!(kind(&after(&actions)), Some(ErrorKind::Exception));
        actions.push(Action::RetryComponent("a".into()));
        assert_eq!(after(&actions).opened("a").unwrap().attempt, 1);
        assert_eq!(kind(&after(&actions)), None);
    }

    #[test]
    fn a_late_component_may_come_and_a_lost_heart_may_beat_again() {
        let late = after(&[
            loaded_registry(),
            failed("a", ErrorKind::Timeout),
            Action::ComponentLoaded { hash: "a".into(), load_time_ms: 12_000 },
        ]);
        assert_eq!(late.opened("a").unwrap().status, Status::Loaded);
        let back = after(&[
            loaded_registry(),
            failed("a", ErrorKind::HeartbeatLost),
            Action::Heartbeat("a".into()),
        ]);
        assert_eq!(back.opened("a").unwrap().status, Status::Loaded);
    }

    #[test]
    fn the_last_fifty_events_are_remembered_newest_first() {
        let event = |n: u64| Action::ComponentEvent {
            hash: "a".into(),
            event: n.to_string().into(),
            details: None,
            at_ms: n,
        };
        let state = after(&(0..60).map(event).collect::<Vec<_>>());
        let events: Vec<&str> = state.recent_events.iter().map(|event| &*event.event).collect();
        assert_eq!((events.len(), events[0]), (RECENT_EVENTS, "59"));
        assert_eq!(state.metrics.events, 60);
    }
}
