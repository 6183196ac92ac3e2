//! How much of the file each question looks at is held to `budgets.toml`: counted in SQLite's own steps, which are
//! the same on every machine. A question that reads its events one by one takes a hundred times as many.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use insights::{Filter, Range};
use rusqlite::{Connection, Transaction};
use server::{
    answers::{Question, Subject, cost},
    observe::Metrics,
    store::{Packing, Row, Store, StoreError},
};
use simulate::{Plan, Simulation, places};
use tracking::{LabelMode, Record, loki::PushRequest};

const REGISTRY: &str = include_str!("../../../static/registry.json");
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const END_MS: u64 = 1_764_244_800_000;
const DAYS: u32 = 10;

#[derive(serde::Deserialize)]
struct Budgets {
    questions: BTreeMap<String, u64>,
}

/// Some thirty thousand events of three hundred people.
async fn fill(store: &Store) -> u64 {
    let plan = Plan { users: 300, days: DAYS, seed: 7, end_ms: END_MS };
    let mut events = 0;
    for pushes in Simulation::new(plan, places(REGISTRY).unwrap()) {
        let mut rows = Vec::new();
        for push in &pushes {
            let request: PushRequest<'_> = serde_json::from_str(&push.body).unwrap();
            for entry in request.streams.iter().flat_map(|stream| &stream.values) {
                let record = Record::from_line(&entry.line).unwrap();
                rows.push(Row { record, line: entry.line.clone().into_owned() });
            }
        }
        events += store.insert(rows, END_MS).await.unwrap().new as u64;
    }
    events
}

/// SQLite's steps while `ask` reads the file.
fn steps(
    file: &mut Connection,
    ask: impl FnOnce(&Transaction<'_>) -> Result<Vec<u8>, StoreError>,
) -> u64 {
    let steps = Arc::new(AtomicU64::new(0));
    let counted = steps.clone();
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    file.progress_handler(1, Some(count)).unwrap();
    ask(&file.transaction().unwrap()).unwrap();
    file.progress_handler(0, None::<fn() -> bool>).unwrap();
    steps.load(Ordering::Relaxed)
}

fn subjects() -> Vec<(&'static str, Subject)> {
    let starts = (0..DAYS).map(|day| END_MS - u64::from(DAYS - day) * DAY_MS).collect();
    let components = ["welcome", "user-list", "user-detail"].map(str::to_owned).to_vec();
    vec![
        ("summary", Subject::Summary),
        ("visits", Subject::Visits { known: Vec::new() }),
        ("journey", Subject::Journey),
        ("time", Subject::Time),
        ("popularity", Subject::Popularity { bucket_ms: DAY_MS }),
        ("activity", Subject::Activity { starts }),
        ("paths", Subject::Paths { steps: 4 }),
        ("funnel", Subject::Funnel { components, within_ms: None }),
        ("session-lengths", Subject::SessionLengths),
        ("sessions", Subject::Sessions { search: String::new(), limit: 50, offset: 0 }),
        ("bounce", Subject::Bounce),
        ("entry-points", Subject::EntryPoints),
        ("exit-points", Subject::ExitPoints),
        ("active-users", Subject::ActiveUsers),
        ("errors", Subject::Errors),
        ("loads", Subject::Loads),
    ]
}

#[tokio::test]
async fn no_question_looks_at_more_than_its_budget() {
    let dir = tempfile::tempdir().unwrap();
    // What is loose is read one by one: here nothing is, so that the rest counts.
    let packing = Packing { loose: 0, ..Packing::default() };
    let (store, writer) = Store::open_packing(dir.path(), 0, Metrics::default(), packing).unwrap();
    let events = fill(&store).await;
    assert!((25_000..40_000).contains(&events), "{events}");
    drop(store);
    writer.join();

    let budgets: Budgets = toml::from_str(include_str!("../../../budgets.toml")).unwrap();
    let mut file = Connection::open(dir.path().join("events.db")).unwrap();
    let range = Range::new(END_MS - u64::from(DAYS) * DAY_MS, END_MS);
    let mut counted = Vec::new();
    for (name, subject) in subjects() {
        let question = Question { subject, range, filter: Filter::default() };
        counted.push((name, steps(&mut file, |events| question.ask(events))));
    }
    let question = Question { subject: Subject::Summary, range, filter: Filter::default() };
    let weigh = |events: &Transaction<'_>| {
        cost::chosen(events, &question, LabelMode::Metadata).map(|_| Vec::new())
    };
    counted.push(("cost", steps(&mut file, weigh)));
    println!("{events} events: {counted:?}");

    let known: Vec<&str> = budgets.questions.keys().map(String::as_str).collect();
    let mut asked: Vec<&str> = counted.iter().map(|(name, _)| *name).collect();
    asked.sort_unstable();
    assert_eq!(known, asked);
    for (name, steps) in counted {
        let budget = budgets.questions[name];
        assert!(steps <= budget, "{name} takes {steps} steps, {budget} are allowed");
        // A budget that is far too large would hold nothing.
        assert!(
            steps * 2 > budget,
            "{name} takes {steps} steps, its budget of {budget} is too large"
        );
    }
}
