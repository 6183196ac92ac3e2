//! Request lines in a directory: a file for each day, deleted when its lines are as old as they may get,
//! and all of them together bounded.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::access::day::{file_name, read_name};

/// Files that share the space: when it is used up, the oldest of them goes.
const PARTS: u64 = 8;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where lines go today, and what stays of the days before.
pub struct DailyFiles {
    dir: PathBuf,
    keep_days: u64,
    max_bytes: u64,
    now: fn() -> SystemTime,
    open: Option<Open>,
}

struct Open {
    day: u64,
    file: File,
    bytes: u64,
}

/// One of our files.
struct Found {
    day: u64,
    part: u64,
    bytes: u64,
    path: PathBuf,
}

impl DailyFiles {
    /// Makes `dir` when missing, for nobody but us, and deletes what is too old there. A line is kept for
    /// at most `keep`, whole days; all lines together take `max_bytes` at most.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(dir: PathBuf, keep: Duration, max_bytes: u64) -> io::Result<Self> {
        Self::at(dir, keep, max_bytes, SystemTime::now)
    }

    fn at(
        dir: PathBuf,
        keep: Duration,
        max_bytes: u64,
        now: fn() -> SystemTime,
    ) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir)?;
        let keep_days = keep.as_secs() / DAY.as_secs();
        let files = Self { dir, keep_days, max_bytes, now, open: None };
        files.delete_old()?;
        Ok(files)
    }

    fn today(&self) -> u64 {
        (self.now)().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY.as_secs()
    }

    /// Where they stand.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn found(&self) -> io::Result<Vec<Found>> {
        found(&self.dir)
    }

    /// A file is deleted as soon as its first line could be too old, and the oldest when there are too many
    /// bytes. Files that are not ours are left alone.
    fn delete_old(&self) -> io::Result<()> {
        let today = self.today();
        self.rename_future(today)?;
        let found = self.found()?;
        let mut bytes: u64 = found.iter().map(|file| file.bytes).sum();
        let room = self.max_bytes - self.max_bytes / PARTS;
        for file in found {
            if file.day + self.keep_days <= today || bytes > room {
                remove(&file.path)?;
                bytes -= file.bytes;
            }
        }
        Ok(())
    }

    /// A clock that was ahead once must not keep lines for years: their time is counted from today on.
    fn rename_future(&self, today: u64) -> io::Result<()> {
        let found = self.found()?;
        let last = found.iter().rfind(|file| file.day == today).map(|file| file.part + 1);
        let later = found.iter().filter(|file| file.day > today);
        for (part, file) in (last.unwrap_or(0)..).zip(later) {
            fs::rename(&file.path, self.dir.join(file_name(today, part)))?;
        }
        Ok(())
    }

    /// The file for what is written now.
    fn current(&mut self) -> io::Result<&mut Open> {
        let day = self.today();
        let part_bytes = self.max_bytes / PARTS;
        let is_current = |open: &Open| open.day == day && open.bytes < part_bytes;
        if !self.open.as_ref().is_some_and(is_current) {
            self.open = None;
            self.delete_old()?;
            let last = self.found()?.into_iter().rfind(|file| file.day == day);
            let part = match last {
                Some(file) if file.bytes >= part_bytes => file.part + 1,
                Some(file) => file.part,
                None => 0,
            };
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(self.dir.join(file_name(day, part)))?;
            let bytes = file.metadata()?.len();
            self.open = Some(Open { day, file, bytes });
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("no file"))
    }
}

impl Write for DailyFiles {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let open = self.current()?;
        let written = open.file.write(bytes)?;
        open.bytes += written as u64;
        Ok(written)
    }

    /// Called also when nobody asks anything: what is too old goes then.
    fn flush(&mut self) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|open| open.day != self.today()) {
            self.open = None;
            self.delete_old()?;
        }
        Ok(())
    }
}

fn found(dir: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((day, part)) = name.to_str().and_then(read_name) else { continue };
        let bytes = entry.metadata().map_or(0, |file| file.len());
        found.push(Found { day, part, bytes, path: entry.path() });
    }
    found.sort_by_key(|file| (file.day, file.part));
    Ok(found)
}

