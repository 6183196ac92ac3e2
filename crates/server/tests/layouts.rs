//! A file that an earlier version wrote is taken over with all that is in it.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::questions;
use insights::{Range, testing};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use rusqlite::Connection;
use server::{
    answers::Source,
    observe::Metrics,
    store::{Packing, Row, Store, Writer},
};
use tracking::Record;

const START_MS: u64 = 480_000 * 60 * 60 * 1_000;

/// Back from version 5 to 4: an event's id with another time was another event, and one came again so.
const FOURTH: &str = "
DROP INDEX events_once;
DROP INDEX events_by_time;
CREATE UNIQUE INDEX events_once ON events (timestamp, event_id);
CREATE TEMP TABLE again AS SELECT * FROM events ORDER BY cursor LIMIT 3;
UPDATE again SET cursor = NULL, timestamp = timestamp + 7;
INSERT INTO events SELECT * FROM again;
UPDATE sessions SET is_loose = 1, events = events
    + (SELECT COUNT(*) FROM again WHERE again.session_id = sessions.session_id);
UPDATE totals SET events = events + 3;
PRAGMA user_version = 4;
";

/// Back from version 4 to 3: counts by hour and an index for each kind of question, with nothing in them that is
/// believed.
const THIRD: &str = "
DROP TRIGGER event_removed;
DROP TABLE users;
DROP TABLE sessions;
DROP TABLE segments;
DROP TABLE columns;
DROP TABLE totals;
CREATE INDEX events_by_time ON events (timestamp, session_id, event, duration_ms);
CREATE INDEX events_by_kind ON events (event, timestamp);
CREATE INDEX visits ON events (
    timestamp, session_id, seq, event_id, component_hash, prev_component, user_id, component_name,
    demo
) WHERE event = 'component_visit';
CREATE TABLE hours (
    hour INTEGER NOT NULL,
    event TEXT NOT NULL,
    component_hash TEXT NOT NULL,
    component_name TEXT NOT NULL,
    is_entry INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    PRIMARY KEY (hour, event, component_hash, component_name, is_entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    visits INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (last, first, visits);
CREATE TABLE user_days (
    day INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    visits INTEGER NOT NULL,
    PRIMARY KEY (day, user_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER event_removed AFTER DELETE ON events BEGIN
    UPDATE hours SET count = count - 1;
    DELETE FROM sessions WHERE session_id = old.session_id;
END;
CREATE TRIGGER visit_removed AFTER DELETE ON events WHEN old.event = 'component_visit' BEGIN
    UPDATE user_days SET visits = visits - 1;
END;
INSERT INTO sessions VALUES ('session_1_abcd', 1, 2, 3);
INSERT INTO user_days VALUES (1, 'somebody', 7);
PRAGMA user_version = 3;
";

/// Back from version 3 to 2: there were no demo journeys, an event's id alone made it unique, and a trigger
/// counted it.
const SECOND: &str = "
DROP INDEX visits;
ALTER TABLE events DROP COLUMN demo;
CREATE INDEX visits ON events (timestamp) WHERE event = 'component_visit';
DROP INDEX events_once;
DELETE FROM events WHERE cursor NOT IN (SELECT MIN(cursor) FROM events GROUP BY event_id);
CREATE UNIQUE INDEX events_by_id ON events (event_id);
CREATE TRIGGER event_added AFTER INSERT ON events BEGIN
    UPDATE hours SET count = count + 1;
END;
PRAGMA user_version = 2;
";

/// And to 1: there were no counts.
const FIRST: &str = "
DROP TRIGGER event_added;
DROP TRIGGER event_removed;
DROP TRIGGER visit_removed;
DROP TABLE hours;
DROP TABLE sessions;
DROP TABLE user_days;
DROP INDEX visits;
PRAGMA user_version = 1;
";

fn rows(records: &[Record]) -> Vec<Row> {
    let row = |record: &Record| Row { record: record.clone(), line: record.to_line().unwrap() };
    records.iter().map(row).collect()
}

async fn answers_as_defined(store: &Store, records: &[Record]) {
    for range in [Range::new(START_MS + 10_000, START_MS + 500_000), Range::ALL] {
        for question in questions::all(records, range, START_MS) {
            let told = store.answer(question.clone()).await.unwrap();
            assert_eq!(told, question.defined(records).unwrap(), "{question:?}");
        }
    }
}

/// Packs nearly all, or nothing.
fn open(dir: &Path, loose: u32) -> (Store, Writer) {
    let packing = Packing { loose, ..Packing::default() };
    Store::open_packing(dir, 0, Metrics::default(), packing).unwrap()
}

#[tokio::test]
async fn files_of_earlier_versions_are_taken_over() {
    let mut runner = TestRunner::deterministic();
    let drawn = testing::records(START_MS, 1_000_000).prop_filter("some", |all| all.len() > 4);
    let records = drawn.new_tree(&mut runner).unwrap().current();
    for (back, loose) in [
        (vec![FOURTH], 8),
        (vec![FOURTH], 1_000),
        (vec![FOURTH, THIRD], 8),
        (vec![FOURTH, THIRD, SECOND], 8),
        (vec![FOURTH, THIRD, SECOND, FIRST], 8),
        (vec![FOURTH, THIRD, SECOND, FIRST], 1_000),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = open(dir.path(), loose);
        store.insert(rows(&records), 1).await.unwrap();
        drop(store);
        writer.join();
        let file = Connection::open(dir.path().join("events.db")).unwrap();
        back.iter().for_each(|sql| file.execute_batch(sql).unwrap());
        drop(file);

        let (store, writer) = open(dir.path(), loose);
        answers_as_defined(&store, &records).await;
        let again = store.insert(rows(&records), 2).await.unwrap();
        assert_eq!(again.new, 0);
        store.erase(records[0].user_id.clone(), 3, false).await.unwrap();
        let left: Vec<Record> =
            records.iter().filter(|r| r.user_id != records[0].user_id).cloned().collect();
        answers_as_defined(&store, &left).await;
        drop(store);
        writer.join();
    }
}
