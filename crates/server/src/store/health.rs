//! What is wrong with the store, said once when it begins and once when it is over.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::ErrorCode;

use crate::store::{StoreError, place::Part};

/// What to do about a file that cannot be trusted any more.
const RESTORE: &str = "stop the server, keep a copy of the folder, and put a backup in place with \
                       `clm-server restore FILE`";

/// What is wrong, by kind.
#[derive(Debug, Default)]
struct Wrong {
    /// A file that is not the one that was opened.
    replaced: Option<Part>,
    /// What could not be read; stays until the next start.
    damaged: Option<String>,
    /// Why the last write did not go well.
    failing: Option<String>,
}

#[derive(Debug, Default)]
pub struct Health {
    wrong: Mutex<Wrong>,
    /// Rises whenever an earlier look at the store says nothing any more.
    news: AtomicU64,
}

impl Health {
    /// Whether all is well, or the sentence for who asks whether events can be stored.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        match self.trouble() {
            Some(trouble) => Err(trouble),
            None if self.is_failing() => Err("the store cannot be written".into()),
            None => Ok(()),
        }
    }

    /// What is wrong with the files themselves.
    pub fn trouble(&self) -> Option<String> {
        let wrong = self.wrong();
        let damaged = || wrong.damaged.as_ref();
        let damaged = || damaged().map(|what| format!("the file of the events is damaged: {what}"));
        wrong.replaced.map(|part| replaced(part).to_owned()).or_else(damaged)
    }

    pub fn news(&self) -> u64 {
        self.news.load(Ordering::Relaxed)
    }

    pub fn is_failing(&self) -> bool {
        self.wrong().failing.is_some()
    }

    /// A write went well.
    pub fn wrote(&self) {
        let mut wrong = self.wrong();
        if wrong.failing.take().is_some() {
            tracing::info!("the store can be written again");
            self.tell();
        }
    }

    /// Something could be written while a push could not: an earlier look says nothing any more.
    pub fn moved_on(&self) {
        if self.is_failing() {
            self.tell();
        }
    }

    /// A push could not be stored.
    pub fn failed(&self, failure: &StoreError) {
        if let StoreError::Unwell(_) = failure {
            return;
        }
        self.saw(failure);
        let mut wrong = self.wrong();
        let text = failure.to_string();
        if wrong.failing.as_ref() != Some(&text) {
            tracing::error!("events cannot be stored: {text}");
            wrong.failing = Some(text);
        }
        self.tell();
    }

    /// Keeps in mind what a failed reader or writer tells of the file itself.
    pub fn saw(&self, failure: &StoreError) {
        if !is_damage(failure) {
            return;
        }
        let mut wrong = self.wrong();
        if wrong.damaged.is_none() {
            tracing::error!("the file of the events is damaged ({failure}): {RESTORE}");
            wrong.damaged = Some(failure.to_string());
        }
        self.tell();
    }

    /// Which file is not the one that was opened; none if all are.
    pub fn place(&self, part: Option<Part>) {
        let mut wrong = self.wrong();
        if wrong.replaced == part {
            return;
        }
        match part {
            Some(part) => tracing::error!("{}: {}", replaced(part), what_to_do(part)),
            None => tracing::info!("the files of the events are in their place again"),
        }
        wrong.replaced = part;
        self.tell();
    }

    fn tell(&self) {
        self.news.fetch_add(1, Ordering::Relaxed);
    }

    fn wrong(&self) -> MutexGuard<'_, Wrong> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replaced(part: Part) -> &'static str {
    match part {
        Part::Events => "the file of the events was deleted, moved or replaced",
        Part::Content => "another file was written over the file of the events",
        Part::Log => "the log beside the file of the events was deleted, moved or replaced",
        Part::Index => "the index beside the file of the events was deleted, moved or replaced",
    }
}

fn what_to_do(part: Part) -> &'static str {
    match part {
        Part::Events => {
            "nothing more is stored, so that nothing is lost. Put the file back and all goes on; or \
             restart the server to begin with what is there now"
        }
        Part::Content => {
            "nothing more is stored, so that nothing is lost. Stop the server and put a backup in \
             place with `clm-server restore FILE`, or restart it to begin with what is there now"
        }
        Part::Log | Part::Index => {
            "nothing more is stored until what is acknowledged stands in the file itself and a new \
             log is begun"
        }
    }
}

/// Whether it says that the file holds what was never written to it, or cannot be read.
fn is_damage(failure: &StoreError) -> bool {
    match failure {
        StoreError::Packed | StoreError::Line(_) | StoreError::Damaged(_) => true,
        StoreError::Sqlite(failure) => match failure.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
            Some(ErrorCode::SystemIoFailure) => is_reading(failure),
            Some(_) => false,
            None => matches!(
                failure,
                rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::Utf8Error(..)
            ),
        },
        _ => false,
    }
}

/// A disk that cannot be read; one that cannot be written may be again in a moment.
fn is_reading(failure: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_DATA, SQLITE_IOERR_READ};
    let code = failure.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(SQLITE_IOERR_READ | SQLITE_IOERR_DATA | SQLITE_IOERR_CORRUPTFS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None).into()
    }

    #[test]
    fn what_a_failure_says_of_the_file_is_kept() {
        use rusqlite::ffi;
        for (code, is_damage) in [
            (ffi::SQLITE_CORRUPT, true),
            (ffi::SQLITE_CORRUPT_INDEX, true),
            (ffi::SQLITE_NOTADB, true),
            (ffi::SQLITE_IOERR_READ, true),
            (ffi::SQLITE_IOERR_WRITE, false),
            (ffi::SQLITE_FULL, false),
            (ffi::SQLITE_BUSY, false),
        ] {
            let health = Health::default();
            health.saw(&sqlite(code));
            assert_eq!(health.check().is_err(), is_damage, "{code}");
            // A push that fails says so in any case, and one that goes well ends what can end.
            health.failed(&sqlite(code));
            assert!(health.check().is_err());
            health.wrote();
            assert_eq!(health.check().is_err(), is_damage, "{code}");
        }
    }

    #[test]
    fn a_file_that_is_back_is_well_again() {
        let health = Health::default();
        health.place(Some(Part::Events));
        assert!(health.check().unwrap_err().contains("deleted, moved or replaced"));
        let news = health.news();
        health.place(None);
        assert!(health.check().is_ok() && health.news() > news);
    }
}
