//! The line's fields in their order, once, for both directions.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    event::{Component, DropReason, ErrorKind, Event, InvalidLine, Record, SCHEMA_VERSION, name},
    id::{EventId, SessionId, UserId},
    json::Json,
    limit,
    time::Timestamp,
};

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    event_id: Cow<'a, str>,
    schema_version: u64,
    #[serde(borrow, rename = "level")]
    _level: Cow<'a, str>,
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
    #[serde(default)]
    demo: bool,

    #[serde(borrow, default)]
    previous_session_id: Option<Cow<'a, str>>,

    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    referrer: Option<Cow<'a, str>>,
    #[serde(default)]
    visit_index: Option<u64>,
    #[serde(default)]
    is_entry: Option<bool>,
    #[serde(borrow, default)]
    prev_component: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    prev_component_name: Option<Cow<'a, str>>,

    #[serde(default)]
    duration_ms: Option<u64>,
    #[serde(default, rename = "duration_seconds")]
    _duration_seconds: Option<u64>,
    #[serde(borrow, default)]
    next_component: Option<Cow<'a, str>>,
    #[serde(default)]
    is_last: Option<bool>,
    #[serde(default)]
    session_elapsed_ms: Option<u64>,

    #[serde(borrow, default)]
    interaction_type: Option<Cow<'a, str>>,
    #[serde(default)]
    load_time_ms: Option<u64>,
    #[serde(default)]
    details: Option<Cow<'a, RawValue>>,

    #[serde(borrow, default)]
    error_kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error_message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error_stack: Option<Cow<'a, str>>,
    #[serde(default)]
    suppressed: Option<u64>,

    #[serde(borrow, default)]
    dropped_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    dropped_count: Option<u64>,
}

/// The line of `record`, fields in their order.
pub(crate) fn write(record: &Record) -> String {
    let mut line = Json::with_capacity(768);
    line.raw("{\"event\":\"");
    line.raw(record.event.name());
    line.raw("\",\"event_id\":\"");
    line.hex(&record.event_id.0.to_be_bytes());
    line.raw("\"");
    line.number("schema_version", SCHEMA_VERSION);
    line.plain("level", record.event.level());
    line.number("timestamp", record.timestamp.0);
    line.plain("user_id", record.user_id.as_str());
    line.plain("session_id", record.session_id.as_str());
    line.number("seq", record.seq);
    line.pair("component_hash", &record.component.hash);
    line.pair("component_name", &record.component.name);
    if record.demo {
        line.flag("demo", true);
    }
    write_event(&mut line, &record.event);
    line.raw("}");
    line.finish()
}

