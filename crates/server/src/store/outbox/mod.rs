//! How far each sink is, what waits for a turn of its own, and what was refused for good.
//!
//! A sink takes events in the order in which they were stored. Loki's turn is in two lanes: what is of now
//! goes at once (`live`), and what happened long ago in the order in which it happened (`late`), so that it
//! needs no stream for each of its hours and nobody waits for it.

mod late;
mod live;
mod refused;

use std::{collections::HashSet, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tracking::encode::Late;

use crate::store::StoreError;

pub use late::{done as late_done, is_due, next as next_late, waits};
pub use live::{done, has_next, next};
pub use refused::{RetryError, retry_refused};

/// `done` is the last cursor a sink is through with, but for what is in `outbox_late`. A batch is noted
/// before it leaves: what is sent again after a crash is cut the same way and labelled for the same moment,
/// so every byte of it is the same. `batch_other` are the components of it that no registry knew then.
///
/// A row of `outbox_late` that its stream has left behind is `behind`. It has its `label` while it is under way.
/// What left once and is held keeps its labels (`left_as`, `known`): the sink may have it without having said so.
/// `late_newest` is the newest event that went to the streams of the backlog, and `late_at` when the latest one did.
const CREATE: &str = "
CREATE TABLE IF NOT EXISTS outbox (
    sink TEXT PRIMARY KEY,
    done INTEGER NOT NULL DEFAULT 0,
    batch_end INTEGER,
    batch_now INTEGER,
    forwarded INTEGER NOT NULL DEFAULT 0,
    too_old INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS outbox_late (
    timestamp INTEGER NOT NULL,
    cursor INTEGER NOT NULL,
    sink TEXT NOT NULL,
    since INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0,
    behind INTEGER NOT NULL DEFAULT 0,
    why TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    label TEXT,
    known INTEGER,
    left_as TEXT,
    PRIMARY KEY (timestamp, cursor, sink)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_late_leaving ON outbox_late (sink) WHERE label IS NOT NULL;
CREATE TRIGGER IF NOT EXISTS outbox_late_gone AFTER DELETE ON events BEGIN
    DELETE FROM outbox_late WHERE timestamp = OLD.timestamp AND cursor = OLD.cursor;
END;
CREATE TABLE IF NOT EXISTS outbox_refused (
    sink TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    refused_at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (sink, cursor)
) STRICT;
";

/// What older files have none of.
const ADDED: [(&str, &str); 3] =
    [("batch_other", "TEXT"), ("late_newest", "INTEGER"), ("late_at", "INTEGER")];

/// Events looked at in one go.
const EVENTS: i64 = 1_000;

/// An event on its way, with the labels that it has there.
#[derive(Clone, Debug)]
pub struct Stored {
    pub cursor: i64,
    pub timestamp_ms: u64,
    /// Whether its component may be a label.
    pub known: bool,
    pub late: Late,
    pub line: String,
}

/// What a batch ends with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lane {
    /// Events in the order in which they were stored, up to a cursor.
    Live { end: i64 },
    /// Events in the order in which they happened.
    Late,
}

/// Events that leave together.
#[derive(Debug)]
pub struct Outgoing {
    pub lane: Lane,
    pub events: Vec<Stored>,
}

/// Whether a registry knows a component.
pub type Knows = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// How a batch is cut.
#[derive(Clone)]
pub struct Cut {
    pub now_ms: u64,
    /// Bytes of lines.
    pub max_bytes: usize,
    /// Events of now go first, and older ones in the order in which they happened.
    pub by_age: bool,
    /// Whether a component may be a label.
    pub knows: Knows,
}

/// What there is to do next.
#[derive(Debug)]
pub enum Next {
    Nothing,
    /// Some events were put in their lanes; there may be more.
    Sorted,
    Batch(Outgoing),
}

/// An event that a sink will never take.
#[derive(Clone, Debug)]
pub struct Refused {
    pub cursor: i64,
    pub status: u16,
    pub reason: String,
}

/// Why an event is sent again later, alone, while others go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Its stream takes nothing more for now.
    Stream,
    /// It is ahead of Loki's clock.
    TooNew,
    /// Its stream is an hour ahead of it.
    Behind,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::TooNew => "new",
            Self::Behind => "behind",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Held {
    pub cursor: i64,
    pub timestamp_ms: u64,
    pub why: Why,
    /// The labels it left with.
    pub known: bool,
    pub late: Late,
}

/// What happened to a batch.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub forwarded: usize,
    pub too_old: usize,
    pub held: Vec<Held>,
    pub refused: Vec<Refused>,
}

/// Where a sink stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Stored events it has not been given yet.
    pub waiting: u64,
    /// When the oldest of them was received.
    pub oldest_received_ms: Option<u64>,
    pub forwarded: u64,
    pub too_old: u64,
    pub refused: u64,
}

