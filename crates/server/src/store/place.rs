//! Whether the open files are still those that their names lead to. SQLite keeps writing into a file that was deleted,
//! moved or replaced; what it writes is nowhere then.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The file of the events and the two that SQLite has beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    Events,
    /// Not the file, but what stands in it.
    Content,
    Log,
    Index,
}

/// What makes a file itself, whatever its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// Where the files are, and which ones they were when they were opened.
#[derive(Clone, Debug)]
pub struct Place(Vec<(Part, PathBuf, Identity)>);

/// Bytes of the file of the events and of its log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes {
    pub events: u64,
    pub log: u64,
    /// When the file of the events was last written to.
    pub written: Option<SystemTime>,
}

impl Place {
    /// Where a file system has no shared memory SQLite writes without a log.
    ///
    /// # Errors
    /// When the file of the events is not there.
    pub fn of(events: &Path) -> io::Result<Self> {
        let parts = [(Part::Events, ""), (Part::Log, "-wal"), (Part::Index, "-shm")];
        let mut place = Vec::new();
        for (part, end) in parts {
            let mut path = events.as_os_str().to_owned();
            path.push(end);
            let path = PathBuf::from(path);
            match fs::metadata(&path) {
                Ok(found) => place.push((part, path, identity(&found))),
                Err(failure) if part == Part::Events => return Err(failure),
                Err(_) => {}
            }
        }
        Ok(Self(place))
    }

    /// How large the files are, or the first of them that is another one now.
    pub fn check(&self) -> Result<Sizes, Part> {
        let mut sizes = Sizes::default();
        for (part, path, known) in &self.0 {
            let found = fs::metadata(path).map_err(|_| *part)?;
            if identity(&found) != *known {
                return Err(*part);
            }
            match part {
                Part::Events => {
                    sizes.events = found.len();
                    sizes.written = found.modified().ok();
                }
                Part::Log => sizes.log = found.len(),
                Part::Index | Part::Content => {}
            }
        }
        Ok(sizes)
    }
}

#[cfg(unix)]
fn identity(found: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Identity { device: found.dev(), inode: found.ino() }
}

/// There an open file cannot be deleted or moved.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {
    Identity { device: 0, inode: 0 }
}