fn write_event(line: &mut Json, event: &Event) {
    match event {
        Event::SessionStart { previous_session_id } => {
            if let Some(id) = previous_session_id {
                line.plain("previous_session_id", id.as_str());
            }
        }
        Event::ComponentVisit {
            url,
            referrer,
            visit_index,
            is_entry,
            prev_component,
            prev_component_name,
        } => {
            line.pair("url", url);
            line.pair("referrer", referrer);
            line.number("visit_index", *visit_index);
            line.flag("is_entry", *is_entry);
            line.pair("prev_component", prev_component);
            line.pair("prev_component_name", prev_component_name);
        }
        Event::ComponentResume { visit_index } => line.number("visit_index", *visit_index),
        Event::ComponentExit { duration_ms, next_component, is_last, session_elapsed_ms } => {
            line.number("duration_ms", *duration_ms);
            line.number("duration_seconds", duration_ms.saturating_add(500) / 1000);
            line.pair("next_component", next_component);
            line.flag("is_last", *is_last);
            line.number("session_elapsed_ms", *session_elapsed_ms);
        }
        Event::ComponentInteraction { interaction_type, load_time_ms, details } => {
            line.pair("interaction_type", interaction_type);
            if let Some(ms) = load_time_ms {
                line.number("load_time_ms", *ms);
            }
            if let Some(json) = details {
                line.key("details");
                line.raw(json.get());
            }
        }
        Event::ComponentError { error_kind, error_message, error_stack, suppressed } => {
            line.plain("error_kind", error_kind.as_str());
            line.pair("error_message", error_message);
            line.pair("error_stack", error_stack);
            if *suppressed > 0 {
                line.number("suppressed", *suppressed);
            }
        }
        Event::TrackingDropped { dropped_reason, dropped_count } => {
            line.plain("dropped_reason", dropped_reason.as_str());
            line.number("dropped_count", *dropped_count);
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
                suppressed: wire.suppressed.unwrap_or(0),
            },
            name::TRACKING_DROPPED => Event::TrackingDropped {
                dropped_reason: DropReason::parse(&need("dropped_reason", wire.dropped_reason)?)
                    .ok_or(InvalidLine::BadValue("dropped_reason"))?,
                dropped_count: need("dropped_count", wire.dropped_count)?,
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
            demo: wire.demo,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: Event) -> Record {
        Record {
            event_id: EventId(7),
            timestamp: Timestamp(1_764_000_000_123),
            user_id: crate::UserSecret::new(1).user_id(),
            session_id: SessionId::new(1_764_000_000_000, 2),
            seq: 3,
            component: Component::new("welcome", "Welcome \"Component\" ü"),
            demo: false,
            event,
        }
    }

    fn one_of_each() -> Vec<Event> {
        vec![
            Event::SessionStart { previous_session_id: Some(SessionId::new(1, 1)) },
            Event::SessionStart { previous_session_id: None },
            Event::ComponentVisit {
                url: "http://localhost/".into(),
                referrer: String::new(),
                visit_index: 1,
                is_entry: true,
                prev_component: "(entry)".into(),
                prev_component_name: "(entry)".into(),
            },
            Event::ComponentResume { visit_index: 1 },
            Event::ComponentExit {
                duration_ms: 1_499,
                next_component: "(hidden)".into(),
                is_last: false,
                session_elapsed_ms: 9,
            },
            Event::ComponentInteraction {
                interaction_type: "cta_clicked".into(),
                load_time_ms: None,
                details: Some(RawValue::from_string(r#"{"event":"x","n":1.5}"#.into()).unwrap()),
            },
            Event::ComponentInteraction {
                interaction_type: "component_loaded".into(),
                load_time_ms: Some(12),
                details: None,
            },
            Event::ComponentError {
                error_kind: ErrorKind::Http,
                error_message: "404".into(),
                error_stack: String::new(),
                suppressed: 0,
            },
            Event::ComponentError {
                error_kind: ErrorKind::Exception,
                error_message: "again".into(),
                error_stack: "at f".into(),
                suppressed: 7,
            },
            Event::TrackingDropped { dropped_reason: DropReason::QueueFull, dropped_count: 4 },
        ]
    }

    #[test]
    fn every_event_survives_a_round_trip_byte_for_byte() {
        for event in one_of_each() {
            let line = record(event).to_line().unwrap();
            assert_eq!(Record::from_line(&line).unwrap().to_line().unwrap(), line);
        }
    }

    #[test]
    fn only_what_a_demo_did_says_so() {
        let own = record(Event::ComponentResume { visit_index: 1 });
        let line = own.to_line().unwrap();
        assert!(!line.contains("demo") && !Record::from_line(&line).unwrap().demo);
        let line = Record { demo: true, ..own }.to_line().unwrap();
        assert!(line.contains(r#"ü","demo":true,"visit_index":1"#), "{line}");
        let back = Record::from_line(&line).unwrap();
        assert!(back.demo && back.to_line().unwrap() == line);
    }

    #[test]
    fn every_name_on_the_wire_has_an_event() {
        let mut names: Vec<_> = one_of_each().iter().map(Event::name).collect();
        names.dedup();
        assert_eq!(names, name::ALL);
    }

    #[test]
    fn the_line_of_an_exit_reads_as_documented() {
        let line = record(one_of_each().swap_remove(4)).to_line().unwrap();
        let user = crate::UserSecret::new(1).user_id();
        assert_eq!(
            line,
            format!(
                r#"{{"event":"component_exit","event_id":"00000000000000000000000000000007","schema_version":1,"level":"info","timestamp":1764000000123,"user_id":"{}","session_id":"session_1764000000000_0000000000000000","seq":3,"component_hash":"welcome","component_name":"Welcome \"Component\" ü","duration_ms":1499,"duration_seconds":1,"next_component":"(hidden)","is_last":false,"session_elapsed_ms":9}}"#,
                user.as_str()
            )
        );
    }

    #[test]
    fn a_bad_line_names_the_field_and_never_repeats_the_value() {
        let good = record(one_of_each().swap_remove(5)).to_line().unwrap();
        for (from, to, says) in [
            ("component_interaction\"", "zap\"", "unknown event"),
            ("\"schema_version\":1", "\"schema_version\":9", "schema_version 9 is not known here"),
            ("\"seq\":3,", "", "not JSON of the expected shape"),
            ("\"seq\":3", "\"seq\":-3", "not JSON of the expected shape"),
            ("\"interaction_type\":\"cta_clicked\",", "", "missing field interaction_type"),
            ("00000000000000000000000000000007", "SECRET", "bad value in field event_id"),
            ("session_17", "SECRET_17", "bad value in field session_id"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            let error = Record::from_line(&bad).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
        let long = good.replace("\"cta_clicked\"", &format!("\"{}\"", "x".repeat(limit::NAME + 1)));
        assert_eq!(Record::from_line(&long).unwrap_err(), InvalidLine::TooLong("interaction_type"));
    }
}
