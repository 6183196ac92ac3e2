//! Whose data was erased: gone from here at once, refused from then on, and Loki's turn to erase it
//! remembered until Loki is done.

use std::collections::{HashSet, VecDeque};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tracking::UserId;

use crate::store::{
    StoreError,
    ledger::{self, Counted},
    segments::{self, Packing},
};

/// `until` is the latest time of an event that was erased here. `at_loki` is a [`AtLoki`].
/// `asked_at` is when Loki took the request to delete everything up to then.
const CREATE: &str = "
CREATE TABLE IF NOT EXISTS erased (
    user_id TEXT PRIMARY KEY,
    erased_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    at_loki TEXT NOT NULL,
    asked_at INTEGER,
    next_try INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS erased_by_turn ON erased (next_try) WHERE at_loki = 'pending';
";

/// Requests that may wait for Loki at the same time.
const PENDING: i64 = 10_000;
/// People who were unknown when they asked to be erased: nothing is written about them, but an event of theirs
/// that was on its way is refused all the same.
const RECENT: usize = 1_000;

/// What Loki has to do with an erasure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AtLoki {
    /// Nothing was ever sent there.
    None,
    Pending,
    /// Loki has reported that it is done.
    Done,
}

impl AtLoki {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "none" => Self::None,
            "done" => Self::Done,
            // Never claimed as done by mistake.
            _ => Self::Pending,
        }
    }
}

/// That somebody's data was erased.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Erasure {
    pub at_ms: u64,
    pub at_loki: AtLoki,
}

/// What an erasure has removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Erased {
    pub events: usize,
    pub analytics: usize,
    pub erasure: Erasure,
}

/// The writer's own knowledge of the table, so that every event can be held against it.
pub struct Known {
    erased: HashSet<String>,
    recent: Recent,
}

/// The latest [`RECENT`] of them.
#[derive(Default)]
struct Recent {
    all: HashSet<UserId>,
    oldest_first: VecDeque<UserId>,
}

impl Recent {
    fn add(&mut self, user: &UserId) {
        if self.all.insert(user.clone()) {
            self.oldest_first.push_back(user.clone());
        }
        if self.oldest_first.len() > RECENT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

impl Known {
    /// Makes the table when missing and reads it.
    pub fn load(connection: &Connection) -> Result<Self, StoreError> {
        connection.execute_batch(CREATE)?;
        let mut statement = connection.prepare("SELECT user_id FROM erased")?;
        let known = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Self { erased: known, recent: Recent::default() })
    }

    /// Erases here whoever was erased in the store `from`; how many events that were.
    pub fn take_over(
        &mut self,
        from: &Connection,
        connection: &mut Connection,
        packing: &Packing,
    ) -> Result<u64, StoreError> {
        let mut rows = from.prepare("SELECT user_id, erased_at, until, at_loki FROM erased")?;
        let rows = rows.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
        })?;
        let mut events = 0;
        for row in rows {
            let (user, at, until, at_loki): (String, i64, i64, String) = row?;
            let Ok(id) = UserId::parse(&user) else { continue };
            if self.contains(&id) {
                continue;
            }
            let now_ms = u64::try_from(at).unwrap_or(0);
            let has_loki = AtLoki::parse(&at_loki) != AtLoki::None;
            let (erased, _) = self.erase(connection, &id, now_ms, has_loki, packing)?;
            events += erased.events as u64;
            // As far as it was erased there, and where Loki is with it.
            connection.execute(
                "UPDATE erased SET until = MAX(until, ?2), at_loki = ?3 WHERE user_id = ?1",
                params![user, until, at_loki],
            )?;
        }
        Ok(events)
    }

    pub fn contains(&self, user: &UserId) -> bool {
        self.erased.contains(user.as_str()) || self.recent.all.contains(user)
    }

    /// Whether nothing of `user` is stored and nothing was erased; then they are remembered for a while.
    pub fn is_stranger(
        &mut self,
        connection: &Connection,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        let is_known = "SELECT EXISTS (SELECT 1 FROM events WHERE user_id = ?1)
            OR EXISTS (SELECT 1 FROM analytics WHERE user_id = ?1)
            OR EXISTS (SELECT 1 FROM erased WHERE user_id = ?1)";
        let is_known: bool = connection.query_row(is_known, [user.as_str()], |row| row.get(0))?;
        if !is_known {
            self.recent.add(user);
        }
        Ok(!is_known)
    }

    /// All that is stored of `user`, in one step, and nothing of it left in the file's free pages.
    pub fn erase(
        &mut self,
        connection: &mut Connection,
        user: &UserId,
        now_ms: u64,
        has_loki: bool,
        packing: &Packing,
    ) -> Result<(Erased, Counted), StoreError> {
        connection.pragma_update(None, "secure_delete", true)?;
        let erased = erase(connection, user.as_str(), now_ms, has_loki, packing);
        connection.pragma_update(None, "secure_delete", false)?;
        let erased = erased?;
        self.erased.insert(user.as_str().to_owned());
        Ok(erased)
    }
}

