//! Journeys of a person through the built page, in a real Chromium, against the real server, read
//! back from the real store. `cargo xtask test` builds what they need and says where it is.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use serde_json::Value;
use support::{Person, Site};

/// One short text per stored event, in order.
fn told(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("?").to_owned();
            let hash = text("component_hash");
            match row["event"].as_str().unwrap() {
                "session_start" => "start".to_owned(),
                "component_visit" => format!("visit {hash} from {}", text("prev_component")),
                "component_exit" => format!("exit {hash} to {}", text("next_component")),
                "component_error" => format!("error {hash} {}", text("error_kind")),
                "component_interaction" => format!("{} {hash}", text("interaction_type")),
                other => format!("{other} {hash}"),
            }
        })
        .collect()
}

fn without_loads(told: Vec<String>) -> Vec<String> {
    told.into_iter().filter(|text| !text.starts_with("component_loaded")).collect()
}

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
async fn who_says_no_sends_nothing_and_keeps_nothing_but_the_answer() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.click(".consent-answers button:first-child").await;
    for hash in ["hero-content", "p2p-status"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    person.see_text("Tracking off").await;
    let storage = person.run("return JSON.stringify(Object.entries(localStorage))").await;
    assert_eq!(storage, r#"[["analytics_consent","false"]]"#);
    let sent = person
        .run("return String(performance.getEntriesByType('resource').filter(e => e.name.includes('/loki/')).length)")
        .await;
    assert_eq!(sent, "0");
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

#[tokio::test]
async fn nothing_is_stored_before_the_answer_and_the_earlier_visit_keeps_its_time() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.open("hero-content").await;
    person.see_loaded().await;
    assert_eq!(person.run("return String(localStorage.length)").await, "0");
    let before: u64 = person.run("return String(Date.now())").await.parse().unwrap();
    // A measurable distance between what happened and the answer.
    person.until("return Date.now() >= arguments[0] + 1500", before).await;
    person.agree().await;
    let rows = site
        .rows_until(|rows| rows.iter().any(|row| row["component_hash"] == "hero-content"))
        .await;
    assert_eq!(rows[1]["event"], "component_visit");
    for row in &rows {
        assert!(row["timestamp"].as_u64().unwrap() <= before, "{row}");
    }
    person.leave().await;
}

#[tokio::test]
async fn each_broken_component_is_one_error_and_the_page_lives_on() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for hash in ["crash-test", "missing-page", "never-ready"] {
        person.open(hash).await;
        person.see(".failure").await;
    }
    person.open("welcome").await;
    person.see_loaded().await;
    let rows = site
        .rows_until(|rows| {
            told(rows).iter().filter(|text| text.starts_with("error")).count() >= 3
                && told(rows).iter().any(|text| text == "visit welcome from never-ready")
        })
        .await;
    let errors: Vec<_> = told(&rows).into_iter().filter(|text| text.starts_with("error")).collect();
    assert_eq!(
        errors,
        ["error crash-test exception", "error missing-page http", "error never-ready timeout"]
    );
    person.leave().await;
}

#[tokio::test]
async fn a_bad_registry_says_what_is_wrong_and_a_retry_helps() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.json");
    std::fs::write(&file, r#"{"components":[]}"#).unwrap();
    let site = Site::start(Some(&file)).await;
    let person = Person::arrive(&site, "").await;
    person.see_text("The registry lists no components.").await;
    let entry = |hash: &str, page: &str| {
        format!(r#"{{"hash":"{hash}","name":"{hash}","concrete":{{"implementation":"{page}"}}}}"#)
    };
    let registry = format!(
        r#"{{"components":[{},{}]}}"#,
        entry("good", "components/welcome.html"),
        entry("bad", "javascript:alert(1)")
    );
    std::fs::write(&file, registry).unwrap();
    person.click("[role='alert'] button").await;
    person.see("iframe#iframe-good").await;
    person.see_text("has an entry that cannot be shown").await;
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

#[tokio::test]
async fn a_deep_link_opens_its_component_and_back_goes_back() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/p2p-status").await;
    person.see("iframe#iframe-p2p-status:not([hidden])").await;
    person.open("calculator").await;
    person.see("iframe#iframe-calculator:not([hidden])").await;
    assert!(person.run("return location.hash").await.ends_with("calculator"));
    person.run("history.back(); return ''").await;
    person.see("iframe#iframe-p2p-status:not([hidden])").await;
    person.until("return document.title.startsWith('P2P')", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn a_forged_message_changes_nothing() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    person
        .run(
            "for (const m of [null, 7, 'x', {}, {type:'clm_error',componentId:'welcome',data:{error:'forged'}}, \
             {type:'clm_event',componentId:'welcome',event:'forged',data:{}}, {type:'clm_heartbeat'}]) \
             window.postMessage(m, '*'); return ''",
        )
        .await;
    person.open("hero-content").await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"visit hero-content from welcome".to_owned()))
        .await;
    assert!(rows.iter().all(|row| !row.to_string().contains("forged")), "{:?}", told(&rows));
    assert_eq!(
        person.run("return String(document.querySelectorAll('.failure').length)").await,
        "0"
    );
    person.leave().await;
}

#[tokio::test]
async fn choosing_a_user_in_one_component_shows_it_in_another() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/user-list").await;
    person.see_loaded().await;
    person.click_inside("user-list", ".pick").await;
    person.open("user-detail").await;
    person.see_loaded().await;
    person.see_inside("user-detail", "#title").await;
    person.leave().await;
}
