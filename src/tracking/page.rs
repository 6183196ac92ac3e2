//! What the page tells: visibility, closing, signs of life, the network, other tabs.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AddEventListenerOptions, Event, EventTarget, PageTransitionEvent, StorageEvent};

use super::{failures, pump::Pump};
use crate::{
    platform,
    store::{Action, Store},
};

/// A person who moves is noted this often at most.
const ALIVE_EVERY_MS: u64 = 10_000;

pub fn listen(store: &Store, pump: &Rc<Pump>) {
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };

    let visibility = {
        let (store, pump) = (store.clone(), pump.clone());
        move |_: Event| {
            let visible = platform::is_visible();
            store.dispatch(Action::TabVisible(visible));
            if !visible {
                pump.farewell();
            }
        }
    };
    on(&document, "visibilitychange", visibility);
    let shown_at_last = store.clone();
    on(&document, "prerenderingchange", move |_| {
        shown_at_last.dispatch(Action::TabVisible(platform::is_visible()));
    });
    if !platform::is_visible() {
        store.dispatch(Action::OpenedUnseen);
    }

    let closing = {
        let (store, pump) = (store.clone(), pump.clone());
        move |_: Event| {
            store.dispatch(Action::PageClosed);
            pump.farewell();
            pump.sleep();
        }
    };
    on(&window, "pagehide", closing);

    let shown_again = {
        let (store, pump) = (store.clone(), pump.clone());
        move |event: Event| {
            if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
                pump.awake();
            }
            store.dispatch(Action::TabVisible(platform::is_visible()));
        }
    };
    on(&window, "pageshow", shown_again);

    let online = pump.clone();
    on(&window, "online", move |_| online.wake());

    let shared = pump.clone();
    on(&window, "storage", move |event| {
        let Some(event) = event.dyn_ref::<StorageEvent>() else { return };
        match event.key() {
            Some(key) => shared.shared_changed(&key, event.new_value().as_deref()),
            None => shared.shared_cleared(),
        }
    });

    failures::listen(&window, store);

    let last = Rc::new(Cell::new(0));
    for sign in ["pointerdown", "keydown", "wheel", "touchstart"] {
        let (store, last) = (store.clone(), last.clone());
        on(&window, sign, move |_| {
            let now = platform::mono_ms();
            if now >= last.get() + ALIVE_EVERY_MS {
                last.set(now);
                store.dispatch(Action::PersonActive);
            }
        });
    }
}

/// Listens for as long as the page lives; never delays scrolling.
pub(super) fn on(target: &EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(handler);
    let options = AddEventListenerOptions::new();
    options.set_passive(true);
    options.set_capture(true);
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        closure.as_ref().unchecked_ref(),
        &options,
    );
    closure.forget();
}