/// Overwrites each line with `text` in it with an empty object of the same length: an agent that reads on from
/// where it was finds its place.
///
/// # Errors
/// When a file cannot be read or written.
pub fn blank(dir: &Path, text: &str) -> io::Result<()> {
    for found in found(dir)? {
        let file = match OpenOptions::new().read(true).write(true).open(&found.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        let mut lines = BufReader::new(&file);
        let (mut line, mut at) = (Vec::new(), 0);
        while lines.read_until(b'\n', &mut line)? > 0 {
            if line.windows(text.len()).any(|window| window == text.as_bytes()) {
                let length = line.len() - usize::from(line.ends_with(b"\n"));
                let empty = format!("{{{}}}", " ".repeat(length.saturating_sub(2)));
                let mut place = &file;
                place.seek(SeekFrom::Start(at))?;
                place.write_all(empty.as_bytes())?;
                place.seek(SeekFrom::Start(at + line.len() as u64))?;
                lines = BufReader::new(&file);
            }
            at += line.len() as u64;
            line.clear();
        }
    }
    Ok(())
}

/// Gone already is as good.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_deleted_when_its_first_line_is_as_old_as_it_may_get() {
        static TODAY: AtomicU64 = AtomicU64::new(20_454);
        fn now() -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(TODAY.load(Ordering::Relaxed) * DAY.as_secs() + 3_600)
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("requests-2025-12-01.jsonl"), "too old\n").unwrap();
        fs::write(dir.path().join("notes.jsonl"), "not ours\n").unwrap();
        let path = dir.path().to_owned();
        let mut files = DailyFiles::at(path, 30 * DAY, 1 << 20, now).unwrap();
        assert_eq!(names(dir.path()), ["notes.jsonl"]);
        files.write_all(b"first\n").unwrap();
        TODAY.fetch_add(1, Ordering::Relaxed);
        files.write_all(b"second\n").unwrap();
        let both = ["requests-2026-01-01.jsonl", "requests-2026-01-02.jsonl"];
        assert_eq!(names(dir.path())[1..], both);
        assert_eq!(fs::read_to_string(dir.path().join(both[0])).unwrap(), "first\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(both[0])).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // Nobody asks anything for a month: that is no reason to keep what is too old.
        TODAY.store(20_454 + 29, Ordering::Relaxed);
        files.flush().unwrap();
        assert_eq!(names(dir.path())[1..], both);
        TODAY.store(20_454 + 30, Ordering::Relaxed);
        files.flush().unwrap();
        assert_eq!(names(dir.path()), ["notes.jsonl", both[1]]);
    }

    #[test]
    fn a_line_is_blanked_in_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("requests-2026-01-01.jsonl");
        fs::write(&path, "{\"a\":\"me\"}\n{\"a\":\"you\"}\n{\"a\":\"me\"}\n{\"b\":1}").unwrap();
        blank(dir.path(), "\"me\"").unwrap();
        let expected = "{        }\n{\"a\":\"you\"}\n{        }\n{\"b\":1}";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn what_a_wrong_clock_dated_later_is_not_kept_longer() {
        fn now() -> SystemTime {
            UNIX_EPOCH + 20_454 * DAY
        }
        let dir = tempfile::tempdir().unwrap();
        for name in ["requests-2026-01-01.jsonl", "requests-2040-02-03.jsonl"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        DailyFiles::at(dir.path().to_owned(), 30 * DAY, 1 << 20, now).unwrap();
        let expected = ["requests-2026-01-01.1.jsonl", "requests-2026-01-01.jsonl"];
        assert_eq!(names(dir.path()), expected);
        let renamed = fs::read_to_string(dir.path().join(expected[0])).unwrap();
        assert_eq!(renamed, "requests-2040-02-03.jsonl");
    }

    #[test]
    fn all_files_together_are_bounded_whatever_a_day_brings() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = DailyFiles::open(dir.path().to_owned(), 30 * DAY, 80_000).unwrap();
        let line = [b'x'; 999];
        for _ in 0..1_000 {
            files.write_all(&line).unwrap();
            files.write_all(b"\n").unwrap();
            let bytes: u64 = files.found().unwrap().iter().map(|file| file.bytes).sum();
            assert!(bytes <= 81_000, "{bytes}");
        }
        assert!(names(dir.path()).len() > 5);
    }
}
