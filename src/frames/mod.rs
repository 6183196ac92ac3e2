//! The frames of components: what they say, whether they live. Turns the browser's signs into actions.

mod budget;
mod message;
mod slice;
mod timing;
mod windows;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use gloo_timers::callback::Interval;
use tracking::ErrorKind;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, EventTarget, HtmlIFrameElement, MessageEvent, RequestInit, RequestMode};

use crate::{
    platform,
    registry::Component,
    store::{Action, Clm, Status, Store, Transition},
};
use budget::Budget;
use message::Message;
pub use windows::made;

/// How often deadlines and heartbeats are looked at.
const WATCH_EVERY_MS: u32 = 1_000;
/// A component beats every 3 s; three missed beats and a little are a stop.
const HEARTBEAT_LOST_AFTER_MS: u64 = 10_000;

/// The browser may note a load's timing a moment after its event.
const TIMING_TRIES: u32 = 20;
const TIMING_WAIT_MS: u32 = 25;
/// Between two tellings of slices: ten a second look like at once.
const SLICES_EVERY_MS: u64 = 100;

/// What the store does not need to know of each frame.
#[derive(Default)]
struct Frame {
    opened_ms: u64,
    last_beat_ms: Option<u64>,
    /// It asked for its slice, so it hears of changes.
    listens: bool,
    /// Its slice has changed since it was told.
    is_behind: bool,
    /// It said that it is ready.
    said_ready: bool,
    budget: Budget,
}

struct Frames {
    store: Store,
    frames: RefCell<HashMap<Rc<str>, Frame>>,
    /// Since when the active component can be seen; a hidden frame's beats are throttled.
    seen_since_ms: RefCell<Option<u64>>,
    /// Of all who are no frame of ours.
    strangers: RefCell<Budget>,
    /// When slices were told last, and whether they are about to be.
    slices_told_ms: Cell<u64>,
    slices_due: Cell<bool>,
}

/// Watches the frames for as long as the page lives.
pub fn start(store: &Store) {
    let frames = Rc::new(Frames {
        store: store.clone(),
        frames: RefCell::default(),
        seen_since_ms: RefCell::default(),
        strangers: RefCell::default(),
        slices_told_ms: Cell::new(0),
        slices_due: Cell::new(false),
    });
    timing::start();
    let observer = frames.clone();
    store.observe(move |transition| observer.observe(transition));

    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    let listener = frames.clone();
    listen(&window, "message", move |event| {
        if let Some(event) = event.dyn_ref::<MessageEvent>() {
            listener.on_message(event);
        }
    });
    // Load events do not bubble, but the document can capture them on their way down.
    let loads = frames.clone();
    listen(&document, "load", move |event| {
        let frame = event.target().and_then(|target| target.dyn_into::<HtmlIFrameElement>().ok());
        if let Some(hash) = frame.and_then(|frame| frame.get_attribute("data-hash")) {
            let hash: Rc<str> = hash.into();
            slice::tell_theme(&hash, &loads.store.state());
            loads.on_load(&hash, TIMING_TRIES);
        }
    });
    Interval::new(WATCH_EVERY_MS, move || frames.watch()).forget();
}

fn listen(target: &EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(handler);
    let _ = target.add_event_listener_with_callback_and_bool(
        name,
        closure.as_ref().unchecked_ref(),
        true,
    );
    closure.forget();
}

impl Frames {
    fn observe(self: &Rc<Self>, transition: &Transition<'_>) {
        let Transition { before, after, .. } = transition;
        for component in &after.opened {
            let attempt = before.opened(&component.hash).map(|component| component.attempt);
            if attempt != Some(component.attempt) {
                self.opened(&component.hash, after);
            }
        }
        let changed = before.active != after.active || before.on_screen() != after.on_screen();
        if changed || self.seen_since_ms.borrow().is_none() {
            *self.seen_since_ms.borrow_mut() = after.on_screen().then(platform::mono_ms);
        }
        if before.theme != after.theme {
            after.opened.iter().for_each(|opened| slice::tell_theme(&opened.hash, after));
        }
        self.note_slices(before, after);
        let leaves = before.tab_visible && !after.tab_visible;
        if leaves || *transition.action == Action::PageClosed {
            self.tell_floods(Budget::take);
        }
    }

    fn opened(self: &Rc<Self>, hash: &Rc<str>, clm: &Clm) {
        let mut frames = self.frames.borrow_mut();
        // A frame that is made anew has no new budget.
        let budget = frames.remove(hash).map(|frame| frame.budget).unwrap_or_default();
        let frame = Frame { opened_ms: platform::mono_ms(), budget, ..Frame::default() };
        frames.insert(hash.clone(), frame);
        drop(frames);
        if let Some(component) = clm.component(hash).filter(|component| component.is_external()) {
            self.probe(component);
        }
    }

