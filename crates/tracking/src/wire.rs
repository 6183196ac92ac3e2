//! The line's fields in their order, once, for both directions.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    event::{Component, ErrorKind, Event, InvalidLine, Record, SCHEMA_VERSION, name},
    id::{EventId, SessionId, UserId},
    limit,
    time::Timestamp,
};

#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    schema_version: u64,
    #[serde(borrow)]
    level: Cow<'a, str>,
    timestamp: u64,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    component_hash: Cow<'a, str>,
    #[serde(borrow)]
    component_name: Cow<'a, str>,

    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    previous_session_id: Option<Cow<'a, str>>,

    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    referrer: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visit_index: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_entry: Option<bool>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    prev_component: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    prev_component_name: Option<Cow<'a, str>>,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    next_component: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_last: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_elapsed_ms: Option<u64>,

    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    interaction_type: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    load_time_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Cow<'a, RawValue>>,

    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error_kind: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error_message: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    error_stack: Option<Cow<'a, str>>,
}

fn some(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

impl<'a> From<&'a Record> for Wire<'a> {
    fn from(record: &'a Record) -> Self {
        let envelope = Self {
            event: Cow::Borrowed(record.event.name()),
            event_id: Cow::Owned(record.event_id.to_string()),
            schema_version: SCHEMA_VERSION,
            level: Cow::Borrowed(record.event.level()),
            timestamp: record.timestamp.0,
            user_id: Cow::Borrowed(record.user_id.as_str()),
            session_id: Cow::Borrowed(record.session_id.as_str()),
            seq: record.seq,
            component_hash: Cow::Borrowed(&record.component.hash),
            component_name: Cow::Borrowed(&record.component.name),
            ..Self::default()
        };
        match &record.event {
            Event::SessionStart { previous_session_id } => Self {
                previous_session_id: previous_session_id
                    .as_ref()
                    .map(|id| Cow::Borrowed(id.as_str())),
                ..envelope
            },
            Event::ComponentVisit {
                url,
                referrer,
                visit_index,
                is_entry,
                prev_component,
                prev_component_name,
            } => Self {
                url: some(url),
                referrer: some(referrer),
                visit_index: Some(*visit_index),
                is_entry: Some(*is_entry),
                prev_component: some(prev_component),
                prev_component_name: some(prev_component_name),
                ..envelope
            },
            Event::ComponentResume { visit_index } => {
                Self { visit_index: Some(*visit_index), ..envelope }
            }
            Event::ComponentExit { duration_ms, next_component, is_last, session_elapsed_ms } => {
                Self {
                    duration_ms: Some(*duration_ms),
                    duration_seconds: Some(duration_ms.saturating_add(500) / 1000),
                    next_component: some(next_component),
                    is_last: Some(*is_last),
                    session_elapsed_ms: Some(*session_elapsed_ms),
                    ..envelope
                }
            }
            Event::ComponentInteraction { interaction_type, load_time_ms, details } => Self {
                interaction_type: some(interaction_type),
                load_time_ms: *load_time_ms,
                details: details.as_deref().map(Cow::Borrowed),
                ..envelope
            },
            Event::ComponentError { error_kind, error_message, error_stack } => Self {
                error_kind: some(error_kind.as_str()),
                error_message: some(error_message),
                error_stack: some(error_stack),
                ..envelope
            },
        }
    }
}

impl TryFrom<Wire<'_>> for Record {
    type Error = InvalidLine;

    fn try_from(wire: Wire<'_>) -> Result<Self, InvalidLine> {
        if wire.schema_version != SCHEMA_VERSION {
            return Err(InvalidLine::SchemaVersion(wire.schema_version));
        }
        let event = match &*wire.event {
            name::SESSION_START => Event::SessionStart {
                previous_session_id: match &wire.previous_session_id {
                    None => None,
                    Some(id) => Some(session("previous_session_id", id)?),
                },
            },
            name::COMPONENT_VISIT => Event::ComponentVisit {
                url: text("url", wire.url, limit::URL)?,
                referrer: text("referrer", wire.referrer, limit::URL)?,
                visit_index: need("visit_index", wire.visit_index)?,
                is_entry: need("is_entry", wire.is_entry)?,
                prev_component: text("prev_component", wire.prev_component, limit::NAME)?,
                prev_component_name: text(
                    "prev_component_name",
                    wire.prev_component_name,
                    limit::NAME,
                )?,
            },
            name::COMPONENT_RESUME => {
                Event::ComponentResume { visit_index: need("visit_index", wire.visit_index)? }
            }
            name::COMPONENT_EXIT => Event::ComponentExit {
                duration_ms: need("duration_ms", wire.duration_ms)?,
                next_component: text("next_component", wire.next_component, limit::NAME)?,
                is_last: need("is_last", wire.is_last)?,
                session_elapsed_ms: need("session_elapsed_ms", wire.session_elapsed_ms)?,
            },
            name::COMPONENT_INTERACTION => Event::ComponentInteraction {
                interaction_type: text("interaction_type", wire.interaction_type, limit::NAME)?,
                load_time_ms: wire.load_time_ms,
                details: match wire.details {
                    Some(json) if json.get().len() > limit::DETAILS => {
                        return Err(InvalidLine::TooLong("details"));
                    }
                    details => details.map(Cow::into_owned),
                },
            },
            name::COMPONENT_ERROR => Event::ComponentError {
                error_kind: ErrorKind::parse(&need("error_kind", wire.error_kind)?)
                    .ok_or(InvalidLine::BadValue("error_kind"))?,
                error_message: text("error_message", wire.error_message, limit::ERROR_MESSAGE)?,
                error_stack: text("error_stack", wire.error_stack, limit::ERROR_STACK)?,
            },
            _ => return Err(InvalidLine::UnknownEvent),
        };
        Ok(Self {
            event_id: EventId::parse(&wire.event_id)
                .map_err(|_| InvalidLine::BadValue("event_id"))?,
            timestamp: Timestamp(wire.timestamp),
            user_id: UserId::parse(&wire.user_id).map_err(|_| InvalidLine::BadValue("user_id"))?,
            session_id: session("session_id", &wire.session_id)?,
            seq: wire.seq,
            component: Component {
                hash: text("component_hash", Some(wire.component_hash), limit::NAME)?,
                name: text("component_name", Some(wire.component_name), limit::NAME)?,
            },
            event,
        })
    }
}

fn need<T>(field: &'static str, value: Option<T>) -> Result<T, InvalidLine> {
    value.ok_or(InvalidLine::Missing(field))
}

fn text(
    field: &'static str,
    value: Option<Cow<'_, str>>,
    max_bytes: usize,
) -> Result<String, InvalidLine> {
    let value = need(field, value)?;
    if value.len() > max_bytes {
        return Err(InvalidLine::TooLong(field));
    }
    Ok(value.into_owned())
}

fn session(field: &'static str, value: &str) -> Result<SessionId, InvalidLine> {
    SessionId::parse(value).map_err(|_| InvalidLine::BadValue(field))
}

/// serde_json's own text may repeat what a client sent; its category and place do not.
pub(crate) fn without_values(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Io | Category::Syntax => "syntax error",
        Category::Data => "wrong type or missing field",
        Category::Eof => "ends too early",
    };
    format!("{what} at column {}", error.column())
}
