//! An event as a row.

use rusqlite::{CachedStatement, params};
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
    /// Runs [`INSERT`]; an `event_id` that its session has already changes nothing. Whether it was new.
    pub fn insert(
        &self,
        statement: &mut CachedStatement<'_>,
        received_ms: u64,
    ) -> rusqlite::Result<bool> {
        let Record { event_id, timestamp, user_id, session_id, seq, component, demo, event } =
            &self.record;
        let special = Special::from(event);
        // In the order in which the statement names them.
        let rows = statement.execute(params![
            event_id.0.to_be_bytes(),
            integer(timestamp.0),
            integer(received_ms),
            event.name(),
            component.hash,
            component.name,
            user_id.as_str(),
            session_id.as_str(),
            integer(*seq),
            event.level(),
            special.prev_component,
            special.next_component,
            special.duration_ms.map(integer),
            special.visit_index.map(integer),
            special.is_entry,
            special.is_last,
            special.session_elapsed_ms.map(integer),
            special.load_time_ms.map(integer),
            special.interaction_type,
            special.error_kind,
            special.error_message,
            self.line,
            demo,
        ])?;
        Ok(rows > 0)
    }
}

/// SQLite's integers are signed; what is checked fits.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
