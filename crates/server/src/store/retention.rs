//! What is too old goes, a little at a time, so that nobody waits for it.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::{
    retention::Believed,
    store::{
        StoreError,
        segments::{self, Packing},
    },
};

/// Events deleted in one go, and pages given back after it.
const STEP: i64 = 500;
/// So far ahead no clock is that goes right.
const AHEAD_MS: u64 = 24 * 60 * 60 * 1_000;

/// What may go.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Events from before this moment.
    pub before_ms: u64,
    /// Those from before this one even if a sink has not had them: it would not take them any more.
    pub unsent_before_ms: u64,
    /// What the clock says, where it is sure: what bears a much later date counts as received then.
    pub sure_ms: Option<u64>,
    pub sinks: Vec<&'static str>,
}

/// Deletes a few events, oldest first, and the notes of other clients of that age.
pub fn step(file: &Transaction<'_>, bound: &Bound, packing: &Packing) -> Result<usize, StoreError> {
    let mut sent = i64::MAX;
    for sink in &bound.sinks {
        let done: i64 = file.query_row(
            "SELECT COALESCE((SELECT done FROM outbox WHERE sink = ?1), 0)",
            [sink],
            |row| row.get(0),
        )?;
        sent = sent.min(done);
    }
    let before = signed(bound.before_ms);
    let cursors: Vec<i64> = file
        .prepare_cached(
            "SELECT cursor FROM events WHERE timestamp < ?1 AND (timestamp < ?3 OR cursor <= ?2
                 AND NOT EXISTS (SELECT 1 FROM outbox_late AS late
                     WHERE late.timestamp = events.timestamp AND late.cursor = events.cursor))
             ORDER BY timestamp LIMIT ?4",
        )?
        .query_map(params![before, sent, signed(bound.unsent_before_ms), STEP], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut event = file.prepare_cached("DELETE FROM events WHERE cursor = ?1")?;
    let mut refused = file.prepare_cached("DELETE FROM outbox_refused WHERE cursor = ?1")?;
    for cursor in &cursors {
        event.execute([cursor])?;
        refused.execute([cursor])?;
    }
    segments::pack(file, packing)?;
    let notes = file
        .prepare_cached(
            "DELETE FROM analytics WHERE id IN
                 (SELECT id FROM analytics WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)",
        )?
        .execute(params![before, STEP])?;
    let future = match bound.sure_ms {
        Some(now_ms) => future(file, now_ms, before)?,
        None => 0,
    };
    Ok(cursors.len() + notes + future)
}

/// What a clock that was ahead once has dated: it is as old as the time since somebody noticed. How many events went.
fn future(file: &Transaction<'_>, now_ms: u64, before: i64) -> Result<usize, StoreError> {
    let (now, later) = (signed(now_ms), signed(now_ms.saturating_add(AHEAD_MS)));
    for dated in [
        "UPDATE analytics SET received_at = ?1 WHERE id IN
             (SELECT id FROM analytics WHERE received_at > ?2 LIMIT ?3)",
        "UPDATE events SET received_at = ?1 WHERE cursor IN
             (SELECT cursor FROM events WHERE timestamp > ?2 AND received_at > ?2 LIMIT ?3)",
    ] {
        file.prepare_cached(dated)?.execute(params![now, later, STEP * 10])?;
    }
    let gone = "DELETE FROM events WHERE cursor IN
         (SELECT cursor FROM events WHERE timestamp > ?1 AND received_at < ?2 LIMIT ?3)";
    Ok(file.prepare_cached(gone)?.execute(params![later, before, STEP])?)
}

/// What the last look at the clock believed; of a store without one, when its newest event came.
pub fn believed(file: &Transaction<'_>) -> Result<Option<Believed>, StoreError> {
    let kept = file
        .query_row("SELECT now, waited FROM clock", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    if let Some((now, waited)) = kept {
        return Ok(Some(Believed { now_ms: unsigned(now), waited_ms: unsigned(waited) }));
    }
    let newest = "SELECT received_at FROM events ORDER BY cursor DESC LIMIT 1";
    let newest: Option<i64> = file.query_row(newest, [], |row| row.get(0)).optional()?;
    Ok(newest.map(|ms| Believed { now_ms: unsigned(ms), waited_ms: 0 }))
}

pub fn believe(file: &Connection, believed: Believed) -> Result<(), StoreError> {
    file.execute(
        "INSERT INTO clock (id, now, waited) VALUES (1, ?1, ?2)
         ON CONFLICT DO UPDATE SET now = excluded.now, waited = excluded.waited",
        params![signed(believed.now_ms), signed(believed.waited_ms)],
    )?;
    Ok(())
}

pub fn prepare(file: &Connection) -> rusqlite::Result<()> {
    file.execute_batch(
        "CREATE TABLE IF NOT EXISTS clock (
             id INTEGER PRIMARY KEY,
             now INTEGER NOT NULL,
             waited INTEGER NOT NULL
         ) STRICT;",
    )
}

/// Shortens the file by a few of the pages that are free.
pub fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    // One page for each row that is asked for.
    let mut pages = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({STEP})"))?;
    let mut rows = pages.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn unsigned(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
