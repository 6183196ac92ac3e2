//! The file's layout and its version.

use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tracking::{Component, Event, EventId, Record, SessionId, Timestamp, UserSecret};

use crate::store::{
    StoreError,
    row::{INSERT, Row},
    segments::{self, Packing},
};

/// `PRAGMA user_version` of the layout below.
const VERSION: i64 = 5;
/// The value of `PRAGMA auto_vacuum`.
const INCREMENTAL: i64 = 2;

/// Memory for pages, in kB; negative is SQLite's way to say so.
const CACHE_KB: i64 = -32_768;
/// How long a start may look whether the file is whole; and the steps of SQLite between two looks at the clock.
const CHECK: Duration = Duration::from_secs(1);
const STEPS: i32 = 10_000;
/// Bytes that a store must have room for to be ready: those of the largest push.
const ROOM: i64 = 1 << 20;

/// `line` is the event; the other columns are copies from it that can be asked for. Times and
/// durations are milliseconds. `cursor` rises with every stored event and is never used again.
const CREATE: &str = "
CREATE TABLE events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id BLOB NOT NULL,
    timestamp INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    event TEXT NOT NULL,
    component_hash TEXT NOT NULL,
    component_name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    level TEXT NOT NULL,
    prev_component TEXT,
    next_component TEXT,
    duration_ms INTEGER,
    visit_index INTEGER,
    is_entry INTEGER,
    is_last INTEGER,
    session_elapsed_ms INTEGER,
    load_time_ms INTEGER,
    interaction_type TEXT,
    error_kind TEXT,
    error_message TEXT,
    line TEXT NOT NULL,
    demo INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX events_by_session ON events (session_id, timestamp, seq);
CREATE INDEX events_by_user ON events (user_id);
";

/// What makes an event stored once: its id within its session, of which the moment in the session's id stands here.
/// A resend may bear another time than the first, as its page's clock is corrected anew, so the time is no part of
/// it. The moment comes first: ids are random, and an index that begins with them is written all over the file once
/// it is larger than memory.
const ONCE: &str = "
CREATE UNIQUE INDEX events_once ON events (CAST(SUBSTR(session_id, 9) AS INTEGER), event_id)";

/// Finds what is old.
const BY_TIME: &str = "CREATE INDEX events_by_time ON events (timestamp)";

/// Removes what was stored again under another time, before one id was one event; the first stays.
const AGAIN: &str = "
CREATE INDEX events_again ON events (CAST(SUBSTR(session_id, 9) AS INTEGER), event_id);
DELETE FROM events WHERE cursor IN (
    SELECT cursor FROM (
        SELECT cursor, ROW_NUMBER() OVER (
            PARTITION BY CAST(SUBSTR(session_id, 9) AS INTEGER), event_id ORDER BY cursor
        ) AS nth FROM events
    ) WHERE nth > 1
);
DROP INDEX events_again;
";

/// What older files have none of.
const DEMO: &str = "ALTER TABLE events ADD COLUMN demo INTEGER NOT NULL DEFAULT 0";

/// What earlier layouts counted, and with what they asked.
const OBSOLETE: &str = "
DROP TRIGGER IF EXISTS event_added;
DROP TRIGGER IF EXISTS visit_added;
DROP TRIGGER IF EXISTS event_removed;
DROP TRIGGER IF EXISTS visit_removed;
DROP TABLE IF EXISTS hours;
DROP TABLE IF EXISTS sessions;
DROP TABLE IF EXISTS user_days;
DROP INDEX IF EXISTS visits;
DROP INDEX IF EXISTS events_by_id;
DROP INDEX IF EXISTS events_by_time;
DROP INDEX IF EXISTS events_by_kind;
";

