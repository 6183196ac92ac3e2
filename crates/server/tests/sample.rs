//! A simulated month: what the server answers is what is true of the people, who were counted from what
//! they did.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use common::{Server, config, now_ms};
use insights::{
    ActiveUsers, Bounce, ComponentErrors, ComponentLoads, ComponentTime, ComponentVisits,
    ErrorMessage, Flow, FunnelStep, Session, SessionLengths, Summary, percentile,
};
use serde::de::DeserializeOwned;
use server::{App, observe::Metrics, router, sample::Progress, store::Store};
use simulate::{Plan, Simulation, Truth, bundle, places};

const REGISTRY: &str = include_str!("../../../static/registry.json");

fn simulation(users: usize, days: u32) -> Simulation {
    let plan = Plan { users, days, seed: 7, end_ms: now_ms() };
    Simulation::new(plan, places(REGISTRY).unwrap())
}

/// Its answer about all time.
async fn ask<T: DeserializeOwned>(server: &Server, subject: &str) -> T {
    let mark = if subject.contains('?') { '&' } else { '?' };
    let path = format!("/api/insights/{subject}{mark}from=0&to={}", now_ms() + 1);
    let answer = server.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

fn by_component(counts: Vec<ComponentVisits>) -> BTreeMap<String, u64> {
    // What nobody visited is in the registry and not in the truth.
    let visited = counts.into_iter().filter(|count| count.visits > 0);
    visited.map(|count| (count.component, count.visits)).collect()
}

fn owned(counts: BTreeMap<&str, u64>) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(component, count)| (component.to_owned(), count)).collect()
}

async fn compare(server: &Server, truth: &Truth) {
    let times = truth.times_ms();
    let summary: Summary = ask(server, "summary").await;
    let expected = Summary {
        visits: truth.visits().values().sum(),
        sessions: truth.sessions(),
        users: truth.users(),
        errors: truth.errors(),
        components: truth.visits().len() as u64,
        total_ms: times.values().flatten().sum(),
    };
    assert_eq!(summary, expected);
    assert_eq!(by_component(ask(server, "visits").await), owned(truth.visits()));
    assert_eq!(by_component(ask(server, "entry-points").await), owned(truth.entries()));
    assert_eq!(by_component(ask(server, "exit-points").await), owned(truth.exits()));
    let flows: Vec<Flow> = ask(server, "journey").await;
    let flows: BTreeMap<_, _> =
        flows.iter().map(|flow| ((&*flow.from, &*flow.to), flow.count)).collect();
    assert_eq!(flows, truth.transitions());
    let bounce: Bounce = ask(server, "bounce").await;
    assert_eq!(bounce, Bounce { sessions: truth.sessions(), bounced: truth.bounces() });
    assert_eq!(ask::<ActiveUsers>(server, "active-users").await.users, truth.users());
    let lengths: SessionLengths = ask(server, "session-lengths").await;
    assert_eq!(lengths, SessionLengths::of(truth.lengths_ms()));

    let time: Vec<ComponentTime> = ask(server, "time").await;
    assert_eq!(time.len(), times.len());
    for answered in &time {
        let mut each = times[&*answered.component].clone();
        assert_eq!(answered.visits, each.len() as u64);
        assert_eq!(answered.total_ms, each.iter().sum::<u64>(), "{}", answered.component);
        assert_eq!(answered.median_ms, percentile(&mut each, 50), "{}", answered.component);
        assert_eq!(answered.p95_ms, percentile(&mut each, 95), "{}", answered.component);
    }

    let visited = || truth.sat.iter().flat_map(|sat| &sat.visits);
    let errors: Vec<ComponentErrors> = ask(server, "errors").await;
    let counts: BTreeMap<_, _> =
        errors.iter().map(|component| (&*component.component, component.errors)).collect();
    assert_eq!(counts, truth.errors_by_component());
    for component in &errors {
        let mut said: Vec<_> = visited()
            .filter(|visited| visited.component == component.component)
            .flat_map(|visited| &visited.errors)
            .collect();
        said.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
        // Different messages of the latest hundred, the newest first.
        let recent: Vec<&str> = said.iter().take(100).map(|(_, text)| text.as_str()).collect();
        let mut latest: Vec<ErrorMessage> = Vec::new();
        for message in &recent {
            if latest.iter().all(|known| known.message != *message) {
                let errors = recent.iter().filter(|other| *other == message).count() as u64;
                latest.push(ErrorMessage { message: (*message).to_owned(), errors });
            }
        }
        latest.truncate(5);
        assert_eq!(component.latest, latest);
    }

    let mut took: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for visited in visited().filter(|visited| !visited.loads.is_empty()) {
        took.entry(&visited.component).or_default().extend(visited.loads.iter().map(|load| load.1));
    }
    let loads: Vec<ComponentLoads> = ask(server, "loads").await;
    assert_eq!(loads.len(), took.len());
    for answered in &loads {
        let each = took.get_mut(&*answered.component).unwrap();
        assert_eq!(answered.loads, each.len() as u64);
        assert_eq!(answered.median_ms, percentile(each, 50));
    }

    let sessions: Vec<Session> = ask(server, "sessions?limit=1000").await;
    assert_eq!(sessions.len() as u64, truth.sessions().min(1_000));
    let mut latest: Vec<_> = truth.sat.iter().collect();
    latest.sort_by_key(|sat| std::cmp::Reverse(sat.start_ms));
    for (answered, sat) in sessions.iter().zip(latest) {
        assert_eq!((answered.started_ms, answered.ended_ms), (sat.start_ms, sat.end_ms));
        assert_eq!(answered.visits, sat.visits.len() as u64);
        assert_eq!(
            answered.visible_ms,
            sat.visits.iter().map(|visited| visited.visible_ms).sum::<u64>()
        );
        assert_eq!(answered.entry, sat.visits[0].component);
        assert_eq!(answered.exit, sat.visits[sat.visits.len() - 1].component);
    }
}

