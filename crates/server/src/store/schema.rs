//! The file's layout and its version.

use rusqlite::Connection;

use crate::store::{StoreError, rollup};

/// `PRAGMA user_version` of the layout below.
const VERSION: i64 = 3;
/// The value of `PRAGMA auto_vacuum`.
const INCREMENTAL: i64 = 2;

/// Memory for pages, in kB; negative is SQLite's way to say so.
const CACHE_KB: i64 = -32_768;
/// Pages of the log that make it worth copying into the file: 16 MB.
const CHECKPOINT: i64 = 4_096;
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
-- With all that the list of sessions adds up.
CREATE INDEX events_by_time ON events (timestamp, session_id, event, duration_ms);
CREATE INDEX events_by_kind ON events (event, timestamp);
CREATE INDEX events_by_session ON events (session_id, timestamp, seq);
CREATE INDEX events_by_user ON events (user_id);
";

/// What makes an event stored once. The time comes first: ids are random, and an index that begins with them
/// is written all over the file once it is larger than memory. A resend has the time of the first.
const ONCE: &str = "CREATE UNIQUE INDEX events_once ON events (timestamp, event_id);";

/// With all that the questions about visits want to know, so that the events themselves are not read.
const VISITS: &str = "
CREATE INDEX visits ON events (
    timestamp, session_id, seq, event_id, component_hash, prev_component, user_id, component_name,
    demo
) WHERE event = 'component_visit';
";

/// What older files have none of.
const DEMO: &str = "ALTER TABLE events ADD COLUMN demo INTEGER NOT NULL DEFAULT 0";

/// Makes the tables of a new file and refuses one from the future.
pub fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
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
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match transaction.pragma_query_value(None, "user_version", |row| row.get(0))? {
        0 => {
            transaction.execute_batch(CREATE)?;
            transaction.execute_batch(ONCE)?;
            transaction.execute_batch(VISITS)?;
            transaction.execute_batch(rollup::CREATE)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        // Written before the counts were kept. Its event ids stay unique by themselves as well.
        1 => {
            transaction.execute_batch(DEMO)?;
            transaction.execute_batch(ONCE)?;
            transaction.execute_batch(VISITS)?;
            transaction.execute_batch(rollup::CREATE)?;
            rollup::rebuild(&transaction)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        // Written before there were demo journeys, with triggers that counted what was added.
        2 => {
            transaction.execute_batch(DEMO)?;
            transaction.execute_batch("DROP INDEX visits")?;
            transaction.execute_batch(VISITS)?;
            transaction.execute_batch(ONCE)?;
            transaction.execute_batch(rollup::NO_TRIGGERS_ON_ADDING)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        newer => return Err(StoreError::Newer(newer)),
    }
    transaction.commit()?;
    Ok(())
}

/// From `bytes` on, the file takes nothing more; 0 is no limit. What is there already stays.
pub fn limit(connection: &Connection, bytes: u64) -> Result<(), StoreError> {
    if bytes > 0 {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection
            .query_row(&format!("PRAGMA max_page_count = {}", pages.max(1)), [], |_| Ok(()))?;
    }
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
