//! How long each answer takes on many events: fills a store with simulated people unless it is there, then
//! asks. `cargo xtask bench insights` runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{path::PathBuf, time::Instant};

use clap::Parser;
use insights::{Filter, Range};
use server::{
    answers::{Question, Subject},
    store::{Row, Store},
};
use simulate::{Plan, Simulation, places};
use tracking::{Record, loki::PushRequest};

const REGISTRY: &str = include_str!("../../../static/registry.json");
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Fixed, so that a store can be used again.
const END_MS: u64 = 1_764_244_800_000;
/// Events that one person leaves in a month, about.
const EACH: usize = 340;
const TRIES: usize = 5;

#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Where the store is or will be
    #[arg(long)]
    data: PathBuf,
    /// Show the plans of the queries
    #[arg(long)]
    only: Option<String>,
}

fn subjects() -> Vec<(&'static str, Subject)> {
    let starts = |step: u64| (0..30).map(|day| END_MS - (30 - day) * step).collect::<Vec<_>>();
    let funnel = ["welcome", "user-list", "user-detail"].map(str::to_owned).to_vec();
    vec![
        ("summary", Subject::Summary),
        ("visits", Subject::Visits),
        ("journey", Subject::Journey),
        ("time", Subject::Time),
        ("popularity", Subject::Popularity { bucket_ms: DAY_MS }),
        ("activity", Subject::Activity { starts: starts(DAY_MS) }),
        ("paths", Subject::Paths { steps: 4 }),
        ("funnel", Subject::Funnel { components: funnel, within_ms: None }),
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

async fn fill(store: &Store, events: usize) {
    let started = Instant::now();
    let plan = Plan { users: events.div_ceil(EACH), days: 30, seed: 7, end_ms: END_MS };
    let mut stored = 0;
    for (day, pushes) in Simulation::new(plan, places(REGISTRY).unwrap()).enumerate() {
        let mut rows = Vec::new();
        for push in &pushes {
            let request: PushRequest<'_> = serde_json::from_str(&push.body).unwrap();
            for entry in request.streams.iter().flat_map(|stream| &stream.values) {
                let record = Record::from_line(&entry.line).unwrap();
                rows.push(Row { record, line: entry.line.clone().into_owned() });
            }
        }
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(20_000));
            stored += store.insert(std::mem::replace(&mut rows, rest), END_MS).await.unwrap().new;
        }
        eprintln!("day {}: {stored} events, {:.0} s", day + 1, started.elapsed().as_secs_f64());
    }
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let is_new = !args.data.join("events.db").exists();
    let started = Instant::now();
    let (store, writer) = Store::open(&args.data).unwrap();
    println!("open: {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    if is_new {
        fill(&store, args.events).await;
    }
    println!("{:<16} {:>12} {:>12}", "median ms", "30 days", "24 hours");
    for (name, subject) in subjects() {
        if args.only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let mut medians = Vec::new();
        for days in [30, 1] {
            let range = Range::new(END_MS - days * DAY_MS, END_MS);
            let question = Question { subject: subject.clone(), range, filter: Filter::default() };
            let mut took = Vec::new();
            for _ in 0..TRIES {
                let question = question.clone();
                let started = Instant::now();
                store.read(move |events| question.ask(events)).await.unwrap();
                took.push(started.elapsed());
                // What takes so long needs no second look.
                if took[0].as_secs() > 5 {
                    break;
                }
            }
            took.sort();
            medians.push(took[took.len() / 2].as_secs_f64() * 1e3);
        }
        println!("{name:<16} {:>12.1} {:>12.1}", medians[0], medians[1]);
    }
    drop(store);
    writer.join();
}
