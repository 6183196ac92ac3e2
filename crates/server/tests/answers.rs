//! What the store answers is what the definition says.
#![allow(clippy::unwrap_used)]

use insights::{Filter, Range, testing};
use proptest::prelude::*;
use serde_json::{Value, to_value};
use server::{
    answers::{self, Question, Subject},
    store::{Row, Store},
};
use tracking::{LabelMode, Record};

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
        Subject::Funnel { components, within_ms } => {
            to_value(insights::funnel(records, range, components, *within_ms))
        }
        Subject::Activity { starts } => to_value(insights::activity(records, range, starts)),
        Subject::Paths { steps } => to_value(insights::paths(records, range, *steps)),
        Subject::SessionLengths => to_value(insights::session_lengths(records, range)),
        Subject::Sessions { search, limit, offset } => {
            to_value(insights::sessions(records, range, search, size(limit), size(offset)))
        }
        Subject::Session { id } => to_value(insights::session(records, range, id)),
        Subject::Bounce => to_value(insights::bounce(records, range)),
        Subject::EntryPoints => to_value(insights::entry_points(records, range)),
        Subject::ExitPoints => to_value(insights::exit_points(records, range)),
        Subject::ActiveUsers => to_value(insights::active_users(records, range)),
        Subject::Errors => to_value(insights::errors(records, range)),
        Subject::Loads => to_value(insights::loads(records, range)),
    }
    .unwrap()
}

/// Sessions found by what they visit and by whose they are, and single ones.
fn about_sessions(records: &[Record]) -> Vec<Subject> {
    let find = |search: &str| Subject::Sessions { search: search.into(), limit: 9, offset: 0 };
    let mut subjects =
        vec![find("wELc"), find("\"TEST\""), find("ü"), find("%"), find("session_1")];
    for record in records.iter().take(2) {
        let id = record.session_id.as_str();
        subjects.push(find(id));
        subjects.push(find(&id[8..14]));
        subjects.push(find(&record.user_id.as_str()[..6].to_ascii_uppercase()));
        subjects.push(Subject::Session { id: id.to_owned() });
    }
    subjects.push(Subject::Session { id: "session_1_00000000".to_owned() });
    subjects
}

fn subjects() -> Vec<Subject> {
    let components = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    vec![
        Subject::Summary,
        Subject::Visits,
        Subject::Journey,
        Subject::Time,
        Subject::Popularity { bucket_ms: 700 },
        Subject::Funnel {
            components: components(&["welcome", "user-list"]),
            within_ms: Some(2_500),
        },
        Subject::Funnel {
            components: components(&["wetter-ü", "wetter-ü", "welcome"]),
            within_ms: None,
        },
        Subject::Sessions { search: String::new(), limit: 1_000, offset: 0 },
        Subject::Sessions { search: String::new(), limit: 2, offset: 1 },
        Subject::Bounce,
        Subject::EntryPoints,
        Subject::ExitPoints,
        Subject::ActiveUsers,
        Subject::Errors,
        Subject::Loads,
        Subject::Activity { starts: vec![1_000_500, 1_002_000, 1_009_000] },
        Subject::Paths { steps: 1 },
        Subject::Paths { steps: 4 },
        Subject::SessionLengths,
    ]
}

/// Whom a question is about: everybody, and each part of a filter.
fn filters(records: &[Record]) -> Vec<Filter> {
    let some = records.first();
    let none = Filter::default();
    vec![
        none.clone(),
        Filter { components: vec!["welcome".into(), "wetter-ü".into()], ..none.clone() },
        Filter { entry: Some("user-list".into()), ..none.clone() },
        Filter { user: some.map(|record| record.user_id.as_str().to_owned()), ..none.clone() },
        Filter { hide_demo: true, ..none.clone() },
        Filter { entry: Some("welcome".into()), hide_demo: true, ..none.clone() },
        Filter {
            components: vec!["crash-test".into()],
            session: some.map(|record| record.session_id.as_str().to_owned()),
            ..none
        },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
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
            for (subject, filter) in subjects().into_iter().chain(about_sessions(&records)).flat_map(|subject| {
                filters(&records).into_iter().map(move |filter| (subject.clone(), filter))
            }) {
                let records = filter.apply(&records, range);
                let question = Question { subject: subject.clone(), range, filter: filter.clone() };
                let json = runtime
                    .block_on(store.read(move |events| question.ask(events)))
                    .unwrap();
                let answer: Value = serde_json::from_slice(&json).unwrap();
                prop_assert_eq!(answer, defined(&subject, &records, range), "{:?} {:?}", subject, filter);
            }
            for (filter, labels) in filters(&records)
                .into_iter()
                .flat_map(|filter| [LabelMode::Metadata, LabelMode::Stream].map(|labels| (filter.clone(), labels)))
            {
                let records = filter.apply(&records, range);
                let question = Question { subject: Subject::Summary, range, filter };
                let counted = runtime
                    .block_on(store.read(move |events| answers::cost::chosen(events, &question, labels)))
                    .unwrap();
                // Received in the first moment of 1970: nothing was late.
                let defined = insights::cost(&records, range, labels);
                prop_assert_eq!(counted, insights::Cost { late_streams: Some(0), ..defined });
            }
        }
        drop(store);
        writer.join();
    }
}
