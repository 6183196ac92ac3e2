//! How far each sink is, and what it refused for good.

use std::{collections::HashSet, time::Duration};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::store::StoreError;

/// `done` is the last cursor a sink is through with. A batch is noted before it leaves: what
/// is sent again after a crash is cut the same way and labelled for the same moment, so every
/// byte of it is the same.
const CREATE: &str = "
CREATE TABLE IF NOT EXISTS outbox (
    sink TEXT PRIMARY KEY,
    done INTEGER NOT NULL DEFAULT 0,
    batch_end INTEGER,
    batch_now INTEGER,
    forwarded INTEGER NOT NULL DEFAULT 0,
    too_old INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS outbox_refused (
    sink TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    refused_at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (sink, cursor)
) STRICT;
";

/// Events looked at in one go.
const EVENTS: i64 = 1_000;

/// An event as it is stored.
#[derive(Debug)]
pub struct Stored {
    pub cursor: i64,
    pub timestamp_ms: u64,
    pub line: String,
}

/// Events that leave together.
#[derive(Debug)]
pub struct Outgoing {
    /// The cursor before its first.
    pub after: i64,
    pub end: i64,
    /// The moment for which its labels are chosen.
    pub now_ms: u64,
    pub events: Vec<Stored>,
}

/// An event that a sink will never take.
#[derive(Clone, Debug)]
pub struct Refused {
    pub cursor: i64,
    pub status: u16,
    pub reason: String,
}

/// What happened to a batch.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub forwarded: usize,
    pub too_old: usize,
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
    connection.execute_batch(CREATE)
}

/// The next batch of `sink`, noted as about to leave: the one that was under way before a restart, or
/// the oldest events within `max_bytes` of lines.
pub fn next(
    file: &Transaction<'_>,
    sink: &str,
    now_ms: u64,
    max_bytes: usize,
) -> Result<Option<Outgoing>, StoreError> {
    file.execute("INSERT OR IGNORE INTO outbox (sink) VALUES (?1)", [sink])?;
    let (done, under_way): (i64, Option<(i64, i64)>) = file.query_row(
        "SELECT done, batch_end, batch_now FROM outbox WHERE sink = ?1",
        [sink],
        |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.zip(row.get(2)?))),
    )?;
    // What was under way is cut as it was, whatever the limits are by now.
    let (until, at_most, max_bytes) = match under_way {
        Some((end, _)) => (end, i64::MAX, usize::MAX),
        None => (i64::MAX, EVENTS, max_bytes),
    };
    let mut events = Vec::new();
    let mut bytes = 0;
    {
        let mut statement = file.prepare_cached(
            "SELECT cursor, timestamp, line FROM events WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor LIMIT ?3",
        )?;
        let mut rows = statement.query(params![done, until, at_most])?;
        while let Some(row) = rows.next()? {
            let line: String = row.get(2)?;
            bytes += line.len();
            if bytes > max_bytes && !events.is_empty() {
                break;
            }
            let (cursor, timestamp_ms) = (row.get(0)?, unsigned(row.get(1)?));
            events.push(Stored { cursor, timestamp_ms, line });
        }
    }
    let Some(last) = events.last().map(|event| event.cursor) else {
        // All of the batch was erased in the meantime.
        file.execute(
            "UPDATE outbox SET done = MAX(done, batch_end), batch_end = NULL, batch_now = NULL
             WHERE sink = ?1 AND batch_end IS NOT NULL",
            [sink],
        )?;
        return Ok(None);
    };
    let (end, now_ms) = match under_way {
        Some((end, now)) => (end, u64::try_from(now).unwrap_or(0)),
        None => (last, now_ms),
    };
    file.execute(
        "UPDATE outbox SET batch_end = ?2, batch_now = ?3 WHERE sink = ?1",
        params![sink, end, signed(now_ms)],
    )?;
    Ok(Some(Outgoing { after: done, end, now_ms, events }))
}

/// Which events of a batch have not been erased since.
pub fn still_stored(
    file: &Transaction<'_>,
    after: i64,
    end: i64,
) -> Result<HashSet<i64>, StoreError> {
    let mut statement =
        file.prepare_cached("SELECT cursor FROM events WHERE cursor > ?1 AND cursor <= ?2")?;
    let cursors = statement.query_map(params![after, end], |row| row.get(0))?;
    Ok(cursors.collect::<Result<_, _>>()?)
}

/// The batch that ends at `end` is through.
pub fn done(
    file: &Transaction<'_>,
    sink: &str,
    end: i64,
    report: &Report,
    now_ms: u64,
) -> Result<(), StoreError> {
    file.execute(
        "UPDATE outbox SET done = ?2, batch_end = NULL, batch_now = NULL,
             forwarded = forwarded + ?3, too_old = too_old + ?4 WHERE sink = ?1",
        params![sink, end, count(report.forwarded), count(report.too_old)],
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

/// Whether there is anything for `sink`; cheaper than counting it.
pub fn has_next(file: &Transaction<'_>, sink: &str) -> Result<bool, StoreError> {
    Ok(file.query_row(
        "SELECT EXISTS (SELECT 1 FROM events WHERE cursor >
             COALESCE((SELECT done FROM outbox WHERE sink = ?1), 0))",
        [sink],
        |row| row.get(0),
    )?)
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
    let (waiting, oldest): (i64, Option<i64>) = file.query_row(
        "SELECT COUNT(*), MIN(received_at) FROM events WHERE cursor > ?1",
        [done],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let refused: i64 =
        file.query_row("SELECT COUNT(*) FROM outbox_refused WHERE sink = ?1", [sink], |row| {
            row.get(0)
        })?;
    Ok(Standing {
        waiting: unsigned(waiting),
        oldest_received_ms: oldest.map(unsigned),
        forwarded: unsigned(forwarded),
        too_old: unsigned(too_old),
        refused: unsigned(refused),
    })
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
