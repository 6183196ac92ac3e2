//! The lane of what happened long ago, or was held: in the order in which it happened, so that each event is
//! newer than those that went to its stream before.

use std::collections::HashMap;

use rusqlite::{Transaction, params};
use tracking::{
    Timestamp,
    encode::{BACKLOG, LATE_AFTER_MS, Late},
};

use super::{
    Cut, EVENTS, Held, Lane, Next, Outgoing, Report, Stored, Why, count_in, signed, unsigned,
};
use crate::{outbox::TOO_OLD_MS, store::StoreError};

/// So long nothing comes any more before the lane sets off, so that it need not go back ...
const QUIET_MS: u64 = 2_000;
/// ... and so long the first waits at most.
const PATIENCE_MS: u64 = 30_000;
/// After this time without an entry Loki has let go of a stream, and takes any time there again.
const FORGOTTEN_MS: u64 = 2 * 60 * 60 * 1_000;
/// How an event that was held waits: a first try, and the longest rest between two.
const STREAM_WAIT_MS: u64 = 15_000;
const STREAM_WAIT_MAX_MS: u64 = 5 * 60 * 1_000;
/// Loki's clock may be anywhere; it is asked at least this often.
const NEW_WAIT_MS: std::ops::RangeInclusive<u64> = 2_000..=30_000;

