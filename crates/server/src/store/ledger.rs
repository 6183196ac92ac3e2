//! What was acknowledged, noted beside the file: a start sees by it what is missing, and whether the log that it finds
//! was written for the file that it finds.
//!
//! SQLite applies whatever log stands beside a file, and takes the end of a log that cannot be read for the end of what
//! was written. So each commit leaves a line here before it is acknowledged. The line is not synced, which would double
//! the price of a commit: after a power cut it may be an older one, and then less is noticed; it is never a newer one.
//!
//! The file itself changes only at a checkpoint, and each begins with a new *generation* in the table `totals`. A
//! copy of the file from before is of another one, and a log goes only with the generation that it was written for.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};

use crate::store::{
    StoreError,
    folder::{self, Folder},
};

/// Bytes of the line, whatever it says.
const WIDTH: usize = 240;
/// Bytes of a log's head, and where in it stands what is new with each log.
const LOG_HEAD: u64 = 32;
const SALT: u64 = 16;

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// Changes of the file so far, and the last event's cursor.
    pub commits: i64,
    pub cursor: i64,
    pub generation: i64,
    /// A checkpoint of that generation is under way.
    pub pending: bool,
    /// Bytes of the file without its log.
    pub bytes: u64,
    /// What the log begins with.
    pub salt: u64,
}

/// The commits of the file and its last cursor after a transaction that changed something.
pub type Counted = Option<(i64, i64)>;

pub struct Ledger {
    file: File,
    log: Option<File>,
    pub entry: Entry,
}

/// Columns that files of earlier versions have none of.
pub fn prepare(file: &Connection) -> Result<(), StoreError> {
    if !has_generation(file)? {
        file.execute_batch(
            "ALTER TABLE totals ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE totals ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;",
        )?;
    }
    if generation(file)? == 0 {
        renew(file)?;
    }
    Ok(())
}

/// Whether it was written by a version that counts them.
pub fn has_generation(file: &Connection) -> rusqlite::Result<bool> {
    let has = "SELECT COUNT(*) FROM pragma_table_info('totals') WHERE name = 'generation'";
    file.query_row(has, [], |row| Ok(row.get::<_, i64>(0)? > 0))
}

/// Makes the file another one than all that it was copied from.
pub fn renew(file: &Connection) -> Result<(), StoreError> {
    // Exact in JSON, and far from the next one.
    let random = getrandom::u64().map_err(io::Error::other)? >> 12;
    file.execute("UPDATE totals SET generation = ?1", [random.cast_signed() + 2])?;
    Ok(())
}

fn generation(file: &Connection) -> rusqlite::Result<i64> {
    file.query_row("SELECT generation FROM totals", [], |row| row.get(0))
}

/// The file is another one from now on.
pub fn next_generation(file: &mut Connection) -> Result<i64, StoreError> {
    let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let next = "UPDATE totals SET generation = generation + 1 RETURNING generation";
    let generation = transaction.prepare_cached(next)?.query_row([], |row| row.get(0))?;
    transaction.commit()?;
    Ok(generation)
}

/// Counts the transaction, if it changed something since there were `before` changes.
pub fn count(file: &Transaction<'_>, before: u64) -> Result<Counted, StoreError> {
    if file.total_changes() == before {
        return Ok(None);
    }
    let commits = file
        .prepare_cached("UPDATE totals SET commits = commits + 1 RETURNING commits")?
        .query_row([], |row| row.get(0))?;
    Ok(Some((commits, last_cursor(file)?)))
}

fn last_cursor(file: &Connection) -> Result<i64, StoreError> {
    let last = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)";
    Ok(file.prepare_cached(last)?.query_row([], |row| row.get(0))?)
}

impl Ledger {
    /// Goes on from the file's own state, after telling what is missing in it.
    pub fn open(folder: &Folder, connection: &Connection) -> Result<Self, StoreError> {
        let mut file = folder::private(&folder.ledger())?;
        let commits =
            connection.query_row("SELECT commits FROM totals", [], |row| row.get::<_, i64>(0))?;
        let cursor = last_cursor(connection)?;
        if let Some(told) = read(&mut file)
            && commits < told.commits
        {
            tell_missing(told.commits - commits, told.cursor - cursor);
        }
        let entry =
            Entry { commits, cursor, generation: generation(connection)?, ..Entry::default() };
        Ok(Self { file, log: File::open(folder.log()).ok(), entry })
    }

