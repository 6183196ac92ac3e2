//! What a filter keeps: events where events are counted, whole sessions where sessions are followed.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use insights::{Bounce, Filter, Insight, KnownComponent, Range, testing};
use proptest::prelude::*;
use tracking::{Component, Event, EventId, Record, SessionId, Timestamp, UserSecret};

fn of(insight: Insight, filter: &Filter, records: &[Record]) -> Vec<Record> {
    filter.apply(records, Range::ALL, insight.filter_meaning())
}

fn chosen(components: &[&str]) -> Filter {
    let components = components.iter().map(|&hash| hash.to_owned()).collect();
    Filter { components, ..Filter::default() }
}

/// One session; each visit at its time, to its component, by a demo or not.
fn session(number: u64, visits: &[(u64, &str, bool)]) -> Vec<Record> {
    let mut previous = "(entry)".to_owned();
    let visit = |(seq, &(at_ms, component, demo)): (usize, &(u64, &str, bool))| Record {
        event_id: EventId((u128::from(number) << 64) | seq as u128),
        timestamp: Timestamp(at_ms),
        user_id: UserSecret::new(u128::from(number)).user_id(),
        session_id: SessionId::new(number, 0),
        seq: seq as u64,
        component: Component::new(component, component.to_uppercase()),
        demo,
        event: Event::ComponentVisit {
            url: String::new(),
            referrer: String::new(),
            visit_index: seq as u64 + 1,
            is_entry: seq == 0,
            prev_component: std::mem::replace(&mut previous, component.to_owned()),
            prev_component_name: String::new(),
        },
    };
    visits.iter().enumerate().map(visit).collect()
}

fn two_sessions() -> Vec<Record> {
    let mut records =
        session(1, &[(10, "home", false), (20, "list", false), (30, "detail", false)]);
    records.extend(session(2, &[(15, "list", false)]));
    records
}

#[test]
fn a_component_does_not_make_exits_entries_and_bounces_of_the_sessions_that_visit_it() {
    let records = two_sessions();
    let home = chosen(&["home"]);
    let exits = insights::exit_points(&of(Insight::ExitPoints, &home, &records), Range::ALL);
    assert_eq!(exits.iter().map(|row| &*row.component).collect::<Vec<_>>(), ["detail"]);
    let list = chosen(&["list"]);
    let entries = insights::entry_points(&of(Insight::EntryPoints, &list, &records), Range::ALL);
    assert_eq!(entries.iter().map(|row| &*row.component).collect::<Vec<_>>(), ["home", "list"]);
    let bounce = |filter| insights::bounce(&of(Insight::Bounce, filter, &records), Range::ALL);
    assert_eq!(bounce(&home), Bounce { sessions: 1, bounced: 0 });
    assert_eq!(bounce(&list), Bounce { sessions: 2, bounced: 1 });
    let steps = ["home", "list", "detail"].map(str::to_owned);
    let funnel = of(Insight::Funnel, &home, &records);
    let funnel = insights::funnel(&funnel, Range::ALL, &steps, None);
    assert_eq!(funnel.iter().map(|step| step.sessions).collect::<Vec<_>>(), [1, 1, 1]);
    let lengths =
        insights::session_lengths(&of(Insight::SessionLengths, &home, &records), Range::ALL);
    assert_eq!(lengths.median_ms, Some(20));
    let paths = insights::paths(&of(Insight::Paths, &home, &records), Range::ALL, 9);
    assert_eq!(paths.len(), 3);
    let sessions = insights::sessions(
        &of(Insight::Sessions, &home, &records),
        Range::ALL,
        "",
        str::to_lowercase,
        9,
        0,
    );
    assert_eq!((sessions.len(), sessions[0].visits, &*sessions[0].exit), (1, 3, "detail"));
    assert_eq!(
        insights::exit_points(&of(Insight::ExitPoints, &chosen(&["nope"]), &records), Range::ALL),
        []
    );
}

#[test]
fn the_journey_around_a_component_leads_to_it_and_on() {
    let records = two_sessions();
    let list = chosen(&["list"]);
    let flows =
        insights::journey(&of(Insight::Journey, &list, &records), Range::ALL, &list.components);
    let flows: BTreeSet<_> = flows.iter().map(|flow| (&*flow.from, &*flow.to)).collect();
    let around = [("(entry)", "list"), ("home", "list"), ("list", "detail"), ("list", "(exit)")];
    assert_eq!(flows, around.into());
}

#[test]
fn a_hidden_demo_makes_no_bounce_and_no_exit_of_the_session_it_played_in() {
    let mut records = session(1, &[(10, "home", false), (20, "list", true), (30, "detail", true)]);
    records.extend(session(2, &[(10, "home", false)]));
    let hidden = Filter { hide_demo: true, ..Filter::default() };
    let bounce = insights::bounce(&of(Insight::Bounce, &hidden, &records), Range::ALL);
    assert_eq!(bounce, Bounce { sessions: 1, bounced: 1 });
    let exits = insights::exit_points(&of(Insight::ExitPoints, &hidden, &records), Range::ALL);
    assert_eq!(exits[0].visits, 1);
    // Nobody went on from where the demo was.
    let flows = insights::journey(&of(Insight::Journey, &hidden, &records), Range::ALL, &[]);
    assert_eq!(flows.len(), 2);
    // What people did by themselves is still counted where events are.
    let visits = insights::visits(&of(Insight::Visits, &hidden, &records), Range::ALL, &[]);
    assert_eq!((visits.len(), visits[0].visits), (1, 2));
}

