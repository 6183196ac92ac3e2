//! What is too old goes, a little at a time, so that nobody waits for it.

use rusqlite::{Connection, Transaction, params};

use crate::store::{
    StoreError,
    segments::{self, Packing},
};

/// Events deleted in one go, and pages given back after it.
const STEP: i64 = 500;

/// What may go.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Events from before this moment.
    pub before_ms: u64,
    /// Those from before this one even if a sink has not had them: it would not take them any more.
    pub unsent_before_ms: u64,
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
            "DELETE FROM analytics WHERE id IN (SELECT id FROM analytics ORDER BY id LIMIT ?2)
                 AND received_at < ?1",
        )?
        .execute(params![before, STEP])?;
    Ok(cursors.len() + notes)
}

/// Shortens the file by a few of the pages that are free.
pub fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    // One page for each row that is asked for.
    let mut pages = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({STEP})"))?;
    let mut rows = pages.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
