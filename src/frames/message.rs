//! What a component may say. Untrusted: everything is checked and bounded here.

use std::rc::Rc;

use js_sys::{JSON, Reflect};
use tracking::{ErrorKind, limit};
use wasm_bindgen::JsValue;

use crate::tracking::failures;

pub enum Message {
    Heartbeat,
    Loaded,
    Event { event: Rc<str>, details: Option<Rc<str>>, selected_user: Option<Rc<str>> },
    Error { kind: ErrorKind, message: Rc<str>, stack: Rc<str> },
    WantsState,
}

impl Message {
    pub fn parse(data: &JsValue) -> Option<Self> {
        let text = |value: &JsValue, key: &str| get(value, key)?.as_string();
        match text(data, "type")?.as_str() {
            "clm_heartbeat" => Some(Self::Heartbeat),
            "clm_component_loaded" => Some(Self::Loaded),
            "request_redux_state" => Some(Self::WantsState),
            "clm_event" => {
                let event = text(data, "event").filter(|event| !event.is_empty())?;
                let data = get(data, "data").unwrap_or_default();
                Some(Self::Event {
                    event: limit::shorten(&event, limit::NAME).into(),
                    details: details(&data),
                    selected_user: selected_user(&event, &data),
                })
            }
            "clm_error" => {
                let data = get(data, "data")?;
                // Most send a text; who sends the error itself means it as well.
                let error = get(&data, "error").filter(|error| !error.is_undefined())?;
                let error = failures::describe(&error);
                let kind = text(&data, "kind");
                Some(Self::Error {
                    kind: match kind.as_deref() {
                        Some("exception") => ErrorKind::Exception,
                        Some("unhandled_rejection") => ErrorKind::UnhandledRejection,
                        _ => ErrorKind::Reported,
                    },
                    message: limit::shorten(&error, limit::ERROR_MESSAGE).into(),
                    stack: limit::shorten(
                        &text(&data, "stack").unwrap_or_default(),
                        limit::ERROR_STACK,
                    )
                    .into(),
                })
            }
            _ => None,
        }
    }
}

/// Whom the person chose, when that is what was done.
pub fn selected_user(event: &str, data: &JsValue) -> Option<Rc<str>> {
    let user = get(data, "userId").filter(|_| event == "user_selected")?.as_string()?;
    (user.len() <= limit::NAME).then(|| user.into())
}

fn get(value: &JsValue, key: &str) -> Option<JsValue> {
    if !value.is_object() {
        return None;
    }
    Reflect::get(value, &key.into()).ok()
}

/// The component's own data as JSON; left out when it is none, cannot be written or is too long.
fn details(data: &JsValue) -> Option<Rc<str>> {
    if data.is_undefined() || data.is_null() {
        return None;
    }
    let json = JSON::stringify(data).ok()?.as_string()?;
    (json.len() <= limit::DETAILS).then(|| json.into())
}
