//! The lane of what is of now, in the order in which it was stored.

use std::collections::BTreeSet;

use rusqlite::{Transaction, params};
use tracking::encode::{LATE_AFTER_MS, Late};

use super::{Cut, EVENTS, Lane, Next, Outgoing, Report, Stored, count_in, late, signed, unsigned};
use crate::{outbox::TOO_OLD_MS, store::StoreError};

/// Events looked at for one batch; most of them are old where there is a backlog.
const LOOKED_AT: i64 = 5_000;

/// A batch that was noted.
struct Noted {
    end: i64,
    now_ms: u64,
    /// Components that were in no registry.
    other: BTreeSet<String>,
}

/// The next batch of `sink`, noted as about to leave: the one that was under way before a restart, or the
/// oldest events within bounds. With [`Cut::by_age`], what happened long ago is put in its own lane.
pub fn next(file: &Transaction<'_>, sink: &str, cut: &Cut) -> Result<Next, StoreError> {
    file.execute("INSERT OR IGNORE INTO outbox (sink) VALUES (?1)", [sink])?;
    let (done, noted) = place(file, sink, cut.by_age)?;
    match noted {
        Some(noted) => again(file, sink, cut, done, &noted),
        None => first(file, sink, cut, done),
    }
}

fn place(
    file: &Transaction<'_>,
    sink: &str,
    by_age: bool,
) -> Result<(i64, Option<Noted>), StoreError> {
    let row = file.query_row(
        "SELECT done, batch_end, batch_now, batch_other FROM outbox WHERE sink = ?1",
        [sink],
        |row| {
            let noted = row.get::<_, Option<i64>>(1)?.zip(row.get::<_, Option<i64>>(2)?);
            Ok((row.get(0)?, noted, row.get::<_, Option<String>>(3)?))
        },
    )?;
    let (done, noted, other) = row;
    let Some((end, now)) = noted else { return Ok((done, None)) };
    // Noted by a server that had no lanes: old events were part of it.
    let other = match other {
        Some(json) => serde_json::from_str(&json)?,
        None => {
            if by_age {
                late::put_behind(file, sink, (done, end), unsigned(now))?;
            }
            file.execute("UPDATE outbox SET batch_other = '[]' WHERE sink = ?1", [sink])?;
            BTreeSet::new()
        }
    };
    Ok((done, Some(Noted { end, now_ms: unsigned(now), other })))
}

const SELECT: &str = "SELECT cursor, timestamp, component_hash, line FROM events
    WHERE cursor > ?1 AND cursor <= ?2 ORDER BY cursor LIMIT ?3";

/// What was under way is cut as it was, whatever the limits are by now.
fn again(
    file: &Transaction<'_>,
    sink: &str,
    cut: &Cut,
    done: i64,
    noted: &Noted,
) -> Result<Next, StoreError> {
    let mut events = Vec::new();
    let mut statement = file.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![done, noted.end, i64::MAX])?;
    while let Some(row) = rows.next()? {
        let timestamp_ms = unsigned(row.get(1)?);
        if cut.by_age && is_late(timestamp_ms, noted.now_ms) {
            continue;
        }
        let component: String = row.get(2)?;
        events.push(Stored {
            cursor: row.get(0)?,
            timestamp_ms,
            known: !noted.other.contains(&component),
            late: Late::No,
            line: row.get(3)?,
        });
    }
    if events.is_empty() {
        // All of the batch was erased in the meantime.
        move_on(file, sink, noted.end)?;
        return Ok(Next::Sorted);
    }
    let lane = Lane::Live { end: noted.end };
    Ok(Next::Batch(Outgoing { lane, events }))
}

fn first(file: &Transaction<'_>, sink: &str, cut: &Cut, done: i64) -> Result<Next, StoreError> {
    let (mut events, mut other) = (Vec::new(), BTreeSet::new());
    let (mut bytes, mut end, mut too_old) = (0, None, 0_i64);
    let mut statement = file.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![done, i64::MAX, LOOKED_AT])?;
    while let Some(row) = rows.next()? {
        let (cursor, timestamp_ms) = (row.get(0)?, unsigned(row.get(1)?));
        if cut.by_age && is_late(timestamp_ms, cut.now_ms) {
            if cut.now_ms.saturating_sub(timestamp_ms) > TOO_OLD_MS {
                too_old += 1;
            } else {
                late::put(file, sink, timestamp_ms, cursor, cut.now_ms)?;
            }
        } else {
            let line: String = row.get(3)?;
            bytes += line.len();
            let is_full = bytes > cut.max_bytes || count_of(&events) == EVENTS;
            if is_full && !events.is_empty() {
                break;
            }
            let component: String = row.get(2)?;
            let known = (cut.knows)(&component);
            if !known {
                other.insert(component);
            }
            events.push(Stored { cursor, timestamp_ms, known, late: Late::No, line });
        }
        end = Some(cursor);
    }
    let Some(end) = end else { return Ok(Next::Nothing) };
    file.execute(
        "UPDATE outbox SET too_old = too_old + ?2 WHERE sink = ?1",
        params![sink, too_old],
    )?;
    if events.is_empty() {
        move_on(file, sink, end)?;
        return Ok(Next::Sorted);
    }
    file.execute(
        "UPDATE outbox SET batch_end = ?2, batch_now = ?3, batch_other = ?4 WHERE sink = ?1",
        params![sink, end, signed(cut.now_ms), serde_json::to_string(&other)?],
    )?;
    Ok(Next::Batch(Outgoing { lane: Lane::Live { end }, events }))
}

fn count_of(events: &[Stored]) -> i64 {
    super::count(events.len())
}

fn is_late(timestamp_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(timestamp_ms) > LATE_AFTER_MS
}

fn move_on(file: &Transaction<'_>, sink: &str, end: i64) -> Result<(), StoreError> {
    file.execute(
        "UPDATE outbox SET done = MAX(done, ?2), batch_end = NULL, batch_now = NULL,
             batch_other = NULL WHERE sink = ?1",
        params![sink, end],
    )?;
    Ok(())
}

/// The batch that ends at `end` is through; what is held of it waits in the other lane.
pub fn done(
    file: &Transaction<'_>,
    sink: &str,
    end: i64,
    report: &Report,
    now_ms: u64,
) -> Result<(), StoreError> {
    file.execute("INSERT OR IGNORE INTO outbox (sink) VALUES (?1)", [sink])?;
    move_on(file, sink, end)?;
    for held in &report.held {
        late::put(file, sink, held.timestamp_ms, held.cursor, now_ms)?;
        late::hold(file, sink, held, now_ms)?;
    }
    count_in(file, sink, report, now_ms)
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
