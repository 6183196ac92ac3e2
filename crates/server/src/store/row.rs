//! An event as a row.

use rusqlite::{CachedStatement, named_params};
use tracking::{Event, Record};

/// A checked event and the line it came as, which is kept as it is.
pub struct Row {
    pub record: Record,
    pub line: String,
}

pub const INSERT: &str = "
INSERT INTO events (
    event_id, timestamp, received_at, event, component_hash, component_name, user_id, session_id,
    seq, level, prev_component, next_component, duration_ms, visit_index, is_entry, is_last,
    session_elapsed_ms, load_time_ms, interaction_type, error_kind, error_message, line,
    demo
) VALUES (
    :event_id, :timestamp, :received_at, :event, :component_hash, :component_name, :user_id,
    :session_id, :seq, :level, :prev_component, :next_component, :duration_ms, :visit_index,
    :is_entry, :is_last, :session_elapsed_ms, :load_time_ms, :interaction_type, :error_kind,
    :error_message, :line, :demo
) ON CONFLICT DO NOTHING";

/// The columns that only some events have.
#[derive(Default)]
struct Special<'a> {
    prev_component: Option<&'a str>,
    next_component: Option<&'a str>,
    duration_ms: Option<u64>,
    visit_index: Option<u64>,
    is_entry: Option<bool>,
    is_last: Option<bool>,
    session_elapsed_ms: Option<u64>,
    load_time_ms: Option<u64>,
    interaction_type: Option<&'a str>,
    error_kind: Option<&'a str>,
    error_message: Option<&'a str>,
}

impl<'a> From<&'a Event> for Special<'a> {
    fn from(event: &'a Event) -> Self {
        let none = Self::default();
        match event {
            Event::ComponentVisit { visit_index, is_entry, prev_component, .. } => Self {
                prev_component: Some(prev_component),
                visit_index: Some(*visit_index),
                is_entry: Some(*is_entry),
                ..none
            },
            Event::ComponentResume { visit_index } => {
                Self { visit_index: Some(*visit_index), ..none }
            }
            Event::ComponentExit { duration_ms, next_component, is_last, session_elapsed_ms } => {
                Self {
                    next_component: Some(next_component),
                    duration_ms: Some(*duration_ms),
                    is_last: Some(*is_last),
                    session_elapsed_ms: Some(*session_elapsed_ms),
                    ..none
                }
            }
            Event::ComponentInteraction { interaction_type, load_time_ms, .. } => Self {
                interaction_type: Some(interaction_type),
                load_time_ms: *load_time_ms,
                ..none
            },
            Event::ComponentError { error_kind, error_message, .. } => Self {
                error_kind: Some(error_kind.as_str()),
                error_message: Some(error_message),
                ..none
            },
            Event::SessionStart { .. } | Event::TrackingDropped { .. } => none,
        }
    }
}

impl Row {
    /// Runs [`INSERT`]; a known `event_id` changes nothing. Whether it was new.
    pub fn insert(
        &self,
        statement: &mut CachedStatement<'_>,
        received_ms: u64,
    ) -> rusqlite::Result<bool> {
        let Record { event_id, timestamp, user_id, session_id, seq, component, demo, event } =
            &self.record;
        let special = Special::from(event);
        let rows = statement.execute(named_params! {
            ":event_id": event_id.0.to_be_bytes(),
            ":timestamp": integer(timestamp.0),
            ":received_at": integer(received_ms),
            ":event": event.name(),
            ":component_hash": component.hash,
            ":component_name": component.name,
            ":user_id": user_id.as_str(),
            ":session_id": session_id.as_str(),
            ":seq": integer(*seq),
            ":level": event.level(),
            ":prev_component": special.prev_component,
            ":next_component": special.next_component,
            ":duration_ms": special.duration_ms.map(integer),
            ":visit_index": special.visit_index.map(integer),
            ":is_entry": special.is_entry,
            ":is_last": special.is_last,
            ":session_elapsed_ms": special.session_elapsed_ms.map(integer),
            ":load_time_ms": special.load_time_ms.map(integer),
            ":interaction_type": special.interaction_type,
            ":error_kind": special.error_kind,
            ":error_message": special.error_message,
            ":line": self.line,
            ":demo": demo,
        })?;
        Ok(rows > 0)
    }
}

/// SQLite's integers are signed; what is checked fits.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
