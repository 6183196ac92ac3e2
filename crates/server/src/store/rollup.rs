//! Counts that are kept along with the events, so that a month is not read event by event.
//!
//! Triggers change them in the transaction that adds or removes an event, whoever does that and why, so
//! they are exact at every moment.

use rusqlite::Connection;

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
CREATE TRIGGER event_added AFTER INSERT ON events BEGIN
    INSERT INTO hours VALUES (
        new.timestamp / 3600000, new.event, new.component_hash, new.component_name,
        COALESCE(new.is_entry, 0), 1, COALESCE(new.duration_ms, 0)
    ) ON CONFLICT DO UPDATE SET count = count + 1, ms = ms + excluded.ms;
    INSERT INTO sessions VALUES (
        new.session_id, new.timestamp, new.timestamp, new.event = 'component_visit'
    ) ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first),
        last = MAX(last, excluded.last), visits = visits + excluded.visits;
END;
CREATE TRIGGER visit_added AFTER INSERT ON events WHEN new.event = 'component_visit' BEGIN
    INSERT INTO user_days VALUES (new.timestamp / 86400000, new.user_id, 1)
    ON CONFLICT DO UPDATE SET visits = visits + 1;
END;
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

/// Counts everything again.
pub fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(COUNT)
}
