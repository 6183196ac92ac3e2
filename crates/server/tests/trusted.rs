//! Accepted means stored, whatever is done to the folder of a server that runs or has run; and where that cannot be, it
//! is said.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use common::{entry, now_ms, program::Running, request, visit};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder of events and what the servers on it have said.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self, end: &str) -> PathBuf {
        self.data().join(format!("events.db{end}"))
    }

    fn start(&self) -> Running {
        self.start_with(&[])
    }

    fn start_with(&self, arguments: &[&str]) -> Running {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .unwrap();
        Running::start_with(&self.data(), |command| {
            command.args(["--access-log", "off"]).args(arguments).stderr(log);
        })
    }

    /// Lines of the log with these words.
    fn said(&self, words: &str) -> usize {
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap();
        log.lines().filter(|line| line.contains(words)).count()
    }
}

fn push(server: &Running, ids: std::ops::Range<u128>) -> String {
    let entries: Vec<_> = ids.map(|id| entry(&visit(id, now_ms()))).collect();
    server.ask("POST /loki/api/v1/push", &request(&entries))
}

fn stored(server: &Running, ids: std::ops::Range<u128>) {
    let answer = push(server, ids);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

/// Pushes and questions are refused, and say why; so does the server when it is asked whether it is ready.
fn refused(server: &Running, ids: std::ops::Range<u128>, why: &str) {
    let answer = push(server, ids);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains(why), "{answer}");
    assert!(answer.contains("retry-after"), "{answer}");
    let ready = server.ask("GET /readyz", "");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains(why), "{ready}");
}

fn visits(server: &Running) -> u64 {
    let answer = server.ask("GET /api/insights/summary", "");
    let (_, count) = answer.rsplit_once("{\"visits\":").unwrap();
    count.split(',').next().unwrap().parse().unwrap()
}

fn kill(mut server: Running) {
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

const GONE: &str = "was deleted, moved or replaced";

#[test]
fn nothing_is_accepted_into_a_folder_that_was_deleted() {
    let place = Place::new();
    let server = place.start();
    stored(&server, 0..3);
    fs::remove_dir_all(place.data()).unwrap();
    for round in 1..4 {
        refused(&server, round * 3..round * 3 + 3, GONE);
    }
    assert_eq!(place.said(GONE), 1, "said once");
    assert!(place.said("restart the server") > 0, "with what to do");
    kill(server);
    let server = place.start();
    stored(&server, 0..3);
    assert_eq!(visits(&server), 3);
}

#[test]
fn a_folder_that_was_moved_is_taken_again_when_it_is_back() {
    let place = Place::new();
    let server = place.start();
    stored(&server, 0..3);
    let away = place.dir.path().join("away");
    fs::rename(place.data(), &away).unwrap();
    refused(&server, 3..6, GONE);
    // Another one in its place is not it.
    fs::create_dir(place.data()).unwrap();
    fs::copy(away.join("events.db"), place.file("")).unwrap();
    refused(&server, 3..6, GONE);
    fs::remove_dir_all(place.data()).unwrap();
    fs::rename(&away, place.data()).unwrap();
    stored(&server, 3..6);
    assert!(server.ask("GET /readyz", "").starts_with("HTTP/1.1 200 "));
    assert_eq!(place.said("in their place again"), 1);
    kill(server);
    assert_eq!(visits(&place.start()), 6);
}

#[test]
fn a_log_that_was_deleted_or_replaced_takes_nothing_with_it() {
    for end in ["-wal", "-shm"] {
        for replace in [false, true] {
            let place = Place::new();
            let server = place.start();
            stored(&server, 0..3);
            fs::remove_file(place.file(end)).unwrap();
            if replace {
                fs::write(place.file(end), vec![7; 40_000]).unwrap();
            }
            // At once, or as soon as nobody reads.
            wait_for("a new log", || push(&server, 3..6).starts_with("HTTP/1.1 204 "));
            assert_eq!(visits(&server), 6);
            assert!(server.ask("GET /readyz", "").starts_with("HTTP/1.1 200 "));
            stored(&server, 6..9);
            kill(server);
            let server = place.start();
            assert_eq!(visits(&server), 9, "{end} {replace}");
            assert_eq!(place.said("are missing"), 0);
        }
    }
}

#[test]
fn a_log_that_was_lost_or_damaged_while_nobody_looked_is_said_at_the_start() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 3] = [
        ("deleted", |log| fs::remove_file(log).unwrap()),
        ("cut", |log| {
            let file = fs::File::options().write(true).open(log).unwrap();
            file.set_len(file.metadata().unwrap().len() - 2_000).unwrap();
        }),
        ("flipped", |log| {
            let mut bytes = fs::read(log).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            fs::write(log, bytes).unwrap();
        }),
    ];
    for (harm, harmed) in harms {
        let place = Place::new();
        let server = place.start();
        for id in 0..20 {
            stored(&server, id..id + 1);
        }
        kill(server);
        harmed(&place.file("-wal"));
        let server = place.start();
        let lost = 20 - visits(&server);
        assert!(lost > 0, "{harm}");
        let words = if lost == 1 { "1 event that".into() } else { format!("{lost} events that") };
        assert_eq!(place.said(&words), 1, "{harm}: {words}");
        // It goes on from there.
        stored(&server, 100..103);
        drop(server);
        assert_eq!(visits(&place.start()), 23 - lost);
        assert_eq!(place.said("are missing"), 1, "{harm}: said once");
    }
}

