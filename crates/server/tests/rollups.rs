//! What is kept along with the events is what they come to, whatever was added and removed, and the
//! questions that it answers do not read the events one by one.
#![allow(clippy::unwrap_used)]

use insights::{Filter, Range, testing};
use proptest::prelude::*;
use rusqlite::{Connection, types::Value as Cell};
use serde_json::{Value, to_value};
use server::{
    answers::{Question, Subject},
    store::{Bound, Row, Store},
};
use tracking::Record;

const HOUR_MS: u64 = 60 * 60 * 1_000;
const START_MS: u64 = 480_000 * HOUR_MS + 1_234_567;
const SPAN_MS: u64 = 75 * HOUR_MS;

fn answers(records: &[Record], range: Range) -> Vec<(Subject, Value)> {
    let bucket_ms = 3 * HOUR_MS;
    [
        (Subject::Summary, to_value(insights::summary(records, range))),
        (Subject::Visits, to_value(insights::visits(records, range))),
        (Subject::EntryPoints, to_value(insights::entry_points(records, range))),
        (Subject::Bounce, to_value(insights::bounce(records, range))),
        (Subject::ActiveUsers, to_value(insights::active_users(records, range))),
        (Subject::SessionLengths, to_value(insights::session_lengths(records, range))),
        (
            Subject::Popularity { bucket_ms },
            to_value(insights::popularity(records, range, bucket_ms)),
        ),
    ]
    .map(|(subject, value)| (subject, value.unwrap()))
    .into()
}

async fn ask(store: &Store, subject: Subject, range: Range) -> Value {
    let question = Question { subject, range, filter: Filter::default() };
    let json = store.read(move |events| question.ask(events)).await.unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// All that is kept along with the events.
async fn kept(store: &Store) -> Vec<Vec<Cell>> {
    let dump = |file: &Connection, table: &str| {
        let mut statement = file.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3"))?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|at| row.get(at)).collect::<Result<Vec<_>, _>>()
        })?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    store
        .read(move |file| {
            let mut all = dump(file, "hours ")?;
            all.extend(dump(file, "sessions")?);
            all.extend(dump(file, "user_days")?);
            Ok(all)
        })
        .await
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_counts_are_what_the_events_come_to(
        records in testing::records(START_MS, SPAN_MS),
        from_ms in START_MS - HOUR_MS..START_MS + SPAN_MS,
        span_ms in 0..SPAN_MS,
        kept_from_ms in START_MS..START_MS + SPAN_MS,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, writer) = Store::open(dir.path()).unwrap();
        runtime.block_on(async {
            for _ in 0..2 {
                let rows = records
                    .iter()
                    .map(|record| Row { record: record.clone(), line: record.to_line().unwrap() })
                    .collect();
                store.insert(rows, 1).await.unwrap();
            }
            let mut left = records.clone();
            for step in 0..3 {
                match (step, records.first()) {
                    (1, Some(record)) => {
                        store.erase(record.user_id.clone(), 1, false).await.unwrap();
                        left.retain(|other| other.user_id != record.user_id);
                    }
                    (2, _) => {
                        let bound = Bound {
                            before_ms: kept_from_ms,
                            unsent_before_ms: kept_from_ms,
                            sinks: Vec::new(),
                        };
                        while store.forget_old(bound.clone()).await.unwrap() > 0 {}
                        left.retain(|other| other.timestamp.0 >= kept_from_ms);
                    }
                    _ => {}
                }
                for range in [
                    Range::new(from_ms, from_ms + span_ms),
                    Range::new(START_MS - 30 * HOUR_MS, START_MS + 2 * SPAN_MS),
                ] {
                    for (subject, defined) in answers(&left, range) {
                        let answer = ask(&store, subject.clone(), range).await;
                        prop_assert_eq!(answer, defined, "step {} {:?}", step, subject);
                    }
                }
                let before = kept(&store).await;
                store.rebuild_rollups().await.unwrap();
                prop_assert_eq!(before, kept(&store).await);
            }
            Ok(())
        })?;
        drop(store);
        writer.join();
    }
}
