//! Every query is parsed by the grammar that Grafana's editor uses, and the names found in it are
//! those that the tracker writes.
//!
//! Needs node and npm, and for the first time the npm registry. Says so and passes when they are not
//! there.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod model;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use logql::{
    Chosen, Expected, Panel, Scope, Span, alert,
    answer::{self, Home},
    field,
};
use serde_json::{Value, json};
use tracking::event::name;

/// Everything that is ever asked: as the dashboards do, as the page does, and the alerts.
fn queries() -> BTreeMap<String, String> {
    let expected = [
        Expected { component: "a".into(), load_time_ms: 500 },
        Expected { component: "b.c".into(), load_time_ms: 800 },
    ];
    let day = Scope { expected: &expected, ..Scope::new("clm-frontend", 86_400) };
    let some = ["a.b".to_owned(), "wetter \"ü\" \\".to_owned()];
    let scopes = [
        ("grafana", Scope { session_id: Some("$session"), ..Scope::grafana(&expected) }),
        ("day", day),
        (
            "one",
            Scope {
                component: Chosen::One("wetter \"ü\" \\"),
                user_id: Some("u"),
                session_id: Some("s"),
                ..day
            },
        ),
        (
            "some",
            Scope { component: Chosen::AnyOf(&some), range: Span::Milliseconds(86_400_001), ..day },
        ),
    ];
    let mut queries = BTreeMap::new();
    for (of, scope) in scopes {
        for panel in Panel::ALL {
            queries.insert(format!("{panel:?}, {of}"), panel.query(&scope));
        }
        for home in [Home::Anywhere, Home::InTime, Home::Late] {
            let lines = answer::lines(&scope, &[name::COMPONENT_VISIT], home, &["a1", "b2"]);
            queries.insert(format!("lines {home:?}, {of}"), lines);
        }
        let lines = answer::lines(&scope, &name::ALL, Home::Anywhere, &["a1"]);
        queries.insert(format!("lines of all, {of}"), lines);
        for only_entries in [false, true] {
            let of_components = if only_entries { &some[..] } else { &some[..1] };
            let counted = answer::visits(&scope, only_entries, of_components);
            queries.insert(format!("counted {only_entries}, {of}"), counted);
        }
    }
    for alert in alert::all("clm-frontend", &expected) {
        queries.insert(alert.name.to_owned(), alert.expr);
    }
    queries
}

fn checker() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana/check");
    let found = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    if !found("node") || !found("npm") {
        return Err("no node and npm here".to_owned());
    }
    if !folder.join("node_modules/.package-lock.json").is_file() {
        let output = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err("npm ci in grafana/check failed".to_owned());
        }
    }
    Ok(folder)
}

/// What the grammar says of each query: `error`, `names` of labels and fields, `events`.
fn parsed(folder: &Path, queries: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let mut node = Command::new("node")
        .arg("check.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(json!(queries).to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_query_is_logql_and_knows_only_names_that_are_written() {
    let folder = match checker() {
        Ok(folder) => folder,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "\nskipped: the grammar of LogQL: {why}");
            return;
        }
    };
    let mut queries = queries();
    queries.insert("broken".to_owned(), "sum by (component) (count_over_time({job=\"x\"}))".into());
    let answers = parsed(&folder, &queries);
    assert!(answers["broken"]["error"].is_string(), "a broken query passes");

    let labels =
        [field::JOB, field::EVENT, field::COMPONENT, field::ERROR, field::LATE, field::PATH]
            .map(str::to_owned);
    // The server's line about what waits; its own tests hold it to these.
    let waiting = [field::SINK, field::AGE_SECONDS].map(str::to_owned);
    for (query, answer) in answers.iter().filter(|(query, _)| *query != "broken") {
        assert!(answer["error"].is_null(), "{query}: {}\n{}", answer["error"], queries[query]);
        let texts = |key: &str| -> BTreeSet<String> {
            answer[key].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect()
        };
        // The fields of the events asked for; of all events when none is named.
        let events = texts("events");
        let known: BTreeSet<String> = model::one_of_each()
            .into_iter()
            .filter(|event| events.is_empty() || events.contains(event.name()))
            .flat_map(model::fields)
            .chain(labels.clone())
            .chain(waiting.iter().filter(|_| events.contains(alert::OUTBOX)).cloned())
            .collect();
        let ours = model::one_of_each();
        let all: BTreeSet<_> =
            ours.iter().map(|e| e.name()).chain([alert::OUTBOX]).map(str::to_owned).collect();
        assert!(events.is_subset(&all), "{query} asks for events {events:?}");
        let names = texts("names");
        assert!(names.is_subset(&known), "{query}: {:?}", names.difference(&known));
    }
}
