//! A file that an earlier version wrote is taken over with all that is in it.
#![allow(clippy::unwrap_used)]

use insights::testing;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use rusqlite::Connection;
use server::store::{Row, Store};
use tracking::Record;

const START_MS: u64 = 480_000 * 60 * 60 * 1_000;

/// Back from version 3 to 2: there were no demo journeys, an event's id alone made it unique, and a trigger
/// counted it.
const SECOND: &str = "
DROP INDEX visits;
ALTER TABLE events DROP COLUMN demo;
CREATE INDEX visits ON events (timestamp) WHERE event = 'component_visit';
DROP INDEX events_once;
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

async fn counts(store: &Store) -> (i64, i64, i64) {
    store
        .read(|file| {
            Ok(file.query_row(
                "SELECT (SELECT COUNT(*) FROM events), (SELECT TOTAL(count) FROM hours),
                     (SELECT COUNT(*) FROM sessions)",
                [],
                |row| Ok((row.get(0)?, row.get::<_, f64>(1)? as i64, row.get(2)?)),
            )?)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn files_of_earlier_versions_are_taken_over() {
    let mut runner = TestRunner::deterministic();
    let drawn = testing::records(START_MS, 1_000_000).prop_filter("some", |all| all.len() > 4);
    let records = drawn.new_tree(&mut runner).unwrap().current();
    for back in [vec![SECOND], vec![SECOND, FIRST]] {
        let dir = tempfile::tempdir().unwrap();
        let (store, writer) = Store::open(dir.path()).unwrap();
        store.insert(rows(&records), 1).await.unwrap();
        let before = counts(&store).await;
        assert_eq!(before.0, before.1);
        drop(store);
        writer.join();
        let file = Connection::open(dir.path().join("events.db")).unwrap();
        back.iter().for_each(|sql| file.execute_batch(sql).unwrap());
        drop(file);

        let (store, writer) = Store::open(dir.path()).unwrap();
        assert_eq!(counts(&store).await, before);
        let again = store.insert(rows(&records), 2).await.unwrap();
        assert_eq!(again.new, 0);
        assert_eq!(counts(&store).await, before);
        drop(store);
        writer.join();
    }
}
