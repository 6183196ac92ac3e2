//! What the store answers is what the definition says.
#![allow(clippy::unwrap_used)]

use insights::{Range, testing};
use proptest::prelude::*;
use serde_json::{Value, to_value};
use server::{
    answers::{Question, Subject},
    store::{Row, Store},
};
use tracking::Record;

/// What the pure function says.
fn defined(subject: &Subject, records: &[Record], range: Range) -> Value {
    let size = |number: &u64| usize::try_from(*number).unwrap();
    match subject {
        Subject::Summary => to_value(insights::summary(records, range)),
        Subject::Visits => to_value(insights::visits(records, range)),
        Subject::Journey => to_value(insights::journey(records, range)),
        Subject::Time => to_value(insights::time(records, range)),
        Subject::Popularity { bucket_ms } => {
            to_value(insights::popularity(records, range, *bucket_ms))
        }
        Subject::Funnel { components } => to_value(insights::funnel(records, range, components)),
        Subject::Sessions { limit, offset } => {
            to_value(insights::sessions(records, range, size(limit), size(offset)))
        }
        Subject::Bounce => to_value(insights::bounce(records, range)),
        Subject::EntryPoints => to_value(insights::entry_points(records, range)),
        Subject::ExitPoints => to_value(insights::exit_points(records, range)),
        Subject::ActiveUsers => to_value(insights::active_users(records, range)),
        Subject::Errors => to_value(insights::errors(records, range)),
        Subject::Loads => to_value(insights::loads(records, range)),
    }
    .unwrap()
}

fn subjects() -> Vec<Subject> {
    let components = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    vec![
        Subject::Summary,
        Subject::Visits,
        Subject::Journey,
        Subject::Time,
        Subject::Popularity { bucket_ms: 700 },
        Subject::Funnel { components: components(&["welcome", "user-list"]) },
        Subject::Funnel { components: components(&["wetter-ü", "wetter-ü", "welcome"]) },
        Subject::Sessions { limit: 1_000, offset: 0 },
        Subject::Sessions { limit: 2, offset: 1 },
        Subject::Bounce,
        Subject::EntryPoints,
        Subject::ExitPoints,
        Subject::ActiveUsers,
        Subject::Errors,
        Subject::Loads,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_store_answers_as_defined(
        records in testing::records(1_000_000, 10_000),
        from_ms in 1_000_000_u64..1_010_000,
        span_ms in 0_u64..20_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, writer) = Store::open(dir.path()).unwrap();
        let rows = || records
            .iter()
            .map(|record| Row { record: record.clone(), line: record.to_line().unwrap() })
            .collect::<Vec<_>>();
        for _ in 0..2 {
            runtime.block_on(store.insert(rows(), 1)).unwrap();
        }
        for range in [Range::new(from_ms, from_ms + span_ms), Range::new(999_000, 1_100_000)] {
            for subject in subjects() {
                let question = Question { subject: subject.clone(), range };
                let json = runtime
                    .block_on(store.read(move |events| question.ask(events)))
                    .unwrap();
                let answer: Value = serde_json::from_slice(&json).unwrap();
                prop_assert_eq!(answer, defined(&subject, &records, range), "{:?}", subject);
            }
        }
        drop(store);
        writer.join();
    }
}
