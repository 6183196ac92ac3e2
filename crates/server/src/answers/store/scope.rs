//! Which events a question is about, as SQL.

use insights::{Filter, Range};
use rusqlite::{Row, Rows, ToSql, Transaction};

use crate::store::StoreError;

pub type Answer<T> = Result<T, StoreError>;

/// The events to count, and which of them.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub events: &'a Transaction<'a>,
    pub range: Range,
    pub filter: &'a Filter,
}

/// `?1` and `?2` of every query are the range; its own parameters begin at `?3` and end before these.
const COMPONENTS: usize = 11;
const ENTRY: usize = 12;
const USER: usize = 13;
const SESSION: usize = 14;
const WHOLE_FROM: usize = 15;
const WHOLE_TO: usize = 16;

impl Scope<'_> {
    /// What is kept along with the events can answer: the question is about everybody and everything.
    pub fn is_about_all(&self) -> bool {
        *self.filter == Filter::default()
    }

    /// The units of `ms` that lie in the range as a whole, and what is left before and after them: `?3` to
    /// `?6` of a question that counts the former as a whole.
    pub fn whole(&self, ms: u64) -> [i64; 4] {
        let Range { from_ms, to_ms } = self.range;
        let (first, end) = (from_ms.div_ceil(ms), to_ms / ms);
        if first < end {
            [first, end, first * ms, end * ms].map(signed)
        } else {
            [0, 0, signed(to_ms), signed(to_ms)]
        }
    }

    /// All rows of `sql`, which reads `events` and bounds them by `?1` and `?2` itself.
    pub fn all<T>(
        &self,
        sql: &str,
        more: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<Vec<T>> {
        self.rows(sql, self.range, more, |rows| Ok(rows.mapped(read).collect::<Result<_, _>>()?))
    }

    /// The only row of `sql`.
    pub fn one<T>(
        &self,
        sql: &str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<T> {
        self.part(self.range, sql, read)
    }

    /// The only row of `sql` about a part of the range; the filter is about all of it.
    pub fn part<T>(
        &self,
        part: Range,
        sql: &str,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Answer<T> {
        self.rows(sql, part, &[], |mut rows| {
            let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok(read(row)?)
        })
    }

    pub fn rows<T>(
        &self,
        sql: &str,
        range: Range,
        more: &[&dyn ToSql],
        read: impl FnOnce(Rows<'_>) -> Answer<T>,
    ) -> Answer<T> {
        let mut statement = self.events.prepare_cached(&self.chosen(sql))?;
        let components = serde_json::to_string(&self.filter.components)?;
        let own = more.iter().enumerate().map(|(at, value)| (3 + at, *value));
        let (from_ms, to_ms) = bounds(range);
        let (whole_from_ms, whole_to_ms) = bounds(self.range);
        let given: [(usize, &dyn ToSql); 8] = [
            (1, &from_ms),
            (2, &to_ms),
            (COMPONENTS, &components),
            (ENTRY, &self.filter.entry),
            (USER, &self.filter.user),
            (SESSION, &self.filter.session),
            (WHOLE_FROM, &whole_from_ms),
            (WHOLE_TO, &whole_to_ms),
        ];
        // Numbers go up to the largest that the text names; the others are not asked for.
        let named = statement.parameter_count();
        for (at, value) in given.into_iter().chain(own).filter(|(at, _)| *at <= named) {
            statement.raw_bind_parameter(at, value)?;
        }
        read(statement.raw_query())
    }

    /// `sql` with `events` standing for those that pass the filter.
    fn chosen(&self, sql: &str) -> String {
        let Filter { components, entry, user, session, hide_demo } = self.filter;
        let of_people = if *hide_demo { "AND NOT demo" } else { "" };
        let entered = format!(
            "session_id IN (SELECT session_id FROM main.events WHERE event = 'component_visit'
                 AND is_entry AND component_hash = ?12 {of_people}
                 AND timestamp >= ?15 AND timestamp < ?16)"
        );
        let conditions: String = [
            (!components.is_empty(), "component_hash IN (SELECT value FROM json_each(?11))"),
            (entry.is_some(), &entered),
            (user.is_some(), "user_id = ?13"),
            (session.is_some(), "session_id = ?14"),
            (*hide_demo, "NOT demo"),
        ]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .flat_map(|(_, condition)| [" AND ", condition])
        .collect();
        if conditions.is_empty() {
            return sql.to_owned();
        }
        let events = format!(
            "events AS NOT MATERIALIZED (SELECT * FROM main.events
                 WHERE timestamp >= ?15 AND timestamp < ?16{conditions})"
        );
        match sql.trim_start().strip_prefix("WITH ") {
            Some(rest) => format!("WITH {events}, {rest}"),
            None => format!("WITH {events} {sql}"),
        }
    }
}

pub fn bounds(range: Range) -> (i64, i64) {
    (signed(range.from_ms), signed(range.to_ms))
}

pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Counts and checked times are never negative.
pub fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or(0))
}