/// Puts an event in the lane.
pub fn put(
    file: &Transaction<'_>,
    sink: &str,
    timestamp_ms: u64,
    cursor: i64,
    now_ms: u64,
) -> Result<(), StoreError> {
    file.prepare_cached(
        "INSERT OR IGNORE INTO outbox_late (timestamp, cursor, sink, since) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![signed(timestamp_ms), cursor, sink, signed(now_ms)])?;
    Ok(())
}

/// Puts the old events of a batch in the lane that left with the label of their hour, if they left.
pub fn put_behind(
    file: &Transaction<'_>,
    sink: &str,
    (done, end): (i64, i64),
    batch_now_ms: u64,
) -> Result<(), StoreError> {
    file.execute(
        "INSERT OR IGNORE INTO outbox_late (timestamp, cursor, sink, since, behind)
         SELECT timestamp, cursor, ?1, ?4, 1 FROM events
         WHERE cursor > ?2 AND cursor <= ?3 AND timestamp < ?4 - ?5 AND timestamp >= ?4 - ?6",
        params![sink, done, end, signed(batch_now_ms), signed(LATE_AFTER_MS), signed(TOO_OLD_MS)],
    )?;
    Ok(())
}

/// When an event of the lane may leave again.
pub fn hold(
    file: &Transaction<'_>,
    sink: &str,
    held: &Held,
    now_ms: u64,
) -> Result<(), StoreError> {
    let key = params![signed(held.timestamp_ms), held.cursor, sink];
    let tries: u32 = file
        .prepare_cached(
            "SELECT tries FROM outbox_late WHERE timestamp = ?1 AND cursor = ?2 AND sink = ?3",
        )?
        .query_row(key, |row| row.get(0))?;
    let wait_ms = match held.why {
        Why::Behind => 0,
        Why::Stream => STREAM_WAIT_MS.saturating_mul(1 << tries.min(10)).min(STREAM_WAIT_MAX_MS),
        Why::TooNew => {
            held.timestamp_ms.saturating_sub(now_ms).clamp(*NEW_WAIT_MS.start(), *NEW_WAIT_MS.end())
        }
    };
    // Its stream may have it, unless that is ahead of it.
    let left_as = (held.why != Why::Behind).then(|| held.late.label().unwrap_or_default());
    file.prepare_cached(
        "UPDATE outbox_late SET label = NULL, known = ?7, left_as = ?8, tries = tries + 1, why = ?4,
             not_before = ?5, behind = MAX(behind, ?6)
         WHERE timestamp = ?1 AND cursor = ?2 AND sink = ?3",
    )?
    .execute(params![
        signed(held.timestamp_ms),
        held.cursor,
        sink,
        held.why.as_str(),
        signed(now_ms.saturating_add(wait_ms)),
        held.why == Why::Behind,
        held.known,
        left_as
    ])?;
    Ok(())
}

/// Whether the lane should set off.
pub fn is_due(file: &Transaction<'_>, sink: &str, now_ms: u64) -> Result<bool, StoreError> {
    let (oldest, newest, leaving): (Option<i64>, Option<i64>, i64) = file
        .prepare_cached(
            "SELECT MIN(since), MAX(since), COUNT(label) FROM outbox_late
             WHERE sink = ?1 AND not_before <= ?2",
        )?
        .query_row(params![sink, signed(now_ms)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let Some((oldest, newest)) = oldest.zip(newest) else { return Ok(false) };
    let for_ms = |since| now_ms.saturating_sub(unsigned(since));
    Ok(leaving > 0 || for_ms(newest) >= QUIET_MS || for_ms(oldest) >= PATIENCE_MS)
}

/// Whether something is held for `why`.
pub fn waits(file: &Transaction<'_>, sink: &str, why: Why) -> Result<bool, StoreError> {
    Ok(file
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox_late WHERE sink = ?1 AND why = ?2)")?
        .query_row(params![sink, why.as_str()], |row| row.get(0))?)
}

/// A row of the lane.
struct Row {
    event: Stored,
    component: String,
    behind: bool,
    /// The labels it left with before, if it did.
    known: Option<bool>,
    left_as: Option<Late>,
}

const SELECT: &str = "SELECT cursor, timestamp, component_hash, line, behind, label, known, left_as
    FROM outbox_late CROSS JOIN events USING (cursor, timestamp) WHERE sink = ?1";

fn rows(
    file: &Transaction<'_>,
    sink: &str,
    condition: &str,
    cut: &Cut,
) -> Result<Vec<Row>, StoreError> {
    let query = format!("{SELECT} AND {condition} ORDER BY timestamp, cursor LIMIT {EVENTS}");
    let mut statement = file.prepare_cached(&query)?;
    let mut found = statement.query(params![sink, signed(cut.now_ms)])?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let line: String = row.get(3)?;
        bytes += line.len();
        let label: Option<String> = row.get(5)?;
        let timestamp_ms = unsigned(row.get(1)?);
        let first_ms = rows.first().map_or(timestamp_ms, |row: &Row| row.event.timestamp_ms);
        let is_full = bytes > cut.max_bytes || timestamp_ms - first_ms > LATE_AFTER_MS;
        if label.is_none() && is_full && !rows.is_empty() {
            break;
        }
        let known: Option<bool> = row.get(6)?;
        let left_as: Option<String> = row.get(7)?;
        let event = Stored {
            cursor: row.get(0)?,
            timestamp_ms,
            known: known.unwrap_or(true),
            late: read(label.as_deref()),
            line,
        };
        rows.push(Row {
            event,
            component: row.get(2)?,
            behind: row.get(4)?,
            known,
            left_as: left_as.map(|label| read(Some(&label))),
        });
    }
    Ok(rows)
}

fn read(label: Option<&str>) -> Late {
    match label {
        None | Some("") => Late::No,
        Some(BACKLOG) => Late::Backlog,
        Some(hour) => hour.parse().map_or(Late::Backlog, Late::Hour),
    }
}

/// The next batch of the lane, noted with its labels as about to leave. It spans less than the hour that Loki lets
/// an entry be behind its stream: a batch that was taken without an answer is taken again, and stays once.
pub fn next(file: &Transaction<'_>, sink: &str, cut: &Cut) -> Result<Next, StoreError> {
    let leaving = rows(file, sink, "label IS NOT NULL AND ?2 = ?2", cut)?;
    if !leaving.is_empty() {
        let events = leaving.into_iter().map(|row| row.event).collect();
        return Ok(Next::Batch(Outgoing { lane: Lane::Late, events }));
    }
    let rows = rows(file, sink, "label IS NULL AND not_before <= ?2", cut)?;
    if rows.is_empty() {
        return Ok(Next::Nothing);
    }
    let mut choice = Choice::read(file, sink, cut.now_ms)?;
    let mut known = HashMap::new();
    let mut events = Vec::new();
    for Row { mut event, component, behind, known: was_known, left_as } in rows {
        if cut.now_ms.saturating_sub(event.timestamp_ms) > TOO_OLD_MS {
            remove(file, sink, event.timestamp_ms, event.cursor)?;
            file.execute("UPDATE outbox SET too_old = too_old + 1 WHERE sink = ?1", [sink])?;
            continue;
        }
        event.late = left_as.unwrap_or_else(|| choice.of(event.timestamp_ms, behind));
        event.known = was_known.unwrap_or_else(|| {
            *known.entry(component).or_insert_with_key(|hash| (cut.knows)(hash))
        });
        let label = event.late.label().unwrap_or_default();
        file.prepare_cached(
            "UPDATE outbox_late SET label = ?4, known = ?5
             WHERE timestamp = ?1 AND cursor = ?2 AND sink = ?3",
        )?
        .execute(params![
            signed(event.timestamp_ms),
            event.cursor,
            sink,
            label,
            event.known
        ])?;
        events.push(event);
    }
    choice.write(file, sink)?;
    if events.is_empty() {
        return Ok(Next::Sorted);
    }
    Ok(Next::Batch(Outgoing { lane: Lane::Late, events }))
}

/// The stream for each event of a batch.
struct Choice {
    now_ms: u64,
    /// The newest event in the streams of the backlog.
    newest_ms: u64,
    /// When one went there.
    at_ms: u64,
}

impl Choice {
    fn read(file: &Transaction<'_>, sink: &str, now_ms: u64) -> Result<Self, StoreError> {
        let (newest, at): (Option<i64>, Option<i64>) = file.query_row(
            "SELECT late_newest, late_at FROM outbox WHERE sink = ?1",
            [sink],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let at_ms = unsigned(at.unwrap_or(0));
        let is_forgotten = now_ms.saturating_sub(at_ms) > FORGOTTEN_MS;
        let newest_ms = if is_forgotten { 0 } else { unsigned(newest.unwrap_or(0)) };
        Ok(Self { now_ms, newest_ms, at_ms })
    }

    fn of(&mut self, timestamp_ms: u64, behind: bool) -> Late {
        if behind {
            return Late::Hour(Timestamp(timestamp_ms).hour());
        }
        if self.now_ms.saturating_sub(timestamp_ms) <= LATE_AFTER_MS {
            return Late::No;
        }
        if timestamp_ms + LATE_AFTER_MS < self.newest_ms {
            return Late::Hour(Timestamp(timestamp_ms).hour());
        }
        self.newest_ms = self.newest_ms.max(timestamp_ms);
        self.at_ms = self.now_ms;
        Late::Backlog
    }

    fn write(&self, file: &Transaction<'_>, sink: &str) -> Result<(), StoreError> {
        file.execute(
            "UPDATE outbox SET late_newest = ?2, late_at = ?3 WHERE sink = ?1",
            params![sink, signed(self.newest_ms), signed(self.at_ms)],
        )?;
        Ok(())
    }
}

fn remove(
    file: &Transaction<'_>,
    sink: &str,
    timestamp_ms: u64,
    cursor: i64,
) -> Result<(), StoreError> {
    file.prepare_cached(
        "DELETE FROM outbox_late WHERE timestamp = ?1 AND cursor = ?2 AND sink = ?3",
    )?
    .execute(params![signed(timestamp_ms), cursor, sink])?;
    Ok(())
}

/// The batch of `events` is through; what is held of it stays in the lane.
pub fn done(
    file: &Transaction<'_>,
    sink: &str,
    events: &[(u64, i64)],
    report: &Report,
    now_ms: u64,
) -> Result<(), StoreError> {
    let held: HashMap<_, _> = report.held.iter().map(|held| (held.cursor, held)).collect();
    for &(timestamp_ms, cursor) in events {
        match held.get(&cursor) {
            Some(held) => hold(file, sink, held, now_ms)?,
            None => remove(file, sink, timestamp_ms, cursor)?,
        }
    }
    count_in(file, sink, report, now_ms)
}
