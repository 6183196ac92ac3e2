//! What goes wrong in the page outside of any component's frame: uncaught exceptions, rejections
//! nobody handles, and a panic of our own.

use js_sys::{Array, BigInt, JsString, Reflect};
use tracking::{ErrorKind, limit::shorten};
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
            let error = event.error();
            let stack = text(&error, "stack").unwrap_or_default();
            // The browser's own words are good for an error and for what is none at all.
            let is_plain = error.is_object() && text(&error, "message").is_none();
            let message = if is_plain { describe(&error) } else { event.message() };
            report(&thrown, ErrorKind::Exception, message, stack);
        }
    });
    let rejected = store.clone();
    on(window, "unhandledrejection", move |event| {
        if let Some(event) = event.dyn_ref::<PromiseRejectionEvent>() {
            let reason = event.reason();
            let stack = text(&reason, "stack").unwrap_or_default();
            report(&rejected, ErrorKind::UnhandledRejection, describe(&reason), stack);
        }
    });
}

fn report(store: &Store, kind: ErrorKind, message: String, stack: String) {
    if !message.starts_with(HARMLESS) {
        store.dispatch(Action::PageFailed { kind, message: message.into(), stack: stack.into() });
    }
}

fn text(value: &JsValue, key: &str) -> Option<String> {
    get(value, key)?.as_string()
}

/// Nothing when a getter throws.
fn get(value: &JsValue, key: &str) -> Option<JsValue> {
    (value.is_object() || value.is_function()).then(|| Reflect::get(value, &key.into()).ok())?
}

/// Characters, fields and levels of what was thrown or rejected that are read.
const TEXT: usize = 1_000;
const FIELDS: usize = 20;
const DEPTH: usize = 3;

/// What was thrown or rejected, in words; it may be anything at all.
pub fn describe(value: &JsValue) -> String {
    if value.is_null() || value.is_undefined() {
        return "no reason given".to_owned();
    }
    if let Some(text) = value.as_string() {
        return shorten(&text, TEXT);
    }
    if !value.is_object() && !value.is_function() {
        return show(value, 0);
    }
    if let Some(message) = text(value, "message").filter(|message| !message.is_empty()) {
        let code = ["code", "status"].into_iter().find_map(|key| {
            let code =
                get(value, key).filter(|code| code.as_f64().is_some() || code.is_string())?;
            Some(format!(" ({key} {})", code.as_string().unwrap_or_else(|| show(&code, 0))))
        });
        return shorten(&message, TEXT) + &shorten(&code.unwrap_or_default(), 100);
    }
    let shown = show(value, DEPTH);
    if shown != "{}" {
        return shorten(&shown, TEXT);
    }
    // An answer or an event keeps all it has in its class.
    let kind = get(value, "constructor").and_then(|class| text(&class, "name"));
    let kind = kind.filter(|kind| kind != "Object").map(|kind| kind + " ").unwrap_or_default();
    let told = ["type", "status", "statusText"].into_iter().filter_map(|key| {
        let told = get(value, key).filter(|told| told.is_string() || told.as_f64().is_some())?;
        Some(format!("\"{key}\":{}", show(&told, 0)))
    });
    let told = told.collect::<Vec<_>>().join(",");
    shorten(&format!("{kind}{{{told}}}"), TEXT)
}

/// Like JSON, of the first few fields.
fn show(value: &JsValue, depth: usize) -> String {
    if let Some(text) = value.as_string() {
        return serde_json::to_string(&shorten(&text, TEXT)).unwrap_or_default();
    }
    if let Some(number) = value.as_f64() {
        return number.to_string();
    }
    if let Some(flag) = value.as_bool() {
        return flag.to_string();
    }
    if value.is_function() {
        return "function".to_owned();
    }
    if !value.is_object() {
        return match value.dyn_ref::<BigInt>().and_then(|big| big.to_string(10).ok()) {
            Some(big) => shorten(&String::from(big), TEXT),
            None if value.is_symbol() => "a symbol".to_owned(),
            None if value.is_null() => "null".to_owned(),
            None => "undefined".to_owned(),
        };
    }
    if depth == 0 {
        return "…".to_owned();
    }
    let (parts, more, is_list) = parts(value, depth - 1);
    let parts = parts.join(",") + if more { ",…" } else { "" };
    if is_list { format!("[{parts}]") } else { format!("{{{parts}}}") }
}

/// The first few fields, whether there are more, and whether they are those of a list.
fn parts(value: &JsValue, depth: usize) -> (Vec<String>, bool, bool) {
    if let Some(list) = value.dyn_ref::<Array>() {
        let count = list.length() as usize;
        let shown = (0..count.min(FIELDS)).map(|at| show(&list.get(at as u32), depth));
        return (shown.collect(), count > FIELDS, true);
    }
    let keys = Reflect::own_keys(value).unwrap_or_default();
    let keys = keys.iter().filter_map(|key| key.dyn_into::<JsString>().ok().map(String::from));
    let mut keys = keys.peekable();
    let mut parts = Vec::new();
    let mut length = 0;
    while parts.len() < FIELDS && length < TEXT {
        let Some(key) = keys.next() else { break };
        let shown = get(value, &key).map_or_else(|| "undefined".to_owned(), |v| show(&v, depth));
        let key = serde_json::to_string(&shorten(&key, TEXT)).unwrap_or_default();
        length += key.len() + shown.len();
        parts.push(format!("{key}:{shown}"));
    }
    (parts, keys.peek().is_some(), false)
}