/// Makes the tables of a new file and refuses one from the future.
pub fn prepare(connection: &mut Connection, packing: &Packing) -> Result<(), StoreError> {
    // Pages come back in small steps; a file made without that is rebuilt once.
    let mode: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    if mode != INCREMENTAL {
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        connection.execute_batch("VACUUM")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An answer means that the rows survive a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", CACHE_KB)?;
    // What takes one statement back, triggers and all, is written page by page otherwise.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            transaction.execute_batch(CREATE)?;
            transaction.execute_batch(ONCE)?;
            transaction.execute_batch(BY_TIME)?;
            transaction.execute_batch(segments::CREATE)?;
        }
        // Written before there were demo journeys.
        1 | 2 => {
            transaction.execute_batch(DEMO)?;
            take_over(&transaction, packing)?;
        }
        // Written with counts by hour and indexes for each kind of question.
        3 => take_over(&transaction, packing)?,
        // Written when an id with another time was another event.
        4 => {
            store_once(&transaction)?;
            segments::pack(&transaction, packing)?;
        }
        VERSION => return Ok(()),
        newer => return Err(StoreError::Newer(newer)),
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Whether [`prepare`] takes a file of this layout.
pub fn is_known(version: i64) -> bool {
    (1..=VERSION).contains(&version)
}

/// Packs the events of an earlier layout, once: about a million in 3 s.
fn take_over(file: &Connection, packing: &Packing) -> Result<(), StoreError> {
    file.execute_batch(OBSOLETE)?;
    store_once(file)?;
    file.execute_batch(segments::CREATE)?;
    segments::rebuild(file, packing)
}

/// Makes the indexes of this layout; nearly always nothing is there twice.
fn store_once(file: &Connection) -> Result<(), StoreError> {
    file.execute_batch("DROP INDEX IF EXISTS events_once")?;
    if let Err(failure) = file.execute_batch(ONCE) {
        if failure.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
            return Err(failure.into());
        }
        file.execute_batch(AGAIN)?;
        file.execute_batch(ONCE)?;
    }
    Ok(file.execute_batch(BY_TIME)?)
}

/// Looks through the file, as far as that goes in a moment.
pub fn check(connection: &mut Connection) -> Result<(), StoreError> {
    let end = Instant::now() + CHECK;
    connection.progress_handler(STEPS, Some(move || Instant::now() > end))?;
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    connection.progress_handler(0, None::<fn() -> bool>)?;
    match found {
        Ok(text) if text == "ok" => Ok(()),
        Ok(text) => Err(StoreError::Damaged(text)),
        Err(failure) if failure.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Ok(())
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Reads the first and the last of all that pushes write and answers read, as they do.
pub fn look(file: &Connection) -> Result<(), StoreError> {
    for table in ["events", "sessions", "users", "segments", "columns", "erased", "analytics"] {
        for order in ["", " DESC"] {
            let one = format!("SELECT * FROM {table} ORDER BY 1{order} LIMIT 1");
            let mut one = file.prepare_cached(&one)?;
            let mut rows = one.query([])?;
            while rows.next()?.is_some() {}
        }
    }
    let by_index = "SELECT MAX(timestamp), (SELECT MAX(session_id) FROM events), (SELECT MAX(user_id) FROM events),
        (SELECT events FROM totals) FROM events";
    file.query_row(by_index, [], |_| Ok(()))?;
    Ok(())
}

/// Stores an event and takes that back: nothing of it is written.
pub fn try_insert(connection: &mut Connection) -> Result<(), StoreError> {
    let record = Record {
        event_id: EventId(0),
        timestamp: Timestamp(0),
        user_id: UserSecret::new(0).user_id(),
        session_id: SessionId::new(0, 0),
        seq: 0,
        component: Component::new("", ""),
        demo: false,
        event: Event::SessionStart { previous_session_id: None },
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut added = segments::Added::default();
    added.add(&record);
    let row = Row { record: record.clone(), line: String::new() };
    row.insert(&mut transaction.prepare_cached(INSERT)?, 0)?;
    added.write(&transaction)?;
    transaction.rollback()?;
    Ok(())
}

/// Writes as much as a push may need: a little may still fit where a push does not.
pub fn take_room(file: &Connection) -> Result<(), StoreError> {
    file.execute_batch("CREATE TABLE IF NOT EXISTS probe (room BLOB NOT NULL) STRICT")?;
    file.execute("INSERT INTO probe (room) VALUES (zeroblob(?1))", [ROOM])?;
    Ok(())
}

/// Takes that away again.
pub fn give_room(file: &Connection) -> Result<(), StoreError> {
    Ok(file.execute_batch("DROP TABLE IF EXISTS probe")?)
}