impl Standing {
    /// How long the oldest of them has waited.
    #[must_use]
    pub fn age(&self, now_ms: u64) -> Duration {
        let since = self.oldest_received_ms.map_or(0, |received| now_ms.saturating_sub(received));
        Duration::from_millis(since)
    }
}

pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)?;
    for (name, kind) in ADDED {
        let is_there: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info('outbox') WHERE name = ?1)",
            [name],
            |row| row.get(0),
        )?;
        if !is_there {
            connection.execute_batch(&format!("ALTER TABLE outbox ADD COLUMN {name} {kind}"))?;
        }
    }
    Ok(())
}

/// Which of `cursors` have not been erased since.
pub fn still_stored(file: &Transaction<'_>, cursors: &[i64]) -> Result<HashSet<i64>, StoreError> {
    let mut statement = file.prepare_cached("SELECT cursor FROM events WHERE cursor = ?1")?;
    let mut stored = HashSet::new();
    for cursor in cursors {
        stored.extend(statement.query_row([cursor], |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(stored)
}

/// # Errors
/// When the file cannot be read.
pub fn standing(file: &Transaction<'_>, sink: &str) -> Result<Standing, StoreError> {
    let row = file
        .query_row("SELECT done, forwarded, too_old FROM outbox WHERE sink = ?1", [sink], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .optional()?;
    let (done, forwarded, too_old) = row.unwrap_or_default();
    let counted = |query: &str| -> rusqlite::Result<(i64, Option<i64>)> {
        file.prepare_cached(query)?
            .query_row(params![sink, done], |row| Ok((row.get(0)?, row.get(1)?)))
    };
    let (live, live_since) =
        counted("SELECT COUNT(*), MIN(received_at) FROM events WHERE ?1 = ?1 AND cursor > ?2")?;
    let (late, late_since) = counted(
        "SELECT COUNT(*), MIN(received_at) FROM outbox_late JOIN events USING (cursor)
         WHERE sink = ?1 AND cursor <= ?2",
    )?;
    let refused: i64 =
        file.query_row("SELECT COUNT(*) FROM outbox_refused WHERE sink = ?1", [sink], |row| {
            row.get(0)
        })?;
    Ok(Standing {
        waiting: unsigned(live + late),
        oldest_received_ms: [live_since, late_since].into_iter().flatten().min().map(unsigned),
        forwarded: unsigned(forwarded),
        too_old: unsigned(too_old),
        refused: unsigned(refused),
    })
}

/// Adds to what was forwarded, and sets aside what was refused.
fn count_in(
    file: &Transaction<'_>,
    sink: &str,
    report: &Report,
    now_ms: u64,
) -> Result<(), StoreError> {
    file.execute(
        "UPDATE outbox SET forwarded = forwarded + ?2, too_old = too_old + ?3 WHERE sink = ?1",
        params![sink, count(report.forwarded), count(report.too_old)],
    )?;
    for Refused { cursor, status, reason } in &report.refused {
        file.execute(
            "INSERT OR IGNORE INTO outbox_refused (sink, cursor, refused_at, status, reason)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![sink, cursor, signed(now_ms), status, reason],
        )?;
    }
    Ok(())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
