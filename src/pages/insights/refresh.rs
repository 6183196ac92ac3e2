//! When a page of answers asks again by itself, and when it is drawn again. It never does while a person is busy with it.

use std::{cell::Cell, rc::Rc};

use gloo_timers::callback::Interval;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::EventTarget;
use yew::prelude::*;
use yewdux::use_selector;

use super::panel::PAPER;
use crate::{platform, store::TrackingStatus};

/// A page that is looked at is at most this old.
const EVERY_MS: u64 = 30_000;
/// Nobody touched the page for so long.
const IDLE_MS: u64 = 5_000;
const LOOK_EVERY_MS: u32 = 2_000;

/// Listens to events of a window or a document until it is dropped.
struct Listening {
    target: EventTarget,
    events: &'static [&'static str],
    closure: Closure<dyn FnMut()>,
}

impl Listening {
    fn new(
        target: EventTarget,
        events: &'static [&'static str],
        f: impl FnMut() + 'static,
    ) -> Self {
        let closure = Closure::<dyn FnMut()>::new(f);
        for event in events {
            let listener = closure.as_ref().unchecked_ref();
            // In the capture phase: what scrolls inside the page is heard, too.
            let _ = target.add_event_listener_with_callback_and_bool(event, listener, true);
        }
        Self { target, events, closure }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        for event in self.events {
            let listener = self.closure.as_ref().unchecked_ref();
            let _ = self.target.remove_event_listener_with_callback_and_bool(event, listener, true);
        }
    }
}

fn window() -> Option<EventTarget> {
    web_sys::window().map(Into::into)
}

fn document() -> Option<EventTarget> {
    Some(web_sys::window()?.document()?.into())
}

/// The window's width, or [`PAPER`]: charts are drawn again when it changes.
#[hook]
pub fn use_resized() -> u32 {
    let resized = use_state_eq(platform::window_width);
    {
        let resized = resized.clone();
        use_effect_with((), move |()| {
            let listen = |events, width: fn() -> u32| {
                let resized = resized.clone();
                Some(Listening::new(window()?, events, move || resized.set(width())))
            };
            let listening = [
                listen(&["resize", "afterprint"], platform::window_width),
                listen(&["beforeprint"], || PAPER),
            ];
            move || drop(listening)
        });
    }
    *resized
}

/// Calls `refresh` when the page comes back into view, every half minute while it is looked at, and, as long
/// as it `is_empty`, when events of this tab arrived: those of somebody who just agreed.
#[hook]
pub fn use_refresh(is_empty: bool, refresh: Callback<()>) {
    let arrived = use_selector(|status: &TrackingStatus| (status.sent, status.recorded));
    let latest = use_mut_ref(|| refresh.clone());
    latest.replace(refresh.clone());
    use_effect_with((is_empty, *arrived), move |(is_empty, (_, recorded))| {
        if *is_empty && *recorded > 0 {
            refresh.emit(());
        }
    });
    use_effect_with((), move |()| {
        let asked_ms = Rc::new(Cell::new(platform::mono_ms()));
        let touched_ms = Rc::new(Cell::new(0));
        let ask = {
            let asked_ms = asked_ms.clone();
            move || {
                asked_ms.set(platform::mono_ms());
                let refresh = latest.borrow().clone();
                refresh.emit(());
            }
        };
        let touch = {
            let touched_ms = touched_ms.clone();
            move || touched_ms.set(platform::mono_ms())
        };
        const TOUCHES: [&str; 5] = ["pointermove", "pointerdown", "keydown", "wheel", "scroll"];
        let touches = window().map(|window| Listening::new(window, &TOUCHES, touch));
        let back = {
            let ask = ask.clone();
            move || {
                if platform::is_visible() {
                    ask();
                }
            }
        };
        let back = document().map(|document| Listening::new(document, &["visibilitychange"], back));
        let timer = Interval::new(LOOK_EVERY_MS, move || {
            let now_ms = platform::mono_ms();
            if is_due(now_ms, asked_ms.get(), touched_ms.get())
                && platform::is_visible()
                && !is_choosing()
            {
                ask();
            }
        });
        move || drop((touches, back, timer))
    });
}

fn is_due(now_ms: u64, asked_ms: u64, touched_ms: u64) -> bool {
    now_ms.saturating_sub(asked_ms) >= EVERY_MS && now_ms.saturating_sub(touched_ms) >= IDLE_MS
}

/// An open list or a half-typed date must not be taken away, nor a value that is being read.
fn is_choosing() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.and_then(|document| document.active_element()).is_some_and(|focused| {
        focused.matches("main select, main input, main .drawn").unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_again_every_half_minute_while_nobody_touches_it() {
        for (now_ms, asked_ms, touched_ms, due) in [
            (29_999, 0, 0, false),
            (30_000, 0, 0, true),
            (30_000, 0, 26_000, false),
            (31_000, 0, 26_000, true),
            (40_000, 30_000, 0, false),
        ] {
            assert_eq!(
                is_due(now_ms, asked_ms, touched_ms),
                due,
                "{now_ms} {asked_ms} {touched_ms}"
            );
        }
    }
}
