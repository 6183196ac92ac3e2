//! The truth is counted from scripts; the events must come to the same.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};

use insights::{Filter, Insight, Range};
use simulate::{Plan, Push, Simulation, Truth, places};
use tracking::{Event, Record, loki::PushRequest};

const REGISTRY: &str = include_str!("../../../static/registry.json");
/// A Tuesday in the middle of a day.
const END_MS: u64 = 1_764_072_123_456;

fn run(users: usize, days: u32, seed: u64) -> (Vec<Push>, Truth) {
    let plan = Plan { users, days, seed, end_ms: END_MS };
    let mut simulation = Simulation::new(plan, places(REGISTRY).unwrap());
    let pushes = simulation.by_ref().flatten().collect();
    (pushes, simulation.truth().clone())
}

/// Each event once, as a server keeps them.
fn records(pushes: &[Push]) -> Vec<Record> {
    let mut records = HashMap::new();
    for push in pushes {
        let request: PushRequest<'_> = serde_json::from_str(&push.body).unwrap();
        for entry in request.streams.iter().flat_map(|stream| &stream.values) {
            let record = Record::from_line(&entry.line).unwrap();
            assert!(record.timestamp.0 < END_MS && record.timestamp.0 <= push.at_ms);
            records.entry(record.event_id).or_insert(record);
        }
    }
    let mut records: Vec<Record> = records.into_values().collect();
    records.sort_by_key(|record| (record.timestamp.0, record.seq));
    records
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let (first, _) = run(20, 3, 7);
    assert!(!first.is_empty());
    assert_eq!(first, run(20, 3, 7).0);
    assert_ne!(first, run(20, 3, 8).0);
}

#[test]
fn the_truth_is_what_the_events_say() {
    for seed in [1, 7, 2026] {
        let (pushes, truth) = run(80, 9, seed);
        let records = records(&pushes);
        let mut sessions: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        let mut visits: BTreeMap<&str, u64> = BTreeMap::new();
        let mut time: BTreeMap<&str, u64> = BTreeMap::new();
        let mut moves: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut errors: BTreeMap<&str, u64> = BTreeMap::new();
        let mut loads = 0;
        for record in &records {
            let hash = record.component.hash.as_str();
            sessions.entry(record.session_id.as_str()).or_default().push(record);
            match &record.event {
                Event::ComponentVisit { prev_component, .. } => {
                    *visits.entry(hash).or_default() += 1;
                    *moves.entry((prev_component, hash)).or_default() += 1;
                }
                Event::ComponentExit { duration_ms, .. } => {
                    *time.entry(hash).or_default() += duration_ms;
                }
                Event::ComponentError { suppressed: 0, .. } => {
                    *errors.entry(hash).or_default() += 1
                }
                Event::ComponentInteraction { load_time_ms: Some(_), .. } => loads += 1,
                Event::TrackingDropped { .. } => panic!("nothing gets lost"),
                _ => {}
            }
        }
        let mut lengths: Vec<u64> = Vec::new();
        let mut bounces = 0;
        for events in sessions.values() {
            lengths.push(events[events.len() - 1].timestamp.0 - events[0].timestamp.0);
            let visits: Vec<_> = events
                .iter()
                .filter(|record| matches!(record.event, Event::ComponentVisit { .. }))
                .collect();
            bounces += u64::from(visits.len() == 1);
            let last = visits[visits.len() - 1].component.hash.as_str();
            *moves.entry((last, "(exit)")).or_default() += 1;
        }
        let users: std::collections::BTreeSet<_> =
            records.iter().map(|record| record.user_id.as_str()).collect();
        assert_eq!(truth.sessions(), sessions.len() as u64, "sessions, seed {seed}");
        assert_eq!(truth.users(), users.len() as u64);
        assert_eq!(truth.bounces(), bounces);
        assert_eq!(truth.visits(), visits);
        assert_eq!(truth.transitions(), moves);
        assert_eq!(truth.errors_by_component(), errors);
        let true_time: BTreeMap<&str, u64> =
            truth.times_ms().into_iter().map(|(hash, each)| (hash, each.iter().sum())).collect();
        assert_eq!(true_time, time);
        let true_loads: usize =
            truth.sat.iter().flat_map(|sat| &sat.visits).map(|visited| visited.loads.len()).sum();
        assert_eq!(true_loads, loads);
        let mut true_lengths = truth.lengths_ms();
        true_lengths.sort_unstable();
        lengths.sort_unstable();
        assert_eq!(true_lengths, lengths);
    }
}