    /// Whether the file itself is of the generation that this server has left in it. Another program that copies the log
    /// into the file leaves it so.
    pub fn is_of(&self, events: &Path) -> bool {
        let Entry { generation: ours, pending, .. } = self.entry;
        without_log(events).is_ok_and(|(found, _)| found == ours || (pending && found == ours - 1))
    }

    /// Writes the line; what cannot be written is only noticed less.
    pub fn write(&mut self) {
        self.entry.salt = self.log.as_mut().and_then(salt).unwrap_or(0);
        let Ok(mut line) = serde_json::to_vec(&self.entry) else { return };
        line.resize(WIDTH - 1, b' ');
        line.push(b'\n');
        let _ = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&line));
    }
}

fn tell_missing(commits: i64, events: i64) {
    tracing::error!(
        "{} that were acknowledged are missing in the file of the events (of {commits} changes in \
         all): its log was deleted or damaged, or an older copy was put in its place. What is there \
         is served; `events.db-wal.set-aside-*` and a backup may have the rest",
        match events {
            ..=0 => "changes".to_owned(),
            1 => "1 event".to_owned(),
            many => format!("{many} events"),
        }
    );
}

fn read(file: &mut File) -> Option<Entry> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(WIDTH as u64).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn salt(log: &mut File) -> Option<u64> {
    let mut bytes = [0; 8];
    log.seek(SeekFrom::Start(SALT)).ok()?;
    log.read_exact(&mut bytes).ok()?;
    Some(u64::from_be_bytes(bytes))
}

/// Before SQLite sees it: a log that was not written for the file is set aside.
///
/// # Errors
/// When it has to be, and cannot.
pub fn keep_out_a_foreign_log(folder: &Folder, now_ms: u64) -> Result<(), StoreError> {
    if is_foreign(folder) {
        let aside = folder.set_log_aside(now_ms)?;
        tracing::error!(
            "events.db is not the file that the log beside it was written for; an older copy was put \
             in its place. The log is not applied; it is kept as {}",
            aside.display()
        );
    }
    Ok(())
}

/// Whether the log in the folder was written for another file than the one beside it.
pub fn is_foreign(folder: &Folder) -> bool {
    let Ok(mut log) = File::open(folder.log()) else { return false };
    let is_empty = log.metadata().map_or(true, |found| found.len() <= LOG_HEAD);
    let told = File::open(folder.ledger()).ok().and_then(|mut file| read(&mut file));
    // Of a log that is not the last one we wrote nothing is known: both may have been put there together.
    let Some(told) = told.filter(|told| !is_empty && salt(&mut log) == Some(told.salt)) else {
        return false;
    };
    let bytes = std::fs::metadata(folder.events()).map_or(0, |found| found.len());
    match without_log(&folder.events()) {
        // All that was acknowledged is in the file itself.
        Ok((generation, commits)) if generation == told.generation && commits >= told.commits => {
            false
        }
        Ok((generation, _)) if told.pending => {
            // In the middle of a checkpoint; its generation may have come into the file or not.
            generation != told.generation && generation != told.generation - 1
        }
        // The line of the last checkpoint could not be written.
        Ok((generation, _)) if generation == told.generation + 1 => false,
        Ok((generation, _)) => generation != told.generation || bytes != told.bytes,
        Err(_) => !told.pending && bytes != told.bytes,
    }
}

/// Generation and commits as the file itself has them.
fn without_log(events: &Path) -> rusqlite::Result<(i64, i64)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let ask = "SELECT generation, commits FROM totals";
    Connection::open_with_flags(immutable(events), flags)?
        .query_row(ask, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The name by which SQLite reads a file as it stands, whatever log lies beside it.
pub fn immutable(events: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in events.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    uri
}
