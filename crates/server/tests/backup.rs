//! `clm-server backup` and `clm-server restore`, as an operator uses them.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use common::{
    entry, now_ms,
    program::{Running, command},
    request, visit,
};
use rusqlite::Connection;

const BATCH: u64 = 10;

fn push(server: &Running, first: u64) {
    let entries: Vec<_> =
        (first..first + BATCH).map(|id| entry(&visit(id.into(), now_ms()))).collect();
    let answer = server.ask("POST /loki/api/v1/push", &request(&entries));
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

fn start(data: &Path) -> Running {
    Running::start_with(data, |command| {
        command.args(["--access-log", "off"]);
    })
}

fn run(data: &Path, task: &str, file: &Path) -> (bool, String) {
    let mut command = command(data, "127.0.0.1:0");
    let Output { status, stdout, stderr } = command.arg(task).arg(file).output().unwrap();
    let text = if status.success() { stdout } else { stderr };
    (status.success(), String::from_utf8(text).unwrap())
}

fn done(data: &Path, task: &str, file: &Path) -> String {
    let (is_done, text) = run(data, task, file);
    assert!(is_done, "{text}");
    text
}

fn refused(data: &Path, task: &str, file: &Path) -> String {
    let (is_done, text) = run(data, task, file);
    assert!(!is_done, "{text}");
    text
}

fn ids(file: &Path) -> Vec<u64> {
    let file = Connection::open(file).unwrap();
    let mut query = file.prepare("SELECT event_id FROM events ORDER BY event_id").unwrap();
    let ids = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    ids.map(|id| u64::from_be_bytes(id.unwrap()[8..].try_into().unwrap())).collect()
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()).collect()
}

#[test]
fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (data, other) = (dir.path().join("data"), dir.path().join("other"));
    let server = start(&data);
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let acknowledged = Mutex::new(BTreeSet::new());
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    push(&server, first);
                    acknowledged.lock().unwrap().extend(first..first + BATCH);
                }
            });
        }
        for round in 0..5 {
            while acknowledged.lock().unwrap().len() < 400 * (round + 1) {
                thread::yield_now();
            }
            let before = acknowledged.lock().unwrap().clone();
            let file = dir.path().join(format!("{round}.db"));
            let said = done(&data, "backup", &file);
            let copied = ids(&file);
            assert!(said.starts_with(&format!("{} events in ", copied.len())), "{said}");
            let copied: BTreeSet<u64> = copied.into_iter().collect();
            assert!(before.is_subset(&copied), "{:?}", before.difference(&copied));
            assert_eq!(copied.len() as u64 % BATCH, 0, "a push is in it whole or not at all");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let file = dir.path().join("4.db");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let copied = ids(&file);

    // Into a new folder, and it goes on from there.
    done(&other, "restore", &file);
    let server = start(&other);
    let answer = server.ask("GET /api/insights/summary", "");
    assert!(answer.contains(&format!("{{\"visits\":{},", copied.len())), "{answer}");
    push(&server, copied[0]);
    push(&server, 1_000_000);
    assert_eq!(ids(&other.join("events.db")).len() as u64, copied.len() as u64 + BATCH);
    assert_eq!(ids(&file), copied, "a backup stays as it is");
    let left: Vec<_> = files(dir.path()).into_iter().filter(|path| path.is_file()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let text = refused(&data, "backup", &dir.path().join("none.db"));
    assert!(text.contains("there are no events in"), "{text}");
    assert!(!data.exists(), "nor is a folder made");

    let server = start(&data);
    push(&server, 0);
    let file = dir.path().join("backup.db");
    done(&data, "backup", &file);
    let before = fs::read(&file).unwrap();
    push(&server, 100);
    let text = refused(&data, "backup", &file);
    assert!(text.contains("is there already"), "{text}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let text = refused(&data, "backup", &dir.path().join("no/such/folder.db"));
    assert!(text.contains("no/such/folder.db"), "{text}");
    assert_eq!(files(dir.path()).len(), 2);
    drop(server);
    // Without a server, after a kill.
    let second = dir.path().join("second.db");
    done(&data, "backup", &second);
    assert_eq!(ids(&second).len(), 20);
    // Settings of the server do not matter, nor where the flag stands.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_clm-server"));
    command
        .env_remove("CLM_API_TOKEN")
        .env("CLM_LISTEN", "0.0.0.0:1")
        .env("CLM_HOST", "some.where");
    let third = dir.path().join("third.db");
    let made = command.arg("backup").arg(&third).arg("--data").arg(&data).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(ids(&third).len(), 20);
}

#[test]
fn a_restore_moves_aside_what_is_there_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut server = start(&data);
    push(&server, 0);
    let file = dir.path().join("backup.db");
    done(&data, "backup", &file);
    push(&server, 100);
    let text = refused(&data, "restore", &file);
    assert!(text.contains("stop it first"), "{text}");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert!(fs::metadata(data.join("events.db-wal")).unwrap().len() > 0);

    let text = done(&data, "restore", &file);
    let aside = text.lines().find_map(|line| line.strip_prefix("what was there before is in "));
    let aside = PathBuf::from(aside.unwrap());
    assert_eq!(ids(&data.join("events.db")), (0..10).collect::<Vec<_>>());
    assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!data.join("events.acknowledged").exists());
    let log = dir.path().join("log");
    let restored = Running::start_with(&data, |command| {
        command.stderr(fs::File::create(&log).unwrap());
    });
    assert!(restored.ask("GET /api/insights/summary", "").contains("{\"visits\":10,"));
    push(&restored, 500);
    drop(restored);
    let log = fs::read_to_string(&log).unwrap();
    assert!(!log.contains("missing") && !log.contains("aside"), "{log}");
    // What was there is whole, and can be put back.
    let before = start(&aside);
    assert!(before.ask("GET /api/insights/summary", "").contains("{\"visits\":20,"));
}

