//! SQLite's log beside the file: how long it may become, and when it is copied into the file.
//!
//! The writer does it itself, as each checkpoint begins a new generation (see `ledger`). A reader that began before
//! keeps the log from beginning anew; then it grows until the reader is done, and gives its room back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::store::{BUSY, StoreError};

/// Bytes of a log that make it worth copying into the file.
const WORTH: u64 = 16 << 20;
/// The least, however small the store may be.
const LEAST: u64 = 512 << 10;
/// A store's share for a log that is due.
const SHARE: u64 = 8;
/// So many of them are left free for it: it is due at one, and a commit may add two.
const ROOM: u64 = 3;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// How long readers may keep it from being emptied.
const PATIENCE: Duration = Duration::from_millis(100);
/// Bytes of a page.
const PAGE: u64 = 4_096;
/// So many times as long as usual is worth a word.
const LONG: u64 = 16;

pub struct Log {
    /// Bytes of file and log together; 0 is no limit.
    max_bytes: u64,
    /// Bytes that make it due.
    due: u64,
    /// Pages in it, as of the last commit.
    pages: Arc<AtomicI64>,
    /// It could not be when it should have been.
    must_be_emptied: bool,
    not_before: Option<Instant>,
    is_told: bool,
}

impl Log {
    pub fn new(max_bytes: u64) -> Self {
        let due = if max_bytes == 0 { WORTH } else { (max_bytes / SHARE).clamp(LEAST, WORTH) };
        let pages = Arc::default();
        Self { max_bytes, due, pages, must_be_emptied: false, not_before: None, is_told: false }
    }

    /// Bounds the file, so that there is room for the log, and counts what is written to that.
    pub fn attach(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let due = i64::try_from(self.due).unwrap_or(i64::MAX);
        connection.pragma_update(None, "journal_size_limit", due)?;
        if self.max_bytes > 0 {
            let bytes = self.max_bytes.saturating_sub(ROOM * self.due);
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            let limit = format!("PRAGMA max_page_count = {}", pages.max(1));
            connection.query_row(&limit, [], |_| Ok(()))?;
        }
        let pages = self.pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(i64::from(count), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(())
    }

    /// Bytes of lines that are stored at once at most.
    pub fn group_bytes(&self) -> u64 {
        if self.max_bytes == 0 { self.due / 4 } else { self.due / 8 }
    }

    pub fn is_within_bounds(&self, bytes: u64) -> bool {
        self.max_bytes == 0 || bytes <= self.due
    }

    /// Whether it is long enough to be copied, or longer than it need be.
    pub fn is_due(&self, bytes: u64) -> bool {
        let pages = u64::try_from(self.pages.load(Ordering::Relaxed)).unwrap_or(0);
        let is_due = pages * PAGE >= self.due || self.must_be_emptied || self.is_long(bytes);
        is_due && self.not_before.is_none_or(|moment| Instant::now() >= moment)
    }

    /// Whether it has more room than it needs.
    pub fn is_long(&self, bytes: u64) -> bool {
        bytes > 2 * self.due
    }

    /// Copies it into the file, and with `empty` gives its room back; whether all of that could be done.
    pub fn copy(&mut self, connection: &Connection, empty: bool) -> Result<bool, StoreError> {
        self.not_before = Some(Instant::now() + PAUSE);
        let is_done = checkpoint(connection, "PASSIVE")?;
        if is_done {
            self.pages.store(0, Ordering::Relaxed);
        }
        if empty || self.max_bytes > 0 {
            connection.busy_timeout(PATIENCE)?;
            let emptied = is_done && checkpoint(connection, "TRUNCATE")?;
            connection.busy_timeout(BUSY)?;
            self.must_be_emptied = !emptied;
        }
        Ok(is_done)
    }

    /// Says once that somebody keeps it from beginning anew.
    pub fn tell(&mut self, bytes: u64) {
        if bytes <= self.due {
            self.is_told = false;
        } else if bytes > LONG * self.due && !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(
                "the log beside the file of the events has {} MB: a program has been reading the \
                 file for long, a backup perhaps; the log shrinks when it is done",
                bytes >> 20
            );
        }
    }
}

fn checkpoint(connection: &Connection, how: &str) -> Result<bool, StoreError> {
    let (busy, pages, copied): (i64, i64, i64) =
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    Ok(busy == 0 && pages == copied)
}