#[test]
fn a_session_that_began_before_the_range_is_no_bounce_and_has_no_first_step() {
    let records = two_sessions();
    let range = Range::new(25, 100);
    assert_eq!(insights::bounce(&records, range), Bounce { sessions: 1, bounced: 0 });
    assert_eq!(insights::entry_points(&records, range), []);
    assert_eq!(insights::paths(&records, range, 3), []);
    assert_eq!(insights::session_lengths(&records, range).median_ms, None);
    assert_eq!(insights::exit_points(&records, range)[0].component, "detail");
}

#[test]
fn what_nobody_opened_is_listed_behind_what_was() {
    let known = |hash: &str| KnownComponent { hash: hash.into(), name: hash.to_uppercase() };
    let known = ["home", "zoo", "away", "zoo"].map(known);
    let records = two_sessions();
    let rows = |filter: &Filter| {
        let records = of(Insight::Visits, filter, &records);
        insights::visits(&records, Range::ALL, &filter.of_known(&known))
            .into_iter()
            .map(|row| (row.component, row.visits))
            .collect::<Vec<_>>()
    };
    let row = |hash: &str, visits| (hash.to_owned(), visits);
    let all = [row("list", 2), row("detail", 1), row("home", 1), row("away", 0), row("zoo", 0)];
    assert_eq!(rows(&Filter::default()), all);
    assert_eq!(rows(&chosen(&["zoo"])), [row("zoo", 0)]);
}

/// As one would write it down: every start, each followed step by step.
fn windowed(visits: &[(u64, &str)], steps: &[String], within_ms: u64) -> Vec<u64> {
    let mut furthest: Vec<u64> = Vec::new();
    for (start, &(begin_ms, first)) in visits.iter().enumerate() {
        if first != steps[0] {
            continue;
        }
        let mut times_ms = vec![begin_ms];
        for &(at_ms, component) in &visits[start + 1..] {
            let is_next = steps.get(times_ms.len()).is_some_and(|step| step == component);
            if is_next && at_ms <= begin_ms.saturating_add(within_ms) {
                times_ms.push(at_ms);
            }
        }
        if times_ms.len() > furthest.len() {
            furthest = times_ms;
        }
    }
    furthest
}

#[test]
fn who_tries_again_and_comes_through_in_time_is_not_lost() {
    let visits = [
        (100_000, "a", false),
        (380_000, "c", false),
        (400_000, "a", false),
        (410_000, "b", false),
    ];
    let steps = ["a", "b"].map(str::to_owned);
    let funnel = insights::funnel(&session(1, &visits), Range::ALL, &steps, Some(300_000));
    let told: Vec<_> = funnel.iter().map(|s| (s.sessions, s.median_ms_from_previous)).collect();
    assert_eq!(told, [(1, None), (1, Some(10_000))]);
}

#[test]
fn a_long_session_is_followed_in_one_pass() {
    // Every second visit begins the funnel, none ends it in time: each start once more over all visits
    // would be ten thousand million looks.
    let looks = std::cell::Cell::new(0_u64);
    let visits = 200_000;
    let mut chain = insights::FunnelChain::new(3, Some(visits as u64));
    let is_step = |step: usize, at: usize| {
        looks.set(looks.get() + 1);
        step == at % 2
    };
    let furthest = chain.furthest(visits, is_step, |at| at as u64);
    assert_eq!(furthest.len(), 2);
    assert!(looks.get() < 10 * visits as u64, "{}", looks.get());
}

proptest! {
    #[test]
    fn the_window_may_begin_with_any_visit_to_the_first_step(
        gaps in proptest::collection::vec((0_u64..4, 0_usize..3), 0..14),
        steps in proptest::collection::vec(0_usize..3, 1..4),
        within_ms in proptest::option::of(0_u64..12),
    ) {
        let names = ["a", "b", "c"];
        let steps: Vec<String> = steps.into_iter().map(|at| names[at].to_owned()).collect();
        let mut now_ms = 0;
        let visits: Vec<(u64, &str)> = gaps
            .into_iter()
            .map(|(gap_ms, at)| {
                now_ms += gap_ms;
                (now_ms, names[at])
            })
            .collect();
        let wanted = windowed(&visits, &steps, within_ms.unwrap_or(u64::MAX));
        let mut chain = insights::FunnelChain::new(steps.len(), within_ms);
        let is_step = |step: usize, at: usize| visits[at].1 == steps[step];
        let found = chain.furthest(visits.len(), is_step, |at| visits[at].0);
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn a_chosen_session_is_the_session_that_it_is_without_a_filter(
        records in testing::records(1_000, 20_000),
        component in prop::sample::select(vec!["welcome", "user-list", "user-detail", "nope"]),
        hide_demo in any::<bool>(),
    ) {
        let filter = Filter { hide_demo, ..chosen(&[component]) };
        let events = filter.apply(&records, Range::ALL, Insight::ExitPoints.filter_meaning());
        let mut whole: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in &records {
            whole.entry(record.session_id.as_str()).or_default().push(record);
        }
        let is_visit = |record: &&&Record| matches!(record.event, Event::ComponentVisit { .. });
        let wanted: usize = whole
            .values()
            .filter(|of| {
                let mut visits = of.iter().filter(is_visit);
                visits.any(|visit| visit.component.hash == component)
            })
            .filter(|of| !hide_demo || !of.iter().filter(is_visit).any(|visit| visit.demo))
            .map(Vec::len)
            .sum();
        prop_assert_eq!(events.len(), wanted);
        let ends = |records: &[Record]| -> BTreeMap<String, u64> {
            let exits = insights::exit_points(records, Range::ALL);
            exits.into_iter().map(|row| (row.component, row.visits)).collect()
        };
        let all = ends(&records);
        for (component, count) in ends(&events) {
            prop_assert!(count <= all[&component], "{} leaves by {}", count, component);
        }
    }
}
