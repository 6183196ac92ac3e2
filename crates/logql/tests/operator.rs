//! What an operator starts: the parts name the same things, and keep what the docs promise.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, path::Path};

use serde_json::Value;

fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(folder().join(path)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana")
}

#[test]
fn loki_keeps_metadata_for_30_days_and_can_forget() {
    let loki = yaml("loki/config.yaml");
    let schema = &loki["schema_config"]["configs"][0];
    assert_eq!((&schema["schema"], &schema["store"]), (&"v13".into(), &"tsdb".into()));
    assert_eq!(loki["limits_config"]["retention_period"], "720h");
    assert_eq!(loki["limits_config"]["allow_structured_metadata"], true);
    assert_eq!(loki["compactor"]["retention_enabled"], true);
    assert_eq!(loki["compactor"]["delete_request_store"], "filesystem");
}

#[test]
fn every_loki_finds_its_rules_where_compose_puts_them() {
    let loki = yaml("loki/config.yaml");
    // Read from 3.8 on, and before that.
    let new = &loki["ruler_storage"];
    let old = &loki["ruler"]["storage"];
    assert_eq!((&new["backend"], &old["type"]), (&"local".into(), &"local".into()));
    assert_eq!(new["local"]["directory"], old["local"]["directory"]);
    let place = new["local"]["directory"].as_str().unwrap();
    let compose = fs::read_to_string(folder().join("compose.yaml")).unwrap();
    assert!(compose.contains(&format!("./loki/rules:{place}")), "{place}");
}

#[test]
fn rules_ask_the_data_source_that_is_provisioned() {
    let uid = &yaml("provisioning/datasources/loki.yaml")["datasources"][0]["uid"];
    let rules = yaml("provisioning/alerting/clm-dashboard.yaml");
    for rule in rules["groups"][0]["rules"].as_array().unwrap() {
        assert_eq!(&rule["data"][0]["datasourceUid"], uid);
    }
}

#[test]
fn compose_mounts_only_what_is_there_or_is_built() {
    let compose = yaml("compose.yaml");
    let volumes = compose["volumes"].as_object().unwrap();
    for (name, service) in compose["services"].as_object().unwrap() {
        for mount in service["volumes"].as_array().unwrap() {
            let source = mount.as_str().unwrap().split(':').next().unwrap();
            let built = source.starts_with("../target") || source == "../dist";
            let known = if source.starts_with('.') {
                built || folder().join(source).exists()
            } else {
                volumes.contains_key(source)
            };
            assert!(known, "{name} mounts {source}");
        }
    }
}
