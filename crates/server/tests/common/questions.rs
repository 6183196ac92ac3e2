//! Every question there is.

use insights::{Filter, KnownComponent, Range};
use server::answers::{Question, Subject};
use tracking::Record;

/// Every subject with every filter.
pub fn all(records: &[Record], range: Range, start_ms: u64) -> Vec<Question> {
    let subjects = subjects(start_ms).into_iter().chain(about_sessions(records));
    subjects
        .flat_map(|subject| {
            let question = move |filter| Question { subject: subject.clone(), range, filter };
            filters(records).into_iter().map(question)
        })
        .collect()
}

/// Sessions found by what they visit and by whose they are, and single ones.
fn about_sessions(records: &[Record]) -> Vec<Subject> {
    let find = |search: &str| Subject::Sessions { search: search.into(), limit: 9, offset: 0 };
    let mut subjects = vec![
        find("wELc"),
        find("\"TEST\""),
        find("ü"),
        find("WETTER U\u{308}"),
        find("tter u"),
        find("%"),
        find("session_1"),
    ];
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

fn known(hash: &str) -> KnownComponent {
    KnownComponent { hash: hash.to_owned(), name: hash.to_uppercase() }
}

/// Each subject, about events that begin at `start_ms`.
fn subjects(start_ms: u64) -> Vec<Subject> {
    let components = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    vec![
        Subject::Summary,
        Subject::Visits { known: Vec::new() },
        Subject::Visits { known: ["zoo", "welcome", "a.b|c"].map(known).into() },
        Subject::Journey,
        Subject::Time,
        Subject::Popularity { bucket_ms: 700 },
        Subject::Funnel {
            components: components(&["welcome", "user-list"]),
            within_ms: Some(2_500),
        },
        // Who tries again may come further.
        Subject::Funnel {
            components: components(&["user-list", "welcome", "user-list"]),
            within_ms: Some(4_000),
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
        Subject::Activity { starts: [500, 2_000, 9_000].map(|ms| start_ms + ms).into() },
        Subject::Paths { steps: 1 },
        Subject::Paths { steps: 4 },
        Subject::SessionLengths,
    ]
}

/// Whom a question is about: everybody, and each part of a filter.
pub fn filters(records: &[Record]) -> Vec<Filter> {
    let some = records.first();
    let none = Filter::default();
    vec![
        none.clone(),
        Filter { components: vec!["welcome".into(), "wetter-ü".into()], ..none.clone() },
        Filter { entry: Some("user-list".into()), ..none.clone() },
        Filter { user: some.map(|record| record.user_id.as_str().to_owned()), ..none.clone() },
        Filter { hide_demo: true, ..none.clone() },
        Filter { entry: Some("welcome".into()), hide_demo: true, ..none.clone() },
        Filter { components: vec!["user-detail".into()], hide_demo: true, ..none.clone() },
        Filter { components: vec!["nope".into()], ..none.clone() },
        Filter {
            components: vec!["crash-test".into()],
            session: some.map(|record| record.session_id.as_str().to_owned()),
            ..none.clone()
        },
        Filter {
            components: vec!["user-list".into(), "a.b|c".into()],
            entry: Some("welcome".into()),
            user: some.map(|record| record.user_id.as_str().to_owned()),
            ..none
        },
    ]
}