/// Whole sessions are followed where an answer is about sessions, and events counted where it is not.
async fn compare_filtered(server: &Server, truth: &Truth) {
    for component in ["welcome", "user-list", "user-detail"] {
        let asked = |subject: &str| {
            let mark = if subject.contains('?') { '&' } else { '?' };
            format!("{subject}{mark}component={component}")
        };
        let visit_it = truth.of(|sat| sat.visits.iter().any(|visit| visit.component == component));
        assert!(visit_it.sessions() > 0 && visit_it.sessions() < truth.sessions());
        let exits = by_component(ask(server, &asked("exit-points")).await);
        assert_eq!(exits, owned(visit_it.exits()));
        assert!(exits.iter().all(|(hash, count)| *count <= truth.exits()[hash.as_str()]));
        let entries = by_component(ask(server, &asked("entry-points")).await);
        assert_eq!(entries, owned(visit_it.entries()));
        let bounce: Bounce = ask(server, &asked("bounce")).await;
        let (sessions, bounced) = (visit_it.sessions(), visit_it.bounces());
        assert_eq!(bounce, Bounce { sessions, bounced });
        let lengths: SessionLengths = ask(server, &asked("session-lengths")).await;
        assert_eq!(lengths, SessionLengths::of(visit_it.lengths_ms()));
        let steps = ["welcome", "user-list", "user-detail"];
        for (window, within_ms) in [("", u64::MAX), ("&within=120000", 120_000)] {
            let funnel = asked(&format!("funnel?components={}{window}", steps.join(",")));
            let funnel: Vec<FunnelStep> = ask(server, &funnel).await;
            let funnel: Vec<u64> = funnel.iter().map(|step| step.sessions).collect();
            assert_eq!(funnel, visit_it.funnel(&steps, within_ms));
        }
        let visits = by_component(ask(server, &asked("visits")).await);
        assert_eq!(visits, BTreeMap::from([(component.to_owned(), truth.visits()[component])]));
        let users: ActiveUsers = ask(server, &asked("active-users")).await;
        assert_eq!(users.users, visit_it.users());
        let flows: Vec<Flow> = ask(server, &asked("journey")).await;
        let mut around = truth.transitions();
        around.retain(|(from, to), _| *from == component || *to == component);
        let flows: BTreeMap<_, _> =
            flows.iter().map(|flow| ((&*flow.from, &*flow.to), flow.count)).collect();
        assert_eq!(flows, around);
    }
}

#[tokio::test]
async fn every_answer_about_a_simulated_week_is_the_truth() {
    let server = common::server();
    let mut simulation = simulation(60, 7);
    for pushes in simulation.by_ref() {
        for body in bundle(&pushes, 64 * 1024) {
            let answer = server.push(body).await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
        }
    }
    assert!(simulation.truth().sessions() > 100);
    compare(&server, simulation.truth()).await;
    compare_filtered(&server, simulation.truth()).await;
}

async fn post(server: &Server) -> common::Answer {
    let request = Request::post("/api/sample").header("host", "localhost");
    server.send(request.body(Body::empty()).unwrap()).await
}

fn small(change: impl FnOnce(&mut server::Config)) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    change(&mut config);
    let (store, _) = Store::open(&config.data).unwrap();
    let mut app = App::new(store.clone(), config, Metrics::default());
    app.sample = Progress::of(20, 3);
    Server { router: router(Arc::new(app)), dir, store }
}

#[tokio::test]
async fn an_empty_store_is_filled_once() {
    let server = small(|_| {});
    // What somebody leaves who only looks is not in the way.
    server.push(common::one_visit(1)).await;
    let before = server.get("/api/sample").await;
    assert_eq!(before.text, r#"{"offered":true,"running":false,"days":0,"of":3,"failed":false}"#);
    assert_eq!(post(&server).await.status, StatusCode::ACCEPTED);
    assert_eq!(post(&server).await.status, StatusCode::CONFLICT);
    let done = r#"{"offered":false,"running":false,"days":3,"of":3,"failed":false}"#;
    while server.get("/api/sample").await.text != done {
        tokio::task::yield_now().await;
    }
    let visits = server.visits().await;
    assert!(visits > 0);
    let again = post(&server).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("there are events already"), "{}", again.text);
    assert_eq!(server.visits().await, visits);
}

#[tokio::test]
async fn a_server_that_others_reach_makes_none_up() {
    for server in [
        small(|config| config.listen = "0.0.0.0:0".parse().unwrap()),
        small(|config| config.hosts = vec!["dashboard.example.org".into()]),
    ] {
        assert_eq!(post(&server).await.status, StatusCode::NOT_FOUND);
        assert!(server.get("/api/sample").await.text.starts_with(r#"{"offered":false"#));
    }
}
