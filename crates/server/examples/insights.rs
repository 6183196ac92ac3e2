//! How long each answer takes on many events: fills a store with simulated people unless it is there, then
//! asks. `cargo xtask bench insights` runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::Parser;
use insights::{Filter, Range};
use server::{
    answers::{Question, Subject, cost},
    store::{Row, Store},
};
use simulate::{Plan, Simulation, places};
use tracking::{LabelMode, Record, loki::PushRequest};

const REGISTRY: &str = include_str!("../../../static/registry.json");
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Fixed, so that a store can be used again.
const END_MS: u64 = 1_764_244_800_000;
/// Events that one person leaves in a month, about.
const EACH: usize = 340;
const TRIES: usize = 9;
/// Times of a fixed piece of work that differ by more than this make a machine too noisy.
const QUIET: f64 = 0.2;

#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Where the store is or will be
    #[arg(long)]
    data: PathBuf,
    /// Only this question
    #[arg(long)]
    only: Option<String>,
    /// The server's program, to see how long it takes to start
    #[arg(long)]
    server: Option<PathBuf>,
}

/// `None` is what the events cost.
fn subjects() -> Vec<(&'static str, Option<Subject>)> {
    let starts = |step: u64| (0..30).map(|day| END_MS - (30 - day) * step).collect::<Vec<_>>();
    let funnel = ["welcome", "user-list", "user-detail"].map(str::to_owned).to_vec();
    [
        ("summary", Subject::Summary),
        ("visits", Subject::Visits { known: Vec::new() }),
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
    .map(|(name, subject)| (name, Some(subject)))
    .into_iter()
    .chain([("cost", None)])
    .collect()
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

/// The ranges asked for: as the page asks, and with edges that are on no hour.
fn ranges() -> [(&'static str, Range); 4] {
    let back = |days: u64, by_ms: u64| Range::new(END_MS - days * DAY_MS - by_ms, END_MS - by_ms);
    [
        ("30 days", back(30, 0)),
        ("uneven", back(30, 1_234_567)),
        ("24 hours", back(1, 0)),
        ("uneven", back(1, 1_234_567)),
    ]
}

async fn median_ms(store: &Store, subject: Option<&Subject>, range: Range) -> f64 {
    let mut took = Vec::new();
    for _ in 0..TRIES {
        let subject = subject.cloned();
        let started = Instant::now();
        store
            .read(move |events| {
                let is_cost = subject.is_none();
                let subject = subject.unwrap_or(Subject::Summary);
                let question = Question { subject, range, filter: Filter::default() };
                if is_cost {
                    return cost::chosen(events, &question, LabelMode::Metadata).map(|_| ());
                }
                question.ask(events).map(|_| ())
            })
            .await
            .unwrap();
        took.push(started.elapsed());
        // What takes so long needs no second look.
        if took[0].as_secs() > 5 {
            break;
        }
    }
    took.sort();
    took[took.len() / 2].as_secs_f64() * 1e3
}

/// From the start of the program until it listens.
fn cold_start(program: &Path, data: &Path) -> Duration {
    let started = Instant::now();
    let mut server = Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--access-log", "off", "--retention-days", "0", "--data"])
        .arg(data)
        .env_remove("CLM_API_TOKEN")
        .env_remove("LOKI_URL")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let took = started.elapsed();
    assert!(line.starts_with("listening"), "{line}");
    server.kill().unwrap();
    server.wait().unwrap();
    took
}

/// How much the times of the same work differ, of the median.
fn noise() -> f64 {
    let mut took: Vec<f64> = (0..15_u64)
        .map(|seed| {
            let started = Instant::now();
            let sum =
                (0..20_000_000_u64).fold(seed, |z, n| (z ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert_ne!(std::hint::black_box(sum), 1);
            started.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    (took[took.len() - 1] - took[0]) / took[took.len() / 2]
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let is_new = !args.data.join("events.db").exists();
    let (store, writer) = Store::open(&args.data).unwrap();
    if is_new {
        fill(&store, args.events).await;
    }
    let size = fs::metadata(args.data.join("events.db")).unwrap().len();
    println!("{:.1} MB", size as f64 / 1e6);
    print!("{:<16}", "median ms");
    for (name, _) in ranges() {
        print!(" {name:>10}");
    }
    println!();
    for (name, subject) in subjects() {
        if args.only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        print!("{name:<16}");
        for (_, range) in ranges() {
            print!(" {:>10.1}", median_ms(&store, subject.as_ref(), range).await);
        }
        println!();
    }
    drop(store);
    writer.join();
    if let Some(program) = &args.server {
        let took: Vec<_> = (0..3).map(|_| cold_start(program, &args.data).as_millis()).collect();
        println!("the server listens after {took:?} ms");
    }
    let noise = noise();
    println!("the same work took times that differ by {:.0} %", noise * 100.0);
    if noise > QUIET {
        println!("the machine is too noisy for these numbers to be held against others");
    }
}