    /// A foreign page tells us nothing of its fate, but a request for it fails when there is no way there.
    fn probe(self: &Rc<Self>, component: &Component) {
        let (frames, hash) = (self.clone(), component.hash.clone());
        let init = RequestInit::new();
        init.set_mode(RequestMode::NoCors);
        init.set_method("GET");
        let Some(window) = web_sys::window() else { return };
        let answer = window.fetch_with_str_and_init(&component.implementation, &init);
        spawn_local(async move {
            if JsFuture::from(answer).await.is_err() {
                let why = "The site cannot be reached, or it leads to an origin that the registry does not name.";
                frames.failed(&hash, ErrorKind::Network, why, "");
            }
        });
    }

    fn failed(&self, hash: &Rc<str>, kind: ErrorKind, message: &str, stack: &str) {
        self.store.dispatch(Action::ComponentFailed {
            hash: hash.clone(),
            kind,
            message: message.into(),
            stack: stack.into(),
        });
    }

    fn on_load(self: &Rc<Self>, hash: &Rc<str>, tries: u32) {
        let state = self.store.state();
        let Some(component) = state.component(hash) else { return };
        if component.is_external() {
            // Also what a browser's own error page does; the probe tells the two apart.
            let (store, hash) = (self.store.clone(), hash.clone());
            let load_time_ms = self.age_ms(&hash);
            gloo_timers::callback::Timeout::new(300, move || {
                store.dispatch(Action::ComponentLoaded { hash, load_time_ms });
            })
            .forget();
            return;
        }
        let opened_ms = self.opened_ms(hash);
        match timing::status(&component.implementation, opened_ms) {
            None if tries > 0 => {
                let (frames, hash) = (self.clone(), hash.clone());
                gloo_timers::callback::Timeout::new(TIMING_WAIT_MS, move || {
                    frames.on_load(&hash, tries - 1);
                })
                .forget();
            }
            // This browser does not say; the server does.
            None => {
                let (frames, hash, url) =
                    (self.clone(), hash.clone(), component.implementation.clone());
                let says_ready = component.says_ready;
                spawn_local(async move {
                    let status = platform::status_of(&url).await;
                    if frames.opened_ms(&hash) == opened_ms {
                        frames.answered(&hash, status, says_ready);
                    }
                });
            }
            Some(status) => self.answered(hash, status, component.says_ready),
        }
    }

    /// The frame's page was answered with this HTTP status, 0 for no answer.
    fn answered(&self, hash: &Rc<str>, status: u16, says_ready: bool) {
        match status {
            0 => self.failed(hash, ErrorKind::Network, "The component cannot be reached.", ""),
            // A server that knows no HEAD says nothing of the page.
            400.. if ![405, 501].contains(&status) => {
                let message = format!("The component's page answers HTTP {status}.");
                self.failed(hash, ErrorKind::Http, &message, "");
            }
            _ if says_ready => {}
            _ => self.loaded(hash),
        }
    }

    fn loaded(&self, hash: &Rc<str>) {
        let load_time_ms = self.age_ms(hash);
        self.store.dispatch(Action::ComponentLoaded { hash: hash.clone(), load_time_ms });
    }

    fn opened_ms(&self, hash: &Rc<str>) -> u64 {
        self.frames.borrow().get(hash).map_or(0, |frame| frame.opened_ms)
    }

    fn age_ms(&self, hash: &Rc<str>) -> u64 {
        platform::mono_ms().saturating_sub(self.opened_ms(hash))
    }

    fn on_message(&self, event: &MessageEvent) {
        // The window decides who speaks, whatever the message claims.
        let hash = event.source().and_then(|source| windows::component_of(&source));
        let now_ms = platform::mono_ms();
        let Some(hash) = hash else {
            if self.strangers.borrow_mut().admit(now_ms) {
                self.store.dispatch(Action::MessageRejected);
            }
            return;
        };
        if !self.is_heard(&hash, event, now_ms) {
            return;
        }
        let Some(message) = Message::parse(&event.data()) else {
            self.store.dispatch(Action::MessageRejected);
            return;
        };
        match message {
            Message::Heartbeat => {
                if let Some(frame) = self.frames.borrow_mut().get_mut(&hash) {
                    frame.last_beat_ms = Some(platform::mono_ms());
                }
                self.store.dispatch(Action::Heartbeat(hash));
            }
            Message::Loaded => {
                if let Some(frame) = self.frames.borrow_mut().get_mut(&hash) {
                    frame.said_ready = true;
                }
                self.loaded(&hash);
            }
            Message::Event { event, details, selected_user } => {
                happened(&self.store, hash, event, details, selected_user);
            }
            Message::Error { kind, message, stack } => {
                self.failed(&hash, kind, &message, &stack);
            }
            Message::WantsState => {
                if let Some(frame) = self.frames.borrow_mut().get_mut(&hash) {
                    frame.listens = true;
                }
                slice::tell(&hash, &self.store.state());
            }
        }
    }

