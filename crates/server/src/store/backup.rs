//! `clm-server backup FILE` and `clm-server restore FILE`.
//!
//! A backup is one file, made from one state of the store while a server goes on writing. It is another *generation* of
//! the store (see `ledger`), so that no log that lies about is taken for its own.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use thiserror::Error;

use crate::{
    retention::Believed,
    store::{
        StoreError,
        erased::Known,
        folder::{self, Folder},
        ledger, names, note, outbox, retention, schema,
        segments::Packing,
    },
};

/// How long a backup waits for a lock: a server at its start may hold it for some seconds.
const BUSY: Duration = Duration::from_secs(60);

#[derive(Debug, Error)]
pub enum BackupError {
    #[error("there are no events in {0} (--data)")]
    Nothing(PathBuf),
    #[error("{0} is there already and is not overwritten: choose another name, or remove it first")]
    Exists(PathBuf),
    #[error(
        "the log beside {0} was written for another file: start the server once, which sets that log \
         aside, or restore a backup"
    )]
    Foreign(PathBuf),
    #[error("{0} is no whole store of events: {1}. Nothing was changed")]
    Unusable(PathBuf, String),
    #[error("a server works on the events in {0} (--data): stop it first. Nothing was changed")]
    Running(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(failure: rusqlite::Error) -> Self {
        Self::Store(failure.into())
    }
}

/// What was copied.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    pub events: u64,
    pub bytes: u64,
}

/// What was put in place.
#[derive(Debug)]
pub struct Restored {
    pub events: u64,
    /// Events of those who were erased after the backup was made.
    pub erased: u64,
    /// Where the store is that was there before.
    pub aside: Option<PathBuf>,
    /// Why it is not known who was erased after the backup was made.
    pub erased_unknown: Option<String>,
}

/// Copies the events of the folder `data` into the new file `to`. A server may be at work on them: what it has
/// acknowledged before is in the copy.
///
/// # Errors
/// When there is nothing to copy, `to` exists, or the copy is not whole; nothing is left of it then.
pub fn backup(data: &Path, to: &Path) -> Result<Copied, BackupError> {
    let events = Folder::events_of(data);
    if !events.exists() {
        return Err(BackupError::Nothing(data.to_owned()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    // Without a server nobody else has looked at the log.
    let alone = Folder::hold(data).ok();
    if alone.as_ref().is_some_and(ledger::is_foreign) {
        return Err(BackupError::Foreign(events));
    }
    let part = with_end(to, ".part");
    let file = folder::private_new(&part).map_err(of(&part))?;
    let copied = copy(&events, &part).and_then(|count| {
        file.sync_all().map_err(of(&part))?;
        let bytes = file.metadata().map_err(of(&part))?.len();
        publish(&part, to)?;
        Ok(Copied { events: count, bytes })
    });
    let _ = fs::remove_file(&part);
    copied
}

/// How many events came into `to`, which is an empty file.
fn copy(events: &Path, to: &Path) -> Result<u64, BackupError> {
    let source = open(events)?;
    let name = to.to_str().ok_or_else(|| {
        let failure = io::Error::other("SQLite takes no such name for a file");
        BackupError::File(to.to_owned(), failure)
    })?;
    source.execute("VACUUM INTO ?1", [name])?;
    drop(source);
    let copy = open(to)?;
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    if ledger::has_generation(&copy)? {
        ledger::renew(&copy)?;
    }
    whole(&copy, to)?;
    count(&copy)
}

/// Gives the finished file its name, unless somebody else has it by now.
fn publish(part: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::hard_link(part, to) {
        Ok(()) => {}
        Err(failure) if failure.kind() == io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists(to.to_owned()));
        }
        // No links there.
        Err(_) => fs::rename(part, to).map_err(of(to))?,
    }
    sync_folder_of(to)
}

/// Puts the store in the file `from` in the place of the events in the folder `data`, on which no server works. What was
/// there is moved aside, and whose data was erased there stays erased.
///
/// # Errors
/// When a server runs, or `from` is no whole store; nothing is changed then.
pub fn restore(data: &Path, from: &Path, now_ms: u64) -> Result<Restored, BackupError> {
    if !from.is_file() {
        let failure = io::Error::from(io::ErrorKind::NotFound);
        return Err(BackupError::File(from.to_owned(), failure));
    }
    let folder = Folder::hold(data).map_err(|failure| match failure {
        StoreError::Taken => BackupError::Running(data.to_owned()),
        failure => failure.into(),
    })?;
    let new = data.join(format!("restoring-{now_ms}.db"));
    let restored = prepare(&folder, from, &new, now_ms).and_then(|mut restored| {
        restored.aside = move_aside(&folder, now_ms)?;
        folder::give_to_owner(&new, data);
        // At every moment there is one file or the other.
        fs::rename(&new, folder.events()).map_err(of(&new))?;
        if let Some(aside) = &restored.aside {
            move_into(aside, &folder.ledger())?;
        }
        sync_folder_of(&folder.events())?;
        Ok(restored)
    });
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(with_end(&new, end));
    }
    restored
}

