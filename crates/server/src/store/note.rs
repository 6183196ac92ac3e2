//! What clients without our tracker tell, apart from the events that the answers are made of.

use rusqlite::{Connection, params};
use tracking::UserId;

const CREATE: &str = "
CREATE TABLE IF NOT EXISTS analytics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    event TEXT NOT NULL,
    component TEXT,
    user_id TEXT,
    line TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS analytics_by_user ON analytics (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS analytics_by_age ON analytics (received_at);
";

/// One checked event of `/api/analytics`.
#[derive(Debug)]
pub struct Note {
    pub received_ms: u64,
    pub event: String,
    pub component: Option<String>,
    /// Only an id that somebody can prove to be theirs.
    pub user_id: Option<UserId>,
    pub line: String,
}

pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(CREATE)
}

impl Note {
    pub fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let integer = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        connection
            .prepare_cached(
                "INSERT INTO analytics (received_at, event, component, user_id, line)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                integer(self.received_ms),
                self.event,
                self.component,
                self.user_id.as_ref().map(UserId::as_str),
                self.line
            ])?;
        Ok(())
    }
}
