//! The dashboards have the structure that Grafana imports.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

/// Panels and transformations that every Grafana brings along.
const PANELS: [&str; 6] = ["bargauge", "logs", "stat", "table", "timeseries", "heatmap"];
const TRANSFORMATIONS: [&str; 4] = ["groupingToMatrix", "merge", "organize", "sortBy"];

fn files() -> Vec<logql::grafana::File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let registry = fs::read_to_string(root.join("static/registry.json")).unwrap();
    logql::grafana::files(&registry).unwrap()
}

fn dashboards() -> Vec<Value> {
    files()
        .into_iter()
        .filter(|file| file.path.ends_with(".json"))
        .map(|file| serde_json::from_str(&file.text).unwrap())
        .collect()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| unreachable!("{key} is no list"))
}

/// The names behind each `$` of all texts below.
fn variables(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for rest in text.split('$').skip(1) {
                let rest = rest.trim_start_matches('{');
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                found.insert(rest[..end.unwrap_or(rest.len())].to_owned());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| variables(value, found)),
        Value::Object(values) => values.values().for_each(|value| variables(value, found)),
        _ => {}
    }
}

#[test]
fn each_has_its_own_name_and_variables_for_all_it_mentions() {
    let dashboards = dashboards();
    let uids: BTreeSet<_> = dashboards.iter().map(|d| d["uid"].as_str().unwrap()).collect();
    assert_eq!(uids.len(), dashboards.len());
    for dashboard in &dashboards {
        let title = dashboard["title"].as_str().unwrap();
        assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
        assert!(dashboard.get("id").is_none(), "{title}: an id belongs to one Grafana only");
        let mut known: BTreeSet<String> = list(&dashboard["templating"], "list")
            .iter()
            .map(|variable| variable["name"].as_str().unwrap().to_owned())
            .collect();
        for name in ["datasource", "job", "component"] {
            assert!(known.contains(name), "{title}");
        }
        known.extend(["__range", "__interval", "__all"].map(str::to_owned));
        let mut used = BTreeSet::new();
        variables(dashboard, &mut used);
        assert!(used.is_subset(&known), "{title}: {:?}", used.difference(&known));
        let tags: Vec<_> = list(dashboard, "links").iter().map(|link| &link["type"]).collect();
        assert_eq!(tags, ["dashboards", "link"]);
    }
}

#[test]
fn panels_stand_beside_each_other_and_say_what_they_count() {
    for dashboard in dashboards() {
        let mut taken = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for panel in list(&dashboard, "panels") {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
            assert!(PANELS.contains(&panel["type"].as_str().unwrap()), "{title}");
            assert!(!title.is_empty() && panel["description"].as_str().unwrap().len() > 10);
            let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{title}");
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{title} covers another");
                }
            }
        }
    }
}

#[test]
fn panels_ask_one_variable_data_source_and_use_what_they_ask() {
    for dashboard in dashboards() {
        for panel in list(&dashboard, "panels") {
            let title = panel["title"].as_str().unwrap();
            let mut refs = BTreeSet::new();
            for target in list(panel, "targets") {
                assert_eq!(target["datasource"]["type"], "loki", "{title}");
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
                assert!(refs.insert(target["refId"].as_str().unwrap()), "{title}");
                let over_time = matches!(panel["type"].as_str().unwrap(), "timeseries" | "logs");
                assert_eq!(target["queryType"] == "range", over_time, "{title}");
                let expr = target["expr"].as_str().unwrap();
                assert!(panel["type"] == "logs" || expr.contains("$__"), "{title}: fixed range");
            }
            let defaults = &panel["fieldConfig"]["defaults"];
            assert!(defaults["noValue"].is_string(), "{title}");
            assert!(panel["type"] == "logs" || defaults["unit"].is_string(), "{title}");
            for transformation in list(panel, "transformations") {
                let id = transformation["id"].as_str().unwrap();
                assert!(TRANSFORMATIONS.contains(&id), "{title}: {id}");
            }
            // `Value #A` is what Grafana calls the numbers of query A.
            for (at, _) in panel.to_string().match_indices("Value #") {
                let text = panel.to_string();
                let letter = &text[at + "Value #".len()..at + "Value #".len() + 1];
                assert!(refs.contains(letter), "{title} has no query {letter}");
            }
        }
    }
}

#[test]
fn every_alert_says_what_to_do_in_both_forms() {
    let yaml = |path: &str| -> Value {
        let file = files().into_iter().find(|file| file.path.contains(path)).unwrap();
        serde_saphyr::from_str(&file.text).unwrap()
    };
    let guide = files().into_iter().find(|file| file.path == "docs/queries.md").unwrap().text;
    let grafana = yaml("provisioning/alerting");
    let ruler = yaml("loki/rules");
    let grafana = list(&grafana["groups"][0], "rules");
    let ruler = list(&ruler["groups"][0], "rules");
    assert_eq!(grafana.len(), ruler.len());
    let mut uids = BTreeSet::new();
    for (grafana, ruler) in grafana.iter().zip(ruler) {
        assert!(uids.insert(grafana["uid"].as_str().unwrap()));
        assert_eq!(grafana["title"], ruler["alert"]);
        assert_eq!(grafana["data"][0]["model"]["expr"], ruler["expr"]);
        // YAML folded it; the guide has it in one piece.
        assert!(guide.contains(&format!("\n{}\n", ruler["expr"].as_str().unwrap())));
        assert_eq!(grafana["condition"], grafana["data"][1]["refId"]);
        assert_eq!(grafana["data"][1]["model"]["expression"], grafana["data"][0]["refId"]);
        for rule in [grafana, ruler] {
            assert!(
                ["warning", "critical"].contains(&rule["labels"]["severity"].as_str().unwrap())
            );
            assert!(rule["annotations"]["description"].as_str().unwrap().len() > 40);
            assert!(rule["for"].as_str().unwrap().ends_with('m'));
        }
    }
}
