//! Files that others put there: read when they are regular files of a bounded size, whatever stands in
//! their place.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
    time::{Duration, SystemTime},
};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("is not a regular file")]
    NotRegular,
    #[error("is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
}

/// Never waits: a pipe is refused before it is opened.
///
/// # Errors
/// When it is no regular file, larger than `max_bytes`, or cannot be read.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, ReadError> {
    let is_regular = |metadata: &Metadata| metadata.is_file();
    if !is_regular(&fs::metadata(path)?) {
        return Err(ReadError::NotRegular);
    }
    let file = File::open(path)?;
    if !is_regular(&file.metadata()?) {
        return Err(ReadError::NotRegular);
    }
    let mut bytes = Vec::new();
    // The size that a file names may be another one than it has.
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes { Err(ReadError::TooLarge(max_bytes)) } else { Ok(bytes) }
}

/// The text of a file in UTF-8, or in UTF-16 with its byte order mark, without the mark. A byte that is
/// no text becomes U+FFFD.
pub fn text(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// What changes when a file does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    #[cfg(unix)]
    identity: (u64, u64, i64, i64),
}

/// A file system may give two changes within this time the same stamp.
const COARSE: Duration = Duration::from_secs(1);

impl Stamp {
    /// # Errors
    /// When there is no such file.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        };
        Ok(Self {
            modified: metadata.modified().ok(),
            bytes: metadata.len(),
            #[cfg(unix)]
            identity,
        })
    }

    /// Whether the file was left alone long enough that its next change shows.
    pub fn is_settled(&self) -> bool {
        // One from the future is not of a moment ago.
        let age = |modified| SystemTime::now().duration_since(modified).unwrap_or(Duration::MAX);
        self.modified.is_some_and(|modified| age(modified) > COARSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_what_editors_write() {
        let le: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain("{ü}".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let be: Vec<u8> = [0xFE, 0xFF]
            .into_iter()
            .chain("{ü}".encode_utf16().flat_map(u16::to_be_bytes))
            .collect();
        for bytes in ["{ü}".as_bytes(), "\u{feff}{ü}".as_bytes(), &le, &be] {
            assert_eq!(text(bytes), "{ü}");
        }
        assert_eq!(text(b"Caf\xe9"), "Caf\u{fffd}");
    }

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, b"1234").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"1234");
        assert!(matches!(read(&path, 3), Err(ReadError::TooLarge(3))));
        assert!(matches!(read(dir.path(), 4), Err(ReadError::NotRegular)));
        assert!(matches!(read(&dir.path().join("gone"), 4), Err(ReadError::Io(_))));
        #[cfg(unix)]
        {
            let pipe = dir.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            assert!(matches!(read(&pipe, 4), Err(ReadError::NotRegular)));
            assert!(matches!(read(Path::new("/dev/zero"), 4), Err(ReadError::NotRegular)));
        }
    }
}