/// Of what people did, not of events: what each filter must come to.
#[test]
fn the_filtered_answers_are_true() {
    let (pushes, truth) = run(120, 14, 7);
    let records = records(&pushes);
    let counted = |rows: Vec<insights::ComponentVisits>| -> BTreeMap<String, u64> {
        rows.into_iter().map(|row| (row.component, row.visits)).collect()
    };
    let wanted = |counts: BTreeMap<&str, u64>| -> BTreeMap<String, u64> {
        counts.into_iter().map(|(hash, count)| (hash.to_owned(), count)).collect()
    };
    let path = ["welcome", "user-list", "user-detail"];
    let steps = path.map(str::to_owned);
    for hash in ["welcome", "user-list", "user-detail"] {
        let filter = Filter { components: vec![hash.to_owned()], ..Filter::default() };
        let of = |insight: Insight| filter.apply(&records, Range::ALL, insight.filter_meaning());
        let visit_it = truth.of(|sat| sat.visits.iter().any(|visit| visit.component == hash));

        let exits = counted(insights::exit_points(&of(Insight::ExitPoints), Range::ALL));
        assert_eq!(exits, wanted(visit_it.exits()), "{hash}");
        let all = truth.exits();
        assert!(exits.iter().all(|(component, count)| *count <= all[component.as_str()]));
        let entries = counted(insights::entry_points(&of(Insight::EntryPoints), Range::ALL));
        assert_eq!(entries, wanted(visit_it.entries()), "{hash}");
        let bounce = insights::bounce(&of(Insight::Bounce), Range::ALL);
        assert_eq!((bounce.sessions, bounce.bounced), (visit_it.sessions(), visit_it.bounces()));
        let lengths = insights::session_lengths(&of(Insight::SessionLengths), Range::ALL);
        assert_eq!(lengths, insights::SessionLengths::of(visit_it.lengths_ms()));
        for within_ms in [None, Some(60_000), Some(10 * 60_000)] {
            let funnel = insights::funnel(&of(Insight::Funnel), Range::ALL, &steps, within_ms);
            let funnel: Vec<u64> = funnel.iter().map(|step| step.sessions).collect();
            assert_eq!(funnel, visit_it.funnel(&path, within_ms.unwrap_or(u64::MAX)), "{hash}");
            assert!(funnel[0] > 0 && funnel[2] > 0, "{funnel:?}");
        }
        let paths = insights::paths(&of(Insight::Paths), Range::ALL, 10);
        let first: u64 = paths.iter().filter(|p| p.step == 1).map(|p| p.sessions).sum();
        assert_eq!(first, visit_it.sessions());
        let sessions = insights::sessions(
            &of(Insight::Sessions),
            Range::ALL,
            "",
            str::to_lowercase,
            usize::MAX,
            0,
        );
        assert_eq!(sessions.len() as u64, visit_it.sessions());
        let flows = insights::journey(&of(Insight::Journey), Range::ALL, &filter.components);
        let mut around = truth.transitions();
        around.retain(|(from, to), _| *from == hash || *to == hash);
        let told = flows.iter().map(|flow| ((&*flow.from, &*flow.to), flow.count));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), around);

        let visits = counted(insights::visits(&of(Insight::Visits), Range::ALL, &[]));
        assert_eq!(visits, BTreeMap::from([(hash.to_owned(), truth.visits()[hash])]));
        let people = insights::active_users(&of(Insight::ActiveUsers), Range::ALL);
        assert_eq!(people.users, visit_it.users());
    }
}

#[test]
fn it_is_a_month_as_one_would_believe_it() {
    let (pushes, truth) = run(150, 28, 7);
    let events = records(&pushes).len() as u64;
    let sent: usize = pushes.iter().map(|push| push.body.matches("event_id").count()).sum();
    let (sessions, bounces) = (truth.sessions(), truth.bounces());
    println!(
        "{events} events ({sent} sent) in {} requests, {sessions} sessions, {} users, {bounces} bounces, {} errors",
        pushes.len(),
        truth.users(),
        truth.errors()
    );
    assert!((15..50).contains(&(bounces * 100 / sessions)), "{bounces} of {sessions}");
    assert!(truth.errors() * 100 > sessions && truth.errors() * 3 < sessions);
    assert_eq!(truth.visits().len(), 20, "every component is seen by somebody");
    // A working day is busier than a day of the weekend.
    let mut days = [0_u64; 7];
    for sat in &truth.sat {
        days[usize::try_from((sat.start_ms / 86_400_000 + 3) % 7).unwrap()] += 1;
    }
    assert!(days[..5].iter().all(|day| *day > days[5] && *day > days[6]), "{days:?}");
}
