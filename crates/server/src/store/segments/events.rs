//! A session's events as what a sheet keeps of them.

use std::collections::HashMap;

use insights::Range;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use tracking::{
    encode::LATE_AFTER_MS,
    event::{COMPONENT_LOADED, name},
};

use crate::{
    outbox::TOO_OLD_MS,
    store::{
        StoreError,
        row::integer,
        sheet::{Found, Kind, NOBODY, Rest},
    },
};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// Reads sessions one by one.
pub struct Events<'a> {
    events: CachedStatement<'a>,
    user: CachedStatement<'a>,
    users: HashMap<String, u64>,
}

impl<'a> Events<'a> {
    pub fn of(file: &'a Connection) -> Result<Self, StoreError> {
        let events = file.prepare_cached(
            "SELECT timestamp, event, component_hash, component_name, user_id, prev_component,
                 duration_ms, is_entry, interaction_type, load_time_ms, demo, OCTET_LENGTH(line),
                 received_at
             FROM events WHERE session_id = ?1 AND timestamp >= ?2 AND timestamp < ?3
             ORDER BY timestamp, seq, event_id",
        )?;
        let user = file.prepare_cached("SELECT id FROM users WHERE user_id = ?1")?;
        Ok(Self { events, user, users: HashMap::new() })
    }

    /// The events of a session in `range`, in their order, and how long its ids are.
    pub fn session(
        &mut self,
        session_id: &str,
        range: Range,
    ) -> Result<(Vec<Found>, u64), StoreError> {
        let mut all = Vec::new();
        let mut id_bytes = 0;
        let bounds = params![session_id, integer(range.from_ms), integer(range.to_ms)];
        let mut rows = self.events.query(bounds)?;
        while let Some(row) = rows.next()? {
            let user_id = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
            let user = match self.users.get(user_id) {
                Some(user) => *user,
                None => {
                    let found = self.user.query_row([user_id], |row| number(row, 0)).optional()?;
                    *self.users.entry(user_id.to_owned()).or_insert(found.unwrap_or(NOBODY))
                }
            };
            id_bytes = (session_id.len() + user_id.len()) as u64;
            all.push(found(row, user)?);
        }
        Ok((all, id_bytes))
    }
}

fn found(row: &Row<'_>, user: u64) -> rusqlite::Result<Found> {
    let at_ms = number(row, 0)?;
    let event = row.get_ref(1)?.as_str()?;
    let load_time: Option<i64> = row.get(9)?;
    let (kind, value) = match event {
        name::COMPONENT_VISIT => (Kind::Visit, 0),
        name::COMPONENT_EXIT => (Kind::Exit, number(row, 6)?),
        name::COMPONENT_ERROR => (Kind::Error, 0),
        name::COMPONENT_INTERACTION
            if row.get_ref(8)?.as_str_or_null()? == Some(COMPONENT_LOADED) =>
        {
            (Kind::Load, load_time.map_or(0, |ms| ms.cast_unsigned().saturating_add(1)))
        }
        name::COMPONENT_INTERACTION => (Kind::Rest, Rest::INTERACTION),
        name::COMPONENT_RESUME => (Kind::Rest, Rest::RESUME),
        name::SESSION_START => (Kind::Rest, Rest::START),
        _ => (Kind::Rest, Rest::DROPPED),
    };
    let late_ms = number(row, 12)?.saturating_sub(at_ms);
    let is_late = late_ms > LATE_AFTER_MS && late_ms <= TOO_OLD_MS;
    Ok(Found {
        kind,
        hash: row.get(2)?,
        name: row.get(3)?,
        at_ms,
        previous: if kind == Kind::Visit { row.get(5)? } else { None },
        value,
        demo: row.get(10)?,
        is_entry: row.get::<_, Option<bool>>(7)?.unwrap_or(false),
        bytes: number(row, 11)?,
        late_hour: is_late.then_some(at_ms / HOUR_MS),
        user,
    })
}

/// What is not there counts nothing; checked numbers are never negative.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}