/// Makes `new` from `from`: checked, in today's layout, without those who were erased since.
fn prepare(folder: &Folder, from: &Path, new: &Path, now_ms: u64) -> Result<Restored, BackupError> {
    for end in ["", "-wal"] {
        let (source, to) = (with_end(from, end), with_end(new, end));
        // A copy of a whole folder has its log beside it.
        if end.is_empty() || source.exists() {
            let mut source = fs::File::open(&source).map_err(of(&source))?;
            let mut file = folder::private_new(&to).map_err(of(&to))?;
            io::copy(&mut source, &mut file).map_err(of(&to))?;
        }
    }
    let mut file = open(new)?;
    whole(&file, from)?;
    let packing = Packing::default();
    schema::prepare(&mut file, &packing)?;
    note::prepare(&file)?;
    outbox::prepare(&file)?;
    names::prepare(&mut file)?;
    retention::prepare(&file)?;
    // The time since the backup is no jump of the clock.
    retention::believe(&file, Believed { now_ms, waited_ms: 0 })?;
    let mut known = Known::load(&file)?;
    ledger::prepare(&file)?;
    ledger::renew(&file)?;
    let mut restored = Restored { events: 0, erased: 0, aside: None, erased_unknown: None };
    match erased_there(folder, &mut file, &mut known, &packing) {
        Ok(erased) => restored.erased = erased,
        Err(failure) => restored.erased_unknown = Some(failure.to_string()),
    }
    restored.events = count(&file)?;
    file.pragma_update(None, "journal_mode", "DELETE")?;
    file.close().map_err(|(_, failure)| failure)?;
    fs::File::open(new).and_then(|file| file.sync_all()).map_err(of(new))?;
    Ok(restored)
}

/// Takes over whose data was erased in the store that is there; how many events of them the backup had.
fn erased_there(
    folder: &Folder,
    file: &mut Connection,
    known: &mut Known,
    packing: &Packing,
) -> Result<u64, StoreError> {
    let old = folder.events();
    if fs::metadata(&old).map_or(0, |found| found.len()) == 0 {
        return Ok(0);
    }
    let old = if ledger::is_foreign(folder) {
        Connection::open_with_flags(
            ledger::immutable(&old),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        )?
    } else {
        open(&old)?
    };
    known.take_over(&old, file, packing)
}

/// Where the file of the events, which keeps its name too, and its log are now.
fn move_aside(folder: &Folder, now_ms: u64) -> Result<Option<PathBuf>, BackupError> {
    let events = folder.events();
    if !events.exists() {
        return Ok(None);
    }
    let aside = folder.path().join(format!("before-restore-{now_ms}"));
    folder::make(&aside).map_err(of(&aside))?;
    let copy = aside.join("events.db");
    // A file system without links has to do with a moment in which it has no name.
    fs::hard_link(&events, &copy).or_else(|_| fs::rename(&events, &copy)).map_err(of(&events))?;
    for end in ["-wal", "-shm"] {
        move_into(&aside, &folder.beside(end))?;
    }
    Ok(Some(aside))
}

fn move_into(aside: &Path, file: &Path) -> Result<(), BackupError> {
    match file.file_name() {
        Some(name) if file.exists() => fs::rename(file, aside.join(name)).map_err(of(file)),
        _ => Ok(()),
    }
}

/// A connection that leaves the log beside the file as it is.
fn open(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Whether all of it can be read, and is a store that this program knows.
fn whole(file: &Connection, path: &Path) -> Result<(), BackupError> {
    let unusable = |why: String| BackupError::Unusable(path.to_owned(), why);
    let found = file.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
    let found = found.map_err(|failure| unusable(failure.to_string()))?;
    if found != "ok" {
        return Err(unusable(found));
    }
    let version: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if !schema::is_known(version) {
        return Err(unusable(format!("its layout is {version}")));
    }
    count(file).map_err(|failure| unusable(failure.to_string())).map(|_| ())
}

fn count(file: &Connection) -> Result<u64, BackupError> {
    let count: i64 = file.query_row("SELECT COUNT(*) FROM events", [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn sync_folder_of(file: &Path) -> Result<(), BackupError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Where a folder cannot be opened, the system does it by itself.
    match fs::File::open(folder) {
        Ok(opened) => opened.sync_all().map_err(of(folder)),
        Err(_) => Ok(()),
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(end);
    path.into()
}

fn of(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    |failure| BackupError::File(path, failure)
}
