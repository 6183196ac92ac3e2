//! The frames of components: what they say, whether they live. Turns the browser's signs into actions.

mod message;
mod slice;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use gloo_timers::callback::Interval;
use tracking::ErrorKind;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, EventTarget, HtmlIFrameElement, MessageEvent, RequestInit, RequestMode};

use crate::{
    platform,
    registry::Component,
    store::{Action, Clm, Status, Store, Transition},
};
use message::Message;

/// How often deadlines and heartbeats are looked at.
const WATCH_EVERY_MS: u32 = 1_000;
/// A component beats every 3 s; three missed beats and a little are a stop.
const HEARTBEAT_LOST_AFTER_MS: u64 = 10_000;

/// The browser may note a load's timing a moment after its event.
const TIMING_TRIES: u32 = 20;
const TIMING_WAIT_MS: u32 = 25;

/// What the store does not need to know of each frame.
#[derive(Default)]
struct Frame {
    opened_ms: u64,
    last_beat_ms: Option<u64>,
    /// It asked for its slice, so it hears of changes.
    listens: bool,
}

struct Frames {
    store: Store,
    frames: RefCell<HashMap<Rc<str>, Frame>>,
    /// Since when the active component can be seen; a hidden frame's beats are throttled.
    seen_since_ms: RefCell<Option<u64>>,
}

/// Watches the frames for as long as the page lives.
pub fn start(store: &Store) {
    let frames = Rc::new(Frames {
        store: store.clone(),
        frames: RefCell::default(),
        seen_since_ms: RefCell::default(),
    });
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
        self.tell_slices(before, after);
    }

    fn opened(self: &Rc<Self>, hash: &Rc<str>, clm: &Clm) {
        let frame = Frame { opened_ms: platform::mono_ms(), ..Frame::default() };
        self.frames.borrow_mut().insert(hash.clone(), frame);
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
        match response_status(&component.implementation) {
            Some(0) => {
                self.failed(hash, ErrorKind::Network, "The component cannot be reached.", "");
            }
            Some(status @ 400..) => {
                let message = format!("The component's page answers HTTP {status}.");
                self.failed(hash, ErrorKind::Http, &message, "");
            }
            None if tries > 0 => {
                let (frames, hash) = (self.clone(), hash.clone());
                gloo_timers::callback::Timeout::new(TIMING_WAIT_MS, move || {
                    frames.on_load(&hash, tries - 1);
                })
                .forget();
            }
            _ if component.says_ready => {}
            _ => self.loaded(hash),
        }
    }

    fn loaded(&self, hash: &Rc<str>) {
        let load_time_ms = self.age_ms(hash);
        self.store.dispatch(Action::ComponentLoaded { hash: hash.clone(), load_time_ms });
    }

    fn age_ms(&self, hash: &Rc<str>) -> u64 {
        let opened = self.frames.borrow().get(hash).map_or(0, |frame| frame.opened_ms);
        platform::mono_ms().saturating_sub(opened)
    }

    fn on_message(&self, event: &MessageEvent) {
        // The window decides who speaks, whatever the message claims.
        let hash = event.source().and_then(|source| frame_of(&source));
        let message = hash.and_then(|hash| Some((hash, Message::parse(&event.data())?)));
        let Some((hash, message)) = message else {
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
            Message::Loaded => self.loaded(&hash),
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

    fn tell_slices(&self, before: &Clm, after: &Clm) {
        let frames = self.frames.borrow();
        for (hash, _) in frames.iter().filter(|(_, frame)| frame.listens) {
            if slice::changed(hash, before, after) {
                slice::tell(hash, after);
            }
        }
    }

    /// Deadlines and heartbeats.
    fn watch(&self) {
        let state = self.store.state();
        let now = platform::mono_ms();
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

/// All frames we made.
fn all_frames() -> impl Iterator<Item = HtmlIFrameElement> {
    let list = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector_all("iframe[data-hash]").ok());
    let length = list.as_ref().map_or(0, web_sys::NodeList::length);
    (0..length).filter_map(move |at| list.as_ref()?.get(at)?.dyn_into().ok())
}

/// The component whose frame is `window`, if it is one of ours.
fn frame_of(window: &JsValue) -> Option<Rc<str>> {
    all_frames()
        .find(|frame| frame.content_window().is_some_and(|ours| JsValue::from(ours) == *window))
        .and_then(|frame| frame.get_attribute("data-hash"))
        .map(Into::into)
}

/// The HTTP status of the latest load of `url`, from the browser's own timings: no second request.
/// `None` where it does not say.
fn response_status(url: &str) -> Option<u32> {
    let window = web_sys::window()?;
    let base = window.document()?.base_uri().ok()??;
    let absolute = web_sys::Url::new_with_base(url, &base).ok()?.href();
    let absolute = absolute.split('#').next()?.to_owned();
    let entries = window.performance()?.get_entries_by_name(&absolute);
    let last = entries.get(entries.length().checked_sub(1)?);
    let status = js_sys::Reflect::get(&last, &"responseStatus".into()).ok()?.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(status as u32)
}
