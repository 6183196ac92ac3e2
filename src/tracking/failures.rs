//! What goes wrong in the page outside of any component's frame: uncaught exceptions, rejections
//! nobody handles, and a panic of our own.

use js_sys::Reflect;
use tracking::ErrorKind;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, EventTarget, PromiseRejectionEvent};

use super::page::on;
use crate::store::{Action, Store};

/// A browser says this of itself when a layout takes two rounds; it harms nobody.
const HARMLESS: &str = "ResizeObserver loop";

pub fn listen(window: &EventTarget, store: &Store) {
    let thrown = store.clone();
    on(window, "error", move |event| {
        // A picture or script that did not load is a plain event.
        if let Some(event) = event.dyn_ref::<ErrorEvent>() {
            let stack = text(&event.error(), "stack").unwrap_or_default();
            report(&thrown, ErrorKind::Exception, event.message(), stack);
        }
    });
    let rejected = store.clone();
    on(window, "unhandledrejection", move |event| {
        if let Some(event) = event.dyn_ref::<PromiseRejectionEvent>() {
            let reason = event.reason();
            let message = text(&reason, "message").or_else(|| reason.as_string());
            let stack = text(&reason, "stack").unwrap_or_default();
            let message = message.unwrap_or_else(|| "no reason given".to_owned());
            report(&rejected, ErrorKind::UnhandledRejection, message, stack);
        }
    });
}

fn report(store: &Store, kind: ErrorKind, message: String, stack: String) {
    if !message.starts_with(HARMLESS) {
        store.dispatch(Action::PageFailed { kind, message: message.into(), stack: stack.into() });
    }
}

fn text(value: &JsValue, key: &str) -> Option<String> {
    value.is_object().then(|| Reflect::get(value, &key.into()).ok()?.as_string())?
}
