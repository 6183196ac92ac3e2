//! Which events a question is about.

use insights::{Filter, FilterMeaning, Range};
use rusqlite::{OptionalExtension, Transaction, params};
use tracking::Record;

use crate::store::{
    StoreError,
    sheet::{Columns, Lens, NOBODY},
};

pub type Answer<T> = Result<T, StoreError>;

/// The events to count, and which of them.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub events: &'a Transaction<'a>,
    pub range: Range,
    pub filter: &'a Filter,
    /// What the filter means for the question.
    pub meaning: FilterMeaning,
}

impl<'a> Scope<'a> {
    /// The scope with the numbers of those it names.
    pub fn lens(&self, needs: [Columns; 2], needs_spans: bool) -> Answer<Lens<'a>> {
        let Self { events, range, filter, meaning } = *self;
        let number = |sql: &str, id: &String| -> Answer<u64> {
            let found = events.query_row(sql, [id], |row| row.get::<_, i64>(0)).optional()?;
            Ok(found.map_or(NOBODY, i64::cast_unsigned))
        };
        let user = "SELECT id FROM users WHERE user_id = ?1";
        let session = "SELECT id FROM sessions WHERE session_id = ?1";
        let user = filter.user.as_ref().map(|id| number(user, id)).transpose()?;
        let session = filter.session.as_ref().map(|id| number(session, id)).transpose()?;
        let [needs, needs_of_part] = needs;
        Ok(Lens { range, filter, meaning, user, session, needs, needs_of_part, needs_spans })
    }

    /// The first events of a session in range, in their order, at most so many.
    pub fn records(&self, session_id: &str, at_most: usize) -> Answer<Vec<Record>> {
        let (from_ms, to_ms) = bounds(self.range);
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let mut statement = self.events.prepare_cached(
            "SELECT line FROM events WHERE session_id = ?3 AND timestamp >= ?1 AND timestamp < ?2
             ORDER BY timestamp, seq, event_id LIMIT ?4",
        )?;
        let mut rows = statement.query(params![from_ms, to_ms, session_id, at_most])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let line = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            records.push(Record::from_line(line)?);
        }
        Ok(records)
    }
}

fn bounds(range: Range) -> (i64, i64) {
    (signed(range.from_ms), signed(range.to_ms))
}

pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
