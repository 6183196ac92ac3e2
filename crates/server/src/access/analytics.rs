//! `POST /api/analytics` with `{event, component, data}` from any client.
//!
//! What comes in is kept in a table of its own: the answers of `/api/insights` are about what our
//! own tracker saw, and nobody can add to them from here.

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
use tracking::{SessionId, UserId, limit};

use crate::{
    clock::now_ms,
    push::is_too_large,
    store::{Note, StoreError},
    web::{App, error},
};

/// Bytes of a request.
const MAX_BYTES: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);
const EVENT: usize = 64;
/// Events that the server itself writes.
const OWN: [&str; 2] = ["http_request", "lines_missed"];

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
            Self::Broken | Self::Json(..) | Self::Event | Self::Own | Self::Component => {
                StatusCode::BAD_REQUEST
            }
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
    event: &'a str,
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
    let bytes = tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BYTES))
        .await
        .map_err(|_| Refusal::Slow)?
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
    let Body { event, component, data } = serde_json::from_slice(body)
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
    let text = |key: &str| data.get(key).and_then(Value::as_str);
    let user_id = text("user_id").and_then(|id| UserId::parse(id).ok());
    let session_id = text("session_id").and_then(|id| SessionId::parse(id).ok());
    let line = Line {
        timestamp: now_ms,
        event: &event,
        level: "info",
        component: component.as_deref(),
        user_id: user_id.as_ref().map(UserId::as_str),
        session_id: session_id.as_ref().map(SessionId::as_str),
        data: &data,
    };
    let line = serde_json::to_string(&line).map_err(|e| Refusal::Json(e.line(), e.column()))?;
    Ok(Note { received_ms: now_ms, event, component, user_id, line })
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
                    any::<i64>().prop_map(Value::from), ".{0,20}".prop_map(Value::from),
                    any::<bool>().prop_map(Value::from), Just(json!({ "a": [null, {}] })),
                ],
                0..8,
            ),
        ) {
            prop_assume!(!OWN.contains(&event.as_str()));
            let body = json!({ "event": event, "component": component, "data": data });
            let note = checked(body.to_string().as_bytes(), 7).unwrap();
            let line: Value = serde_json::from_str(&note.line).unwrap();
            prop_assert_eq!(&line["event"], &body["event"]);
            prop_assert_eq!(&line["timestamp"], 7);
            prop_assert_eq!(&line["level"], "info");
            prop_assert_eq!(line.get("component").unwrap_or(&Value::Null), &body["component"]);
            prop_assert_eq!(&line["data"], &body["data"]);
            prop_assert!(line.get("user_id").is_none());
        }
    }
}