#[test]
fn nothing_is_missing_after_a_kill_and_nothing_is_said() {
    let place = Place::new();
    for round in 0..4 {
        let server = place.start();
        stored(&server, round * 50..round * 50 + 50);
        kill(server);
    }
    // Nor when all of the folder comes from elsewhere, log and all.
    let moved = Place::new();
    fs::create_dir(moved.data()).unwrap();
    for found in fs::read_dir(place.data()).unwrap() {
        let found = found.unwrap();
        fs::copy(found.path(), moved.data().join(found.file_name())).unwrap();
    }
    for place in [&place, &moved] {
        assert_eq!(visits(&place.start()), 200);
        assert_eq!(place.said("missing") + place.said("older copy"), 0);
    }
}

type Copy = fn(&Path, &Path);

/// Ways to make a copy of a store in use.
fn copies() -> [(&'static str, Copy); 2] {
    let by_sqlite: Copy = |from, to| {
        let file = Connection::open(from).unwrap();
        file.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
    };
    let by_the_program: Copy = |from, to| {
        let mut command = common::program::command(from.parent().unwrap(), "127.0.0.1:0");
        let made = command.args(["backup", to.to_str().unwrap()]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    [("by SQLite", by_sqlite), ("by the program", by_the_program)]
}

#[test]
fn the_log_of_another_file_is_not_applied_to_an_older_copy() {
    for (how, copy) in copies() {
        for in_place in [false, true] {
            let place = Place::new();
            let server = place.start();
            stored(&server, 0..30);
            let backup = place.dir.path().join("backup.db");
            copy(&place.file(""), &backup);
            stored(&server, 30..50);
            kill(server);
            assert!(fs::metadata(place.file("-wal")).unwrap().len() > 0);
            if !in_place {
                fs::rename(place.file(""), place.file(".old")).unwrap();
            }
            fs::copy(&backup, place.file("")).unwrap();

            let server = place.start();
            assert_eq!(visits(&server), 30, "{how}, in place: {in_place}");
            assert_eq!(place.said("is not applied"), 1, "{how}");
            assert_eq!(place.said("20 events that were acknowledged are missing"), 1, "{how}");
            // What was acknowledged comes again from nowhere, but what comes is stored.
            stored(&server, 30..50);
            kill(server);
            assert_eq!(visits(&place.start()), 50);
            let kept = fs::read_dir(place.data()).unwrap();
            let kept = kept.filter(|file| {
                file.as_ref().unwrap().file_name().to_string_lossy().contains("-wal.set-aside-")
            });
            assert_eq!(kept.count(), 1);
        }
    }
}

#[test]
fn a_copy_put_in_the_place_of_a_file_in_use_is_not_written_to() {
    let place = Place::new();
    let server = place.start();
    stored(&server, 0..30);
    let backup = place.dir.path().join("backup.db");
    copies()[0].1(&place.file(""), &backup);
    stored(&server, 30..50);
    fs::rename(place.file(""), place.file(".old")).unwrap();
    fs::copy(&backup, place.file("")).unwrap();
    refused(&server, 50..60, GONE);
    // It ends without touching what is not its own.
    let id = server.child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success()
    );
    let mut server = server;
    server.child.wait().unwrap();
    let server = place.start();
    assert_eq!(visits(&server), 30);
    stored(&server, 50..60);
    assert_eq!(visits(&server), 40);
}

#[test]
fn a_copy_written_over_a_file_in_use_is_noticed() {
    type Write = fn(&Path, &Path);
    let writes: [(&str, Write); 3] = [
        ("copied", |file, copy| {
            fs::copy(copy, file).unwrap();
        }),
        ("emptied", |file, _| {
            fs::File::create(file).unwrap();
        }),
        ("filled", |file, copy| {
            let size = fs::metadata(copy).unwrap().len();
            fs::write(file, vec![7; usize::try_from(size).unwrap()]).unwrap();
        }),
    ];
    for (how, write) in writes {
        let place = Place::new();
        let server = place.start();
        stored(&server, 0..30);
        let backup = place.dir.path().join("backup.db");
        copies()[1].1(&place.file(""), &backup);
        stored(&server, 30..50);
        let own = fs::read(place.file("")).unwrap();
        write(&place.file(""), &backup);
        refused(&server, 50..60, "was written over");
        assert_eq!(place.said("was written over"), 1, "{how}: said once");
        if how == "copied" {
            let id = server.child.id().to_string();
            std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap();
            let mut server = server;
            server.child.wait().unwrap();
            assert_eq!(visits(&place.start()), 30);
        } else {
            // Its own content is it.
            fs::write(place.file(""), own).unwrap();
            stored(&server, 50..60);
            kill(server);
            assert_eq!(visits(&place.start()), 60, "{how}");
        }
    }
}

#[test]
fn another_program_may_write_and_copy_the_log_into_the_file() {
    let place = Place::new();
    let server = place.start();
    stored(&server, 0..30);
    let file = Connection::open(place.file("")).unwrap();
    file.execute("DELETE FROM events WHERE event_id < x'0000000000000000000000000000000a'", [])
        .unwrap();
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    stored(&server, 30..50);
    assert_eq!(visits(&server), 40);
    assert!(server.ask("GET /readyz", "").starts_with("HTTP/1.1 200 "));
    kill(server);
    drop(file);
    assert_eq!(visits(&place.start()), 40);
    assert_eq!(place.said("missing") + place.said("older copy"), 0);
}

#[test]
fn a_second_server_on_the_same_folder_refuses_to_start() {
    let place = Place::new();
    let server = place.start();
    stored(&server, 0..3);
    let second = common::program::command(&place.data(), "127.0.0.1:0").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("another server works in this folder"), "{text}");
    assert!(text.contains("--data"), "{text}");
    stored(&server, 3..6);
    // A lock whose file was removed is still a lock as soon as it is noticed.
    fs::remove_file(place.data().join("events.lock")).unwrap();
    stored(&server, 6..9);
    let third = common::program::command(&place.data(), "127.0.0.1:0").output().unwrap();
    assert_eq!(third.status.code(), Some(1));
    kill(server);
    assert_eq!(visits(&place.start()), 9);
}

/// Of which page a table's tree begins, counted from 0.
fn root(file: &Path, table: &str) -> u64 {
    let root = "SELECT rootpage - 1 FROM sqlite_schema WHERE name = ?1";
    let file = Connection::open(file).unwrap();
    let root = file.query_row(root, [table], |row| row.get::<_, i64>(0));
    u64::try_from(root.unwrap()).unwrap()
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_damaged_page_is_not_called_ready() {
    for table in ["events", "sessions", "users", "events_once", "events_by_session"] {
        let place = Place::new();
        drop(place.start());
        let server = place.start();
        stored(&server, 0..50);
        let id = server.child.id().to_string();
        std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap();
        let mut server = server;
        server.child.wait().unwrap();
        assert!(!place.file("-wal").exists());
        let at = root(&place.file(""), table) * 4_096;

        // While it runs,
        let server = place.start();
        overwrite(&place.file(""), at, &[0; 4_096]);
        wait_for(table, || {
            let ready = server.ask("GET /readyz", "");
            ready.starts_with("HTTP/1.1 503 ") && ready.contains("is damaged")
        });
        assert_eq!(place.said("is damaged"), 1, "{table}: said once");
        assert!(place.said("clm-server restore") > 0, "with what to do");
        kill(server);
        // and before.
        let server = place.start();
        let ready = server.ask("GET /readyz", "");
        assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("is damaged"), "{table}");
    }
}

#[test]
fn an_answer_that_cannot_be_read_ends_being_ready() {
    let place = Place::new();
    let server = place.start();
    // Packed, in the order of a day.
    for round in 0..12 {
        stored(&server, round * 500..round * 500 + 500);
    }
    drop(server);
    let server = place.start();
    assert!(server.ask("GET /readyz", "").starts_with("HTTP/1.1 200 "));
    let mut file = Vec::new();
    fs::File::open(place.file("")).unwrap().read_to_end(&mut file).unwrap();
    // Bytes within a line in the middle of the file: no structure of SQLite's.
    let lines: Vec<usize> = file
        .windows(11)
        .enumerate()
        .filter_map(|(at, text)| (text == b"\"event_id\":").then_some(at))
        .collect();
    for at in &lines {
        overwrite(&place.file(""), *at as u64, b"\xff\xff\xff\xff");
    }
    assert!(lines.len() > 1_000);
    let session = "GET /api/insights/session?id=session_1_0000000000000000&from=0";
    wait_for("a question about them", || !server.ask(session, "").starts_with("HTTP/1.1 200 "));
    let ready = server.ask("GET /readyz", "");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.contains("is damaged"), "{ready}");
}

