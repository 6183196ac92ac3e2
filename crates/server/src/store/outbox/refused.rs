//! What Loki refused for good, and a second chance for it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use thiserror::Error;

use super::{prepare, signed};
use crate::{outbox::LOKI, store::folder::EVENTS};

/// How long the file may be busy: a server may work on it.
const BUSY: Duration = Duration::from_secs(60);

#[derive(Debug, Error)]
pub enum RetryError {
    #[error("there are no events in {0} (--data)")]
    Nothing(PathBuf),
    #[error("the events in {0} (--data) cannot be used: {1}. Nothing was changed")]
    File(PathBuf, rusqlite::Error),
}

/// `clm-server outbox retry-refused`: lets all that Loki refused leave again, in the order in which it
/// happened; how many events there are. The server that works on `data`, now or later, sends them.
///
/// # Errors
/// When there is no file of events, or it cannot be written.
pub fn retry_refused(data: &Path, now_ms: u64) -> Result<usize, RetryError> {
    let path = data.join(EVENTS);
    if !path.is_file() {
        return Err(RetryError::Nothing(data.to_owned()));
    }
    retry(&path, now_ms).map_err(|error| RetryError::File(data.to_owned(), error))
}

fn retry(path: &Path, now_ms: u64) -> rusqlite::Result<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut file = Connection::open_with_flags(path, flags)?;
    file.busy_timeout(BUSY)?;
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    prepare(&transaction)?;
    let events = transaction.execute(
        "INSERT OR IGNORE INTO outbox_late (timestamp, cursor, sink, since)
         SELECT timestamp, cursor, ?1, ?2 FROM outbox_refused JOIN events USING (cursor)
         WHERE sink = ?1",
        params![LOKI, signed(now_ms)],
    )?;
    transaction.execute("DELETE FROM outbox_refused WHERE sink = ?1", [LOKI])?;
    transaction.commit()?;
    Ok(events)
}
