//! `POST /api/analytics` with `{event, component, data}` from any client.
//!
//! What comes in is kept in a table of its own: the answers of `/api/insights` are about what our
//! own tracker saw, and nobody can add to them from here. In its line only `event` may become a label, and
//! that is our own word; what the client calls its event is `name`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;
use tracking::{UserId, limit};

use logql::alert::OUTBOX;

use crate::{
    access::{HTTP_REQUEST, LINES_MISSED},
    clock::now_ms,
    listen::{self, Place},
    push::is_too_large,
    store::{Note, StoreError},
    web::{App, error},
};

/// Bytes of a request.
const MAX_BYTES: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);
const EVENT: usize = 64;
/// The event of every such line.
pub const ANALYTICS: &str = "analytics";
/// Events that the server itself writes.
const OWN: [&str; 3] = [HTTP_REQUEST, LINES_MISSED, OUTBOX];
/// Bytes of a user's name as a client calls them.
const USER: usize = 128;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/analytics", post(analytics))
}

#[derive(Debug, Error)]
pub enum Refusal {
    #[error("the content type must be application/json")]
    ContentType,
    #[error("the body must not be compressed")]
    Encoding,
    #[error("the body is over {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the body cannot be read")]
    Broken,
    #[error("the body took too long")]
    Slow,
    #[error(
        "the body must be a JSON object {{\"event\", \"component\", \"data\"}}: wrong at line {0} column {1}"
    )]
    Json(usize, usize),
    #[error("field event must be 1 to {EVENT} letters, digits, _ . : or -")]
    Event,
    #[error("field event names one of the server's own events")]
    Own,
    #[error("field component must be 1 to {} bytes without control characters", limit::NAME)]
    Component,
    #[error(
        "field data.user_id must be a text of 1 to {USER} bytes without control characters, or a number"
    )]
    User,
    #[error("the data of this user was erased")]
    Erased,
    #[error("the event cannot be stored at the moment")]
    Store(#[from] StoreError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::ContentType | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken
            | Self::Json(..)
            | Self::Event
            | Self::Own
            | Self::Component
            | Self::User => StatusCode::BAD_REQUEST,
            Self::Erased => StatusCode::FORBIDDEN,
            Self::Store(failure) => {
                tracing::error!("an analytics event was not stored: {failure}");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let mut response = error(status, &self.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    event: String,
    #[serde(default)]
    component: Option<String>,
    #[serde(default)]
    data: Map<String, Value>,
}

/// The stored line. `data` stands inside it, so it can never be taken for one of our fields.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: u64,
    event: &'static str,
    name: &'a str,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
    data: &'a Map<String, Value>,
}

async fn analytics(State(app): State<Arc<App>>, request: Request) -> Result<Json<Value>, Refusal> {
    let note = checked(&read(request).await?, now_ms())?;
    let line = note.line.clone();
    if !app.store.note(note).await? {
        return Err(Refusal::Erased);
    }
    if let Some(lines) = &app.config.access.lines {
        lines.write(line);
    }
    Ok(Json(json!({ "success": true })))
}

async fn read(request: Request) -> Result<Vec<u8>, Refusal> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(Refusal::ContentType);
    }
    if parts.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::Encoding);
    }
    let place = parts.extensions.get::<Arc<Place>>();
    let bytes = listen::body(place, PATIENCE, to_bytes(body, MAX_BYTES))
        .await
        .ok_or(Refusal::Slow)?
        .map_err(|error| if is_too_large(&error) { Refusal::TooLarge } else { Refusal::Broken })?;
    Ok(bytes.into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The event that `body` tells of, as it is stored.
///
/// # Errors
/// Says what is wrong, and never repeats what was sent.
pub fn checked(body: &[u8], now_ms: u64) -> Result<Note, Refusal> {
    let Body { event, component, mut data } = serde_json::from_slice(body)
        .map_err(|error| Refusal::Json(error.line(), error.column()))?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-');
    if event.is_empty() || event.len() > EVENT || !event.bytes().all(is_plain) {
        return Err(Refusal::Event);
    }
    if OWN.contains(&event.as_str()) {
        return Err(Refusal::Own);
    }
    let is_name =
        |name: &str| (1..=limit::NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if component.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(Refusal::Component);
    }
    let user_id = user(&mut data)?;
    let session_id = data.get("session_id").and_then(Value::as_str);
    let session_id = session_id.filter(|id| is_name(id));
    let line = Line {
        timestamp: now_ms,
        event: ANALYTICS,
        name: &event,
        level: "info",
        component: component.as_deref(),
        user_id: user_id.as_ref().map(UserId::as_str),
        session_id,
        data: &data,
    };
    let line = serde_json::to_string(&line).map_err(|e| Refusal::Json(e.line(), e.column()))?;
    Ok(Note { received_ms: now_ms, event, component, user_id, line })
}

/// Whose event it is. A client that has no id of our form names its user as it likes: only the SHA-256 of
/// that is kept, so that nobody can be recognised by it and whoever knows it can have it erased.
fn user(data: &mut Map<String, Value>) -> Result<Option<UserId>, Refusal> {
    let name = match data.get("user_id") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Refusal::User),
    };
    if !(1..=USER).contains(&name.len()) || name.chars().any(char::is_control) {
        return Err(Refusal::User);
    }
    let user = UserId::parse(&name).unwrap_or_else(|_| UserId::of_name(&name));
    data.insert("user_id".into(), user.as_str().into());
    Ok(Some(user))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = checked(&body, 1);
        }

        #[test]
        fn data_comes_back_as_it_was_and_touches_nothing_else(
            event in "[A-Za-z0-9_.:-]{1,64}",
            component in prop::option::of("[^\\p{C}]{1,50}"),
            data in prop::collection::btree_map(
                "event|timestamp|level|user_id|session_id|component|data|[a-z]{1,8}",
                prop_oneof![
                    any::<i64>().prop_map(Value::from), "[^\\p{C}]{1,20}".prop_map(Value::from),
                    any::<bool>().prop_map(Value::from), Just(json!({ "a": [null, {}] })),
                ],
                0..8,
            ),
        ) {
            prop_assume!(data.get("user_id").is_none_or(|id| id.is_string() || id.is_number()));
            prop_assume!(!OWN.contains(&event.as_str()));
            let body = json!({ "event": event, "component": component, "data": data });
            let note = checked(body.to_string().as_bytes(), 7).unwrap();
            let line: Value = serde_json::from_str(&note.line).unwrap();
            prop_assert_eq!(&line["event"], ANALYTICS);
            prop_assert_eq!(&line["name"], &body["event"]);
            prop_assert_eq!(&line["timestamp"], 7);
            prop_assert_eq!(&line["level"], "info");
            prop_assert_eq!(line.get("component").unwrap_or(&Value::Null), &body["component"]);
            // All of it comes back, but for the name of the user: that is hashed.
            let mut data = body["data"].clone();
            if data.get("user_id").is_some() {
                prop_assert_eq!(note.user_id.as_ref().unwrap().as_str(), &line["user_id"]);
                data["user_id"] = line["user_id"].clone();
            } else {
                prop_assert!(line.get("user_id").is_none());
            }
            prop_assert_eq!(&line["data"], &data);
        }
    }

    #[test]
    fn a_user_is_taken_as_clients_of_the_design_text_name_them() {
        let user = |data: Value| {
            let body = json!({ "event": "e", "data": data }).to_string();
            checked(body.as_bytes(), 7).map(|note| (note.user_id, note.line))
        };
        let ours = UserId::of_name("x");
        let (id, _) = user(json!({ "user_id": ours.as_str() })).unwrap();
        assert_eq!(id, Some(ours));
        for name in [json!("user_k3j4h5g6f"), json!("Zoë"), json!(42)] {
            let (id, line) =
                user(json!({ "user_id": name, "session_id": "session_1_k3" })).unwrap();
            let text = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
            assert_eq!(id, Some(UserId::of_name(&text)));
            let line: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["user_id"], id.unwrap().as_str());
            assert_eq!(line["data"]["user_id"], line["user_id"], "the name itself is not kept");
            assert_eq!(line["session_id"], "session_1_k3");
        }
        assert_eq!(user(json!({ "user_id": null })).unwrap().0, None);
        for wrong in
            [json!(""), json!("a\nb"), json!("x".repeat(129)), json!([1]), json!({}), json!(true)]
        {
            assert!(matches!(user(json!({ "user_id": wrong })), Err(Refusal::User)));
        }
    }
}