fn erase(
    connection: &mut Connection,
    user: &str,
    now_ms: u64,
    has_loki: bool,
    packing: &Packing,
) -> Result<(Erased, Counted), StoreError> {
    let now = i64::try_from(now_ms).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let changes = transaction.total_changes();
    let before = find(&transaction, user)?;
    let at_loki = match before.map(|erasure| erasure.at_loki) {
        Some(AtLoki::Pending) => AtLoki::Pending,
        Some(AtLoki::Done) => AtLoki::Done,
        Some(AtLoki::None) | None if has_loki => AtLoki::Pending,
        Some(AtLoki::None) | None => AtLoki::None,
    };
    let is_new = before.is_none_or(|erasure| erasure.at_loki != at_loki);
    if is_new && at_loki == AtLoki::Pending {
        let pending: i64 = transaction.query_row(
            "SELECT COUNT(*) FROM erased WHERE at_loki = 'pending'",
            [],
            |row| row.get(0),
        )?;
        if pending >= PENDING {
            return Err(StoreError::Busy);
        }
    }
    let until: Option<i64> = transaction.query_row(
        "SELECT MAX(timestamp) FROM events WHERE user_id = ?1",
        [user],
        |row| row.get(0),
    )?;
    // Loki's own words about an event may name whose it is.
    transaction.execute(
        "DELETE FROM outbox_refused
         WHERE cursor IN (SELECT cursor FROM events WHERE user_id = ?1)",
        [user],
    )?;
    let events = transaction.execute("DELETE FROM events WHERE user_id = ?1", [user])?;
    let analytics = transaction.execute("DELETE FROM analytics WHERE user_id = ?1", [user])?;
    if is_new {
        transaction.execute(
            "INSERT INTO erased (user_id, erased_at, until, at_loki, next_try)
             VALUES (?1, ?2, ?3, ?4, ?2)
             ON CONFLICT (user_id) DO UPDATE SET at_loki = ?4, next_try = ?2",
            params![user, now, until.unwrap_or(0).max(now), at_loki.as_str()],
        )?;
    }
    segments::pack(&transaction, packing)?;
    let counted = ledger::count(&transaction, changes)?;
    transaction.commit()?;
    let at_ms = before.map_or(now_ms, |erasure| erasure.at_ms);
    Ok((Erased { events, analytics, erasure: Erasure { at_ms, at_loki } }, counted))
}

/// Whether and when `user` was erased.
///
/// # Errors
/// When the file cannot be read.
pub fn find(connection: &Connection, user: &str) -> Result<Option<Erasure>, StoreError> {
    let found = connection
        .query_row("SELECT erased_at, at_loki FROM erased WHERE user_id = ?1", [user], |row| {
            let at_ms: i64 = row.get(0)?;
            Ok(Erasure {
                at_ms: u64::try_from(at_ms).unwrap_or(0),
                at_loki: AtLoki::parse(row.get_ref(1)?.as_str()?),
            })
        })
        .optional()?;
    Ok(found)
}
