//! What a walk leaves in the store.

use serde_json::Value;

use crate::support::{
    Person, Site,
    told::{told, without_loads},
};

#[tokio::test]
async fn a_walk_through_five_components_is_stored_field_by_field() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.agree().await;
    for hash in ["hero-content", "p2p-status", "user-list", "pkc-viewer"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    person.open("welcome").await;
    let rows = site
        .rows_until(|rows| rows.iter().filter(|row| row["event"] == "component_visit").count() == 6)
        .await;
    let visits: Vec<_> = without_loads(told(&rows));
    assert_eq!(
        visits,
        [
            "start",
            "visit welcome from (entry)",
            "exit welcome to hero-content",
            "visit hero-content from welcome",
            "exit hero-content to p2p-status",
            "visit p2p-status from hero-content",
            "exit p2p-status to user-list",
            "visit user-list from p2p-status",
            "exit user-list to pkc-viewer",
            "visit pkc-viewer from user-list",
            "exit pkc-viewer to welcome",
            "visit welcome from pkc-viewer",
        ]
    );
    let names: Vec<&str> = vec![
        "event",
        "event_id",
        "schema_version",
        "level",
        "timestamp",
        "user_id",
        "session_id",
        "seq",
        "component_hash",
        "component_name",
    ];
    let of = |event: &str| rows.iter().find(|row| row["event"] == event).unwrap();
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let with = |more: &[&str]| {
        let mut all: Vec<String> = names.iter().chain(more).map(|key| (*key).to_owned()).collect();
        all.sort();
        all
    };
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    assert_eq!(
        sorted(keys(of("component_visit"))),
        with(&[
            "url",
            "referrer",
            "visit_index",
            "is_entry",
            "prev_component",
            "prev_component_name"
        ])
    );
    assert_eq!(
        sorted(keys(of("component_exit"))),
        with(&[
            "duration_ms",
            "duration_seconds",
            "next_component",
            "is_last",
            "session_elapsed_ms"
        ])
    );
    let loaded = rows.iter().find(|row| row["interaction_type"] == "component_loaded").unwrap();
    assert_eq!(sorted(keys(loaded)), with(&["interaction_type", "load_time_ms"]));
    let (user, session) = (rows[0]["user_id"].clone(), rows[0]["session_id"].clone());
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["schema_version"], 1);
        assert_eq!(row["user_id"], user);
        assert_eq!(row["session_id"], session);
        assert_eq!(row["seq"], at + 1, "{row}");
        assert_eq!(row["event_id"].as_str().unwrap().len(), 32);
        assert_eq!(row["level"], "info");
        if row["event"] == "component_visit" {
            let index = row["visit_index"].as_u64().unwrap();
            assert_eq!(row["is_entry"], index == 1);
            assert_eq!(row["url"], format!("{}/", site.address));
            assert_eq!(row["referrer"], "");
        }
        if row["event"] == "component_exit" {
            let ms = row["duration_ms"].as_u64().unwrap();
            assert_eq!(row["duration_seconds"], (ms + 500) / 1000);
            assert_eq!(row["is_last"], false);
            assert!(row["session_elapsed_ms"].as_u64().unwrap() >= ms);
        }
    }
    let user = user.as_str().unwrap();
    assert!(user.len() == 64 && user.bytes().all(|b| b.is_ascii_hexdigit()));
    // The same rows answer on the page.
    person.go("#/insights").await;
    person.see_text("Which components are visited?").await;
    person.see_text("Welcome Component").await;
    person.leave().await;
}

#[tokio::test]
async fn closing_the_tab_delivers_the_last_exit() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.open("hero-content").await;
    person.see_loaded().await;
    person.close_tab().await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"exit hero-content to (exit)".to_owned()))
        .await;
    let last = rows.iter().find(|row| row["next_component"] == "(exit)").unwrap();
    assert_eq!(last["is_last"], true);
    person.leave().await;
}
