//! What a sink refused for good, and a second chance for it.

use rusqlite::{Connection, TransactionBehavior, params};

use super::signed;
use crate::store::StoreError;

/// Lets all that was set aside leave again, in the order in which it happened; how many there are. A server
/// that runs on the same file sends them.
///
/// # Errors
/// When the file cannot be written.
pub fn send_again(file: &mut Connection, sink: &str, now_ms: u64) -> Result<usize, StoreError> {
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let events = transaction.execute(
        "INSERT OR IGNORE INTO outbox_late (timestamp, cursor, sink, since)
         SELECT timestamp, cursor, ?1, ?2 FROM outbox_refused JOIN events USING (cursor)
         WHERE sink = ?1",
        params![sink, signed(now_ms)],
    )?;
    transaction.execute("DELETE FROM outbox_refused WHERE sink = ?1", [sink])?;
    transaction.commit()?;
    Ok(events)
}
