//! What the new events of a transaction come to.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use tracking::Record;

use crate::store::row::integer;

#[derive(Default)]
pub struct Added<'a> {
    events: i64,
    users: BTreeSet<&'a str>,
    /// How many of each session, and when the last of them was.
    sessions: BTreeMap<&'a str, (i64, i64)>,
}

impl<'a> Added<'a> {
    pub fn add(&mut self, record: &'a Record) {
        self.events += 1;
        self.users.insert(record.user_id.as_str());
        let (events, last) = self.sessions.entry(record.session_id.as_str()).or_default();
        *events += 1;
        *last = integer(record.timestamp.0).max(*last);
    }

    pub fn write(self, file: &Connection) -> rusqlite::Result<()> {
        if self.events == 0 {
            return Ok(());
        }
        let mut user =
            file.prepare_cached("INSERT INTO users (user_id) VALUES (?1) ON CONFLICT DO NOTHING")?;
        for user_id in self.users {
            user.execute([user_id])?;
        }
        let mut session = file.prepare_cached(
            "INSERT INTO sessions (session_id, events, last) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET events = events + excluded.events,
                 last = MAX(last, excluded.last), is_loose = 1",
        )?;
        for (session_id, (events, last)) in self.sessions {
            session.execute(params![session_id, events, last])?;
        }
        file.prepare_cached("UPDATE totals SET events = events + ?1")?.execute([self.events])?;
        Ok(())
    }
}