#[test]
fn what_is_no_whole_backup_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = start(&data);
    for first in 0..30 {
        push(&server, first * BATCH);
    }
    let good = dir.path().join("good.db");
    done(&data, "backup", &good);
    drop(server);
    let whole = fs::read(&good).unwrap();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2 / 4_096 * 4_096;
    flipped[middle..middle + 4_096].fill(0);
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let other = Connection::open(dir.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 3;").unwrap();
    drop(other);
    let bad = [
        ("empty", Vec::new()),
        ("text", b"not a file of SQLite at all, but long enough to be looked at twice".to_vec()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("flipped", flipped),
        ("newer", newer),
        ("other", fs::read(dir.path().join("other.db")).unwrap()),
    ];
    let before = files(&data);
    for (what, bytes) in bad {
        let file = dir.path().join(what);
        fs::write(&file, bytes).unwrap();
        let text = refused(&data, "restore", &file);
        assert!(text.contains("Nothing was changed"), "{what}: {text}");
        assert_eq!(files(&data), before, "{what}");
    }
    let text = refused(&data, "restore", &dir.path().join("missing.db"));
    assert!(text.contains("missing.db"), "{text}");
    assert!(start(&data).ask("GET /api/insights/summary", "").contains("{\"visits\":300,"));
}

#[test]
fn who_was_erased_after_a_backup_stays_erased_when_it_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = start(&data);
    push(&server, 0);
    let file = dir.path().join("backup.db");
    done(&data, "backup", &file);
    let proof = format!("x-clm-user-secret: {}\r\n", tracking::UserSecret::new(1).to_hex());
    let answer = server.ask_with("DELETE /api/me", &proof, "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(server);
    let text = done(&data, "restore", &file);
    assert!(text.contains("10 events of the backup are not among them"), "{text}");
    assert_eq!(ids(&data.join("events.db")), Vec::<u64>::new());
    let server = start(&data);
    let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(7));
    assert!(answer.contains("the data of this user was erased"), "{answer}");
}

#[test]
fn what_root_restores_belongs_to_the_server() {
    use std::os::unix::fs::{MetadataExt, chown};
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    push(&start(&data), 0);
    let file = dir.path().join("backup.db");
    done(&data, "backup", &file);
    fs::remove_file(data.join("events.lock")).unwrap();
    // Only root can; anybody else makes files of his own, as he does in any folder.
    let owner = if chown(&data, Some(12_345), Some(12_345)).is_ok() {
        12_345
    } else {
        fs::metadata(&data).unwrap().uid()
    };
    done(&data, "restore", &file);
    for name in ["events.db", "events.lock"] {
        assert_eq!(fs::metadata(data.join(name)).unwrap().uid(), owner, "{name}");
    }
}
