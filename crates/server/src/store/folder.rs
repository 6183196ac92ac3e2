//! The folder of the events: its owner alone reads it, and one server works in it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::store::StoreError;

/// The file of the events.
pub const EVENTS: &str = "events.db";
/// Names what follows `events.db` in the names of the files beside it.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];
const LOCK: &str = "events.lock";
const LEDGER: &str = "events.acknowledged";

/// A folder that no other server works in, until it is dropped or the process ends in whatever way.
pub struct Folder {
    path: PathBuf,
    /// None where the file system has no locks.
    lock: Option<File>,
}

impl Folder {
    /// Makes the folder when missing, and the file of the events in it.
    ///
    /// # Errors
    /// When another server holds it, or it cannot be made.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = Self::hold(path)?;
        private(&folder.events())?;
        for part in BESIDE {
            tighten(&folder.beside(part));
        }
        Ok(folder)
    }

    /// Makes the folder when missing, but no file of events.
    ///
    /// # Errors
    /// When another server holds it, or it cannot be made.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        make(path)?;
        let lock = hold(&path.join(LOCK))?;
        give_to_owner(&path.join(LOCK), path);
        Ok(Self { path: path.to_owned(), lock })
    }

    /// The file of the events of a folder, whoever holds it.
    pub fn events_of(path: &Path) -> PathBuf {
        path.join(EVENTS)
    }

    pub fn events(&self) -> PathBuf {
        Self::events_of(&self.path)
    }

    pub fn log(&self) -> PathBuf {
        self.beside("-wal")
    }

    pub fn ledger(&self) -> PathBuf {
        self.path.join(LEDGER)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn beside(&self, part: &str) -> PathBuf {
        self.path.join(format!("{EVENTS}{part}"))
    }

    /// Gives the log, and the index of it, other names; SQLite makes new ones.
    pub fn set_log_aside(&self, now_ms: u64) -> io::Result<PathBuf> {
        let aside = self.beside(&format!("-wal.set-aside-{now_ms}"));
        fs::rename(self.log(), &aside)?;
        let _ = fs::remove_file(self.beside("-shm"));
        Ok(aside)
    }

    /// Whether the lock still stands for the folder; if somebody removed its file, it is made anew.
    pub fn hold_on(&mut self) -> Result<(), StoreError> {
        let Some(lock) = &self.lock else { return Ok(()) };
        let path = self.path.join(LOCK);
        if is_same(lock, &path) {
            return Ok(());
        }
        self.lock = hold(&path)?;
        Ok(())
    }
}

/// For its owner only; one that is there stays as it is.
pub fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file that its owner alone reads, making it when missing.
pub fn private(path: &Path) -> io::Result<File> {
    owners().create(true).open(path)
}

/// The same, but only if there is none.
pub fn private_new(path: &Path) -> io::Result<File> {
    owners().create_new(true).open(path)
}

fn owners() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// What root makes in the server's folder belongs to the server; nobody else can give files away.
pub fn give_to_owner(file: &Path, folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(ours), Ok(theirs)) = (fs::metadata(file), fs::metadata(folder)) else { return };
        if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
            let _ = std::os::unix::fs::chown(file, Some(theirs.uid()), Some(theirs.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, folder);
}

/// Earlier versions made files that every user of the machine could read.
fn tighten(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(found) = fs::metadata(path) else { return };
        if found.permissions().mode() & 0o077 == 0 {
            return;
        }
        if let Err(failure) = fs::set_permissions(path, fs::Permissions::from_mode(0o600)) {
            let path = path.display();
            tracing::warn!("other users may read {path}, and that cannot be changed: {failure}");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn hold(path: &Path) -> Result<Option<File>, StoreError> {
    let file = private(path)?;
    match file.try_lock() {
        Ok(()) if is_same(&file, path) => Ok(Some(file)),
        // Removed in between: somebody else may hold the next one.
        Ok(()) | Err(TryLockError::WouldBlock) => Err(StoreError::Taken),
        Err(TryLockError::Error(failure)) => {
            tracing::warn!(
                "the folder of the events cannot be locked ({failure}): make sure that no other \
                 server works in it"
            );
            Ok(None)
        }
    }
}

/// Whether the open file is the one of this name.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |found: fs::Metadata| (found.dev(), found.ino());
    let (Ok(ours), Ok(theirs)) = (file.metadata(), fs::metadata(path)) else { return false };
    of(ours) == of(theirs)
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    path.exists()
}