    /// Whether its message is listened to. Of what comes beyond its budget only two things count: that it lives,
    /// and that it is ready for the first time.
    fn is_heard(&self, hash: &Rc<str>, event: &MessageEvent, now_ms: u64) -> bool {
        let mut frames = self.frames.borrow_mut();
        let Some(frame) = frames.get_mut(hash) else { return false };
        if frame.budget.admit(now_ms) {
            return true;
        }
        if let Some(beat) = &mut frame.last_beat_ms {
            *beat = now_ms;
        }
        !frame.said_ready && matches!(Message::parse(&event.data()), Some(Message::Loaded))
    }

    /// Says of each frame that said too much how much was left out.
    fn tell_floods(&self, due: impl Fn(&mut Budget) -> Option<u64>) {
        let mut told = Vec::new();
        for (hash, frame) in &mut *self.frames.borrow_mut() {
            told.extend(due(&mut frame.budget).map(|count| (Some(hash.clone()), count)));
        }
        told.extend(due(&mut self.strangers.borrow_mut()).map(|count| (None, count)));
        for (hash, count) in told {
            self.store.dispatch(Action::MessagesLeftOut { hash, count });
        }
    }

    /// Slices that change are told at once, but not more often than can be seen.
    fn note_slices(self: &Rc<Self>, before: &Clm, after: &Clm) {
        let mut is_due = false;
        for (hash, frame) in self.frames.borrow_mut().iter_mut().filter(|(_, f)| f.listens) {
            frame.is_behind |= slice::changed(hash, before, after);
            is_due |= frame.is_behind;
        }
        if !is_due || self.slices_due.get() {
            return;
        }
        let since_ms = platform::mono_ms().saturating_sub(self.slices_told_ms.get());
        if since_ms >= SLICES_EVERY_MS {
            return self.tell_slices(after);
        }
        self.slices_due.set(true);
        let frames = self.clone();
        let wait_ms = u32::try_from(SLICES_EVERY_MS - since_ms).unwrap_or(0);
        gloo_timers::callback::Timeout::new(wait_ms, move || {
            frames.slices_due.set(false);
            frames.tell_slices(&frames.store.state());
        })
        .forget();
    }

    fn tell_slices(&self, clm: &Clm) {
        self.slices_told_ms.set(platform::mono_ms());
        for (hash, frame) in &mut *self.frames.borrow_mut() {
            if std::mem::take(&mut frame.is_behind) {
                slice::tell(hash, clm);
            }
        }
    }

    /// Deadlines and heartbeats.
    fn watch(&self) {
        let state = self.store.state();
        let now = platform::mono_ms();
        self.tell_floods(|budget| budget.due(now));
        for component in &state.opened {
            let hash = &component.hash;
            let Some(described) = state.component(hash) else { continue };
            let age = self.age_ms(hash);
            if component.status == Status::Loading && age >= described.deadline_ms() {
                let seconds = described.deadline_ms() / 1_000;
                let message = format!("The component was not ready within {seconds} s.");
                self.failed(hash, ErrorKind::Timeout, &message, "");
            }
        }
        if let Some(hash) =
            state.active.clone().filter(|hash| self.heart_stopped(hash, &state, now))
        {
            self.failed(&hash, ErrorKind::HeartbeatLost, "The component's heartbeat stopped.", "");
        }
    }

    fn heart_stopped(&self, hash: &Rc<str>, state: &Clm, now: u64) -> bool {
        let loaded = state.opened(hash).is_some_and(|c| c.status == Status::Loaded);
        let beat = self.frames.borrow().get(hash).and_then(|frame| frame.last_beat_ms);
        let seen = *self.seen_since_ms.borrow();
        match (loaded, beat, seen) {
            (true, Some(beat), Some(seen)) => {
                now.saturating_sub(beat.max(seen)) > HEARTBEAT_LOST_AFTER_MS
            }
            _ => false,
        }
    }
}

/// As if the component itself had said it.
pub fn say(store: &Store, hash: Rc<str>, event: Rc<str>, details: Option<Rc<str>>) {
    let data = details.as_deref().and_then(|json| js_sys::JSON::parse(json).ok());
    let selected_user = message::selected_user(&event, &data.unwrap_or_default());
    happened(store, hash, event, details, selected_user);
}

fn happened(
    store: &Store,
    hash: Rc<str>,
    event: Rc<str>,
    details: Option<Rc<str>>,
    selected_user: Option<Rc<str>>,
) {
    if let Some(user) = selected_user {
        store.dispatch(Action::UserSelected(user));
    }
    let at_ms = platform::now().wall.0;
    store.dispatch(Action::ComponentEvent { hash, event, details, at_ms });
}
