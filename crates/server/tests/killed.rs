//! The program is killed while many clients push: what it has acknowledged is stored, once.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use common::{entry, now_ms, program::Running, request, visit};

const CLIENTS: usize = 8;
const BATCH: u64 = 10;
const ROUNDS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// When it all happened: what is sent again has the bytes of the first time.
static THEN_MS: LazyLock<u64> = LazyLock::new(|| now_ms() - 60_000);

#[derive(Default)]
struct Told {
    /// First ids of batches, by what the client heard.
    acknowledged: BTreeSet<u64>,
    unanswered: BTreeSet<u64>,
}

/// The answer's head, if one came.
fn push(address: &str, first: u64) -> Option<String> {
    let entries: Vec<_> =
        (first..first + BATCH).map(|id| entry(&visit(id.into(), *THEN_MS))).collect();
    let body = request(&entries);
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(
        stream,
        "POST /loki/api/v1/push HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().next().map(str::to_owned)
}

/// Until the server is gone.
fn load(address: &str, next: &AtomicU64, told: &Mutex<Told>) {
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        match push(address, first) {
            Some(head) => {
                assert_eq!(head, "HTTP/1.1 204 No Content");
                told.lock().unwrap().acknowledged.insert(first);
            }
            None => {
                told.lock().unwrap().unanswered.insert(first);
                return;
            }
        }
    }
}

/// Ids as stored, each row for itself.
fn stored(dir: &Path) -> Vec<u64> {
    let file = rusqlite::Connection::open(dir.join("events.db")).unwrap();
    let mut query = file.prepare("SELECT event_id FROM events ORDER BY event_id").unwrap();
    let ids = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    ids.map(|id| u64::from_be_bytes(id.unwrap()[8..].try_into().unwrap())).collect()
}

fn batch(first: &u64) -> std::ops::Range<u64> {
    *first..*first + BATCH
}

#[test]
fn what_was_acknowledged_is_stored_once_wherever_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let told = Arc::new(Mutex::new(Told::default()));
    for round in 1..=ROUNDS {
        let mut server = Running::start_with(dir.path(), |command| {
            command.args(["--access-log", "off"]);
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (address, next, told) = (server.address.clone(), next.clone(), told.clone());
                thread::spawn(move || load(&address, &next, &told))
            })
            .collect();
        let enough = usize::try_from(round * 40).unwrap();
        while told.lock().unwrap().acknowledged.len() < enough {
            thread::yield_now();
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        for client in clients {
            client.join().unwrap();
        }
    }
    let told = told.lock().unwrap();
    assert!(told.unanswered.len() >= CLIENTS, "the load was on when it died");

    // A start brings the file in order.
    let server = Running::start(dir.path());
    let rows = stored(dir.path());
    let ids: BTreeSet<u64> = rows.iter().copied().collect();
    assert_eq!(ids.len(), rows.len(), "stored twice");
    let lost: Vec<_> =
        told.acknowledged.iter().flat_map(batch).filter(|id| !ids.contains(id)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    for first in &told.unanswered {
        // All of a batch or nothing of it.
        let count = batch(first).filter(|id| ids.contains(id)).count() as u64;
        assert!(count == 0 || count == BATCH, "{count} of {first}");
        // Its client sends it again.
        assert_eq!(push(&server.address, *first).as_deref(), Some("HTTP/1.1 204 No Content"));
    }
    let rows = stored(dir.path());
    let sent = (told.acknowledged.len() + told.unanswered.len()) as u64 * BATCH;
    assert_eq!(rows.len() as u64, sent);
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len() as u64, sent);
}