#[test]
fn only_the_owner_reads_the_files() {
    let place = Place::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let server = place.start();
    stored(&server, 0..3);
    assert_eq!(mode(&place.data()), 0o700);
    for found in fs::read_dir(place.data()).unwrap() {
        let path = found.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    kill(server);
    // Made by an earlier version.
    for end in ["", "-wal"] {
        fs::set_permissions(place.file(end), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = place.start();
    stored(&server, 3..6);
    for end in ["", "-wal", "-shm"] {
        assert_eq!(mode(&place.file(end)), 0o600, "{end}");
    }
    drop(server);
}

#[test]
fn who_asks_whether_it_is_ready_takes_no_place_from_pushes() {
    let place = Place::new();
    let server = place.start();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|threads| {
        for _ in 0..32 {
            threads.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let ready = server.ask("GET /readyz", "");
                    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
                }
            });
        }
        for id in 0..60 {
            stored(&server, id..id + 1);
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(visits(&server), 60);
}

/// About half a megabyte.
fn many(first: u128) -> std::ops::Range<u128> {
    first..first + 900
}

#[test]
fn the_log_gives_its_room_back_when_a_long_reader_is_done() {
    let place = Place::new();
    let server = place.start();
    stored(&server, many(0));
    let mut reader = Connection::open(place.file("")).unwrap();
    let reading = reader.transaction().unwrap();
    let count = "SELECT COUNT(*) FROM events";
    assert_eq!(reading.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 900);
    let log = || fs::metadata(place.file("-wal")).unwrap().len();
    let mut pushes = 1;
    while log() < 70 << 20 {
        stored(&server, many(pushes * 900));
        pushes += 1;
    }
    drop(reading);
    drop(reader);
    // Nobody writes any more.
    wait_for("a short log", || log() <= 32 << 20);
    assert_eq!(u128::from(visits(&server)), pushes * 900);
}

#[test]
fn the_log_counts_in_the_size_of_a_store() {
    let place = Place::new();
    let server = place.start_with(&["--max-store-mb", "16"]);
    let size = || {
        let of = |end| fs::metadata(place.file(end)).map_or(0, |found| found.len());
        of("") + of("-wal")
    };
    let mut pushes = 0;
    loop {
        let answer = push(&server, many(pushes * 900));
        assert!(size() <= 16_000_000, "{} bytes", size());
        if answer.starts_with("HTTP/1.1 503 ") {
            break;
        }
        pushes += 1;
    }
    assert!(size() > 8_000_000, "{} bytes are nearly nothing", size());
    assert!(pushes > 8, "{pushes}");
    assert_eq!(u128::from(visits(&server)), pushes * 900);
}
