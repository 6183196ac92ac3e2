//! Counts that are kept along with the events, so that a month is not read event by event.
//!
//! They change in the transaction that adds or removes events, so they are exact at every moment. What is
//! added comes through one door and is counted there, a whole transaction at a time: a trigger would make
//! SQLite note for each event how to take it back, which costs as much as storing it. What is removed, in
//! whatever way and seldom, is counted by triggers.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use tracking::{Event, Record, event::name::COMPONENT_VISIT};

use crate::store::row::integer;

pub const HOUR_MS: u64 = 60 * 60 * 1_000;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// `hours` counts events, and adds up durations, by what the questions tell apart. `sessions` is what each
/// session has altogether. `user_days` is who had a visit on which UTC day.
pub const CREATE: &str = "
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    event TEXT NOT NULL,
    component_hash TEXT NOT NULL,
    component_name TEXT NOT NULL,
    is_entry INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    PRIMARY KEY (hour, event, component_hash, component_name, is_entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    visits INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (last, first, visits);
CREATE TABLE user_days (
    day INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    visits INTEGER NOT NULL,
    PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER event_removed AFTER DELETE ON events BEGIN
    UPDATE hours SET count = count - 1, ms = ms - COALESCE(old.duration_ms, 0)
    WHERE hour = old.timestamp / 3600000 AND event = old.event
        AND component_hash = old.component_hash AND component_name = old.component_name
        AND is_entry = COALESCE(old.is_entry, 0);
    DELETE FROM hours
    WHERE hour = old.timestamp / 3600000 AND event = old.event
        AND component_hash = old.component_hash AND component_name = old.component_name
        AND is_entry = COALESCE(old.is_entry, 0) AND count = 0;
    DELETE FROM sessions WHERE session_id = old.session_id
        AND NOT EXISTS (SELECT 1 FROM events WHERE session_id = old.session_id);
    UPDATE sessions SET visits = visits - (old.event = 'component_visit'),
        first = (SELECT MIN(timestamp) FROM events WHERE session_id = old.session_id),
        last = (SELECT MAX(timestamp) FROM events WHERE session_id = old.session_id)
    WHERE session_id = old.session_id;
END;
CREATE TRIGGER visit_removed AFTER DELETE ON events WHEN old.event = 'component_visit' BEGIN
    UPDATE user_days SET visits = visits - 1
    WHERE day = old.timestamp / 86400000 AND user_id = old.user_id;
    DELETE FROM user_days
    WHERE day = old.timestamp / 86400000 AND user_id = old.user_id AND visits = 0;
END;
";

/// All of it anew from the events.
const COUNT: &str = "
DELETE FROM hours;
INSERT INTO hours
    SELECT timestamp / 3600000, event, component_hash, component_name, COALESCE(is_entry, 0),
        COUNT(*), COALESCE(SUM(duration_ms), 0)
    FROM events GROUP BY 1, 2, 3, 4, 5;
DELETE FROM sessions;
INSERT INTO sessions
    SELECT session_id, MIN(timestamp), MAX(timestamp),
        COUNT(*) FILTER (WHERE event = 'component_visit')
    FROM events GROUP BY session_id;
DELETE FROM user_days;
INSERT INTO user_days
    SELECT timestamp / 86400000, user_id, COUNT(*) FROM events
    WHERE event = 'component_visit' GROUP BY 1, 2;
";

/// Without the triggers that counted what is added in layout 2.
pub const NO_TRIGGERS_ON_ADDING: &str =
    "DROP TRIGGER IF EXISTS event_added; DROP TRIGGER IF EXISTS visit_added;";

/// What the new events of a transaction come to.
#[derive(Default)]
pub struct Added<'a> {
    hours: HashMap<Hour<'a>, (i64, i64)>,
    sessions: HashMap<&'a str, Session>,
    user_days: HashMap<(i64, &'a str), i64>,
}

#[derive(Eq, Hash, PartialEq)]
struct Hour<'a> {
    hour: i64,
    event: &'a str,
    component_hash: &'a str,
    component_name: &'a str,
    is_entry: bool,
}

struct Session {
    first: i64,
    last: i64,
    visits: i64,
}

impl<'a> Added<'a> {
    pub fn add(&mut self, record: &'a Record) {
        let at = integer(record.timestamp.0);
        let event = record.event.name();
        let (is_entry, duration_ms) = match &record.event {
            Event::ComponentVisit { is_entry, .. } => (*is_entry, 0),
            Event::ComponentExit { duration_ms, .. } => (false, *duration_ms),
            _ => (false, 0),
        };
        let hour = Hour {
            hour: at / integer(HOUR_MS),
            event,
            component_hash: &record.component.hash,
            component_name: &record.component.name,
            is_entry,
        };
        let (count, ms) = self.hours.entry(hour).or_default();
        *count += 1;
        *ms += integer(duration_ms);
        let visit = i64::from(event == COMPONENT_VISIT);
        let session = self.sessions.entry(record.session_id.as_str());
        let session = session.or_insert(Session { first: at, last: at, visits: 0 });
        session.first = session.first.min(at);
        session.last = session.last.max(at);
        session.visits += visit;
        if visit > 0 {
            let day = (at / integer(DAY_MS), record.user_id.as_str());
            *self.user_days.entry(day).or_default() += visit;
        }
    }

    pub fn write(self, file: &Connection) -> rusqlite::Result<()> {
        let mut hours = file.prepare_cached(
            "INSERT INTO hours VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET count = count + excluded.count, ms = ms + excluded.ms",
        )?;
        for (of, (count, ms)) in self.hours {
            let Hour { hour, event, component_hash, component_name, is_entry } = of;
            hours.execute(params![
                hour,
                event,
                component_hash,
                component_name,
                is_entry,
                count,
                ms
            ])?;
        }
        let mut sessions = file.prepare_cached(
            "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first),
                 last = MAX(last, excluded.last), visits = visits + excluded.visits",
        )?;
        for (session_id, Session { first, last, visits }) in self.sessions {
            sessions.execute(params![session_id, first, last, visits])?;
        }
        let mut user_days = file.prepare_cached(
            "INSERT INTO user_days VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET visits = visits + excluded.visits",
        )?;
        for ((day, user_id), visits) in self.user_days {
            user_days.execute(params![day, user_id, visits])?;
        }
        Ok(())
    }
}

/// Counts everything again.
pub fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(COUNT)
}
