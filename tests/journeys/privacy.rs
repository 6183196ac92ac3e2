//! What the server has of a person: seen, taken home, and erased.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::support::{Person, Setup, Site, gate::Gate};

async fn ask_for(person: &Person, button: &str) {
    let click = format!(
        "const b = [...document.querySelectorAll('#privacy button')]
             .find(b => b.textContent === '{button}' && !b.disabled);
         if (b) b.click(); return !!b"
    );
    person.until(&click, 0).await;
}

async fn local_storage(person: &Person) -> String {
    person.run("return JSON.stringify(Object.entries(localStorage))").await
}

async fn saved(file: &Path) -> Value {
    for _ in 0..800 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(value) = serde_json::from_str(&text) {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} was not saved", file.display());
}

#[tokio::test]
async fn a_person_takes_their_data_home_and_has_it_erased() {
    let site = Site::start(None).await;
    let folder = tempfile::tempdir().unwrap();
    let person = Person::arrive(&site, "").await;
    person.save_into(folder.path()).await;
    person.see_loaded().await;
    person.agree().await;
    person.open("hero-content").await;
    person.see_loaded().await;
    site.rows_until(|rows| rows.iter().any(|row| row["component_hash"] == "hero-content")).await;

    person.click(".chip").await;
    ask_for(&person, "Download my data").await;
    person.see_text("Saved clm-my-data.json with").await;
    let file = saved(&folder.path().join("clm-my-data.json")).await;
    let stored = site.rows();
    let events = file["events"].as_array().unwrap();
    assert!(events.len() >= 2);
    for row in events {
        assert!(stored.contains(&row["event"]), "{row}");
    }

    ask_for(&person, "Turn off and delete my data").await;
    person.see_text("this browser has forgotten you").await;
    assert_eq!(site.rows(), Vec::<Value>::new());
    person.see_text("Tracking off").await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    // Nothing comes after it.
    person.open("p2p-status").await;
    person.see_loaded().await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

#[tokio::test]
async fn loki_that_is_not_done_is_said_and_another_tab_forgets_too() {
    // A Loki that is away.
    let site = Site::start_with(None, |server| {
        server.env("LOKI_URL", "http://127.0.0.1:9");
    });
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    let first = person.open_tab(&format!("{}/#/live", site.address)).await;
    person.see_text("Tracking on").await;
    let second = person.here().await;
    person.look_at(&first).await;
    person.click(".chip").await;
    ask_for(&person, "Turn off and delete my data").await;
    person.see_text("Pending at Loki").await;
    ask_for(&person, "Check again").await;
    person.see_text("Loki is not done yet.").await;
    person.look_at(&second).await;
    person.see_text("Tracking off").await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

#[tokio::test]
async fn without_a_server_nothing_is_lost_and_it_is_said() {
    let site = Site::start(None).await;
    let gate = Gate::before(&site.address).await;
    let person = Person::arrive_at(&gate.address(), Setup::default()).await;
    person.see_loaded().await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    person.see_the_rest().await;
    gate.shut();
    person.click(".chip").await;
    for (button, says) in [
        ("Download my data", "Nothing was downloaded."),
        ("Turn off and delete my data", "Nothing was deleted. Tracking is still on"),
    ] {
        ask_for(&person, button).await;
        person.see_text(says).await;
    }
    assert!(local_storage(&person).await.contains("clm_user_secret"));
    gate.open().await;
    ask_for(&person, "Try again").await;
    person.see_text("this browser has forgotten you").await;
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

/// The secret is kept to delete what was sent, and for nothing else: no id, no session, no event.
fn only_a_key(storage: &str) -> bool {
    storage.contains("clm_deletion_keys")
        && !["clm_user_secret", "clm_session", "clm_queue"].iter().any(|key| storage.contains(key))
}

#[tokio::test]
async fn consent_is_withdrawn_without_a_network_and_what_was_sent_is_deleted_later() {
    let site = Site::start(None).await;
    let gate = Gate::before(&site.address).await;
    let person = Person::arrive_at(&gate.address(), Setup::default()).await;
    // Nothing but the first files comes.
    person.block(&["*_split_*"]).await;
    person.visit(&format!("{}/?again", gate.address())).await;
    person.see_loaded().await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    gate.shut();
    person.click(".chip").await;
    ask_for(&person, "Turn off and delete my data").await;
    person.see_text("Nothing was deleted. Tracking is still on").await;
    ask_for(&person, "Turn off now, delete later").await;
    person.see_text("Tracking off").await;
    assert!(only_a_key(&local_storage(&person).await));
    let stored = site.rows().len();
    person.open("hero-content").await;
    // Another page load, with the server back: nothing is recorded, and the way to delete is there.
    gate.open().await;
    person.visit(&gate.address()).await;
    person.see_loaded().await;
    assert_eq!(site.rows().len(), stored);
    person.click(".chip").await;
    ask_for(&person, "Delete my data").await;
    person.see_text("Deleted: ").await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

#[tokio::test]
async fn who_turned_tracking_off_is_somebody_else_afterwards_and_can_delete_both() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    person.click(".chip").await;
    ask_for(&person, "Turn off tracking").await;
    person.see_text("Data sent earlier is still on the server").await;
    assert!(only_a_key(&local_storage(&person).await));
    ask_for(&person, "Allow tracking").await;
    person.see_text("Tracking on").await;
    person.open("hero-content").await;
    let users = |rows: &[Value]| {
        rows.iter().map(|row| row["user_id"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    site.rows_until(|rows| users(rows).len() == 2).await;
    ask_for(&person, "Turn off and delete my data").await;
    person.see_text("this browser has forgotten you").await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    // A key that is not wanted goes.
    ask_for(&person, "Allow tracking").await;
    ask_for(&person, "Turn off tracking").await;
    ask_for(&person, "Forget the key").await;
    person.until("return !document.body.innerText.includes('Forget the key')", 0).await;
    assert_eq!(local_storage(&person).await, r#"[["analytics_consent","false"]]"#);
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}

#[tokio::test]
async fn the_example_is_the_whole_event_as_it_is_sent() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.click(".consent-text .link").await;
    let shown = person.run("return document.querySelector('.consent pre').textContent").await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    person.agree().await;
    person.open("hero-content").await;
    let rows =
        site.rows_until(|rows| rows.iter().any(|row| row["event"] == "component_exit")).await;
    let sent = rows.iter().find(|row| row["event"] == "component_exit").unwrap();
    let kinds = |value: &Value| {
        let fields = value.as_object().unwrap().iter();
        fields
            .map(|(key, value)| (key.clone(), value.is_number(), value.is_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&shown), kinds(sent));
    for id in ["user_id", "session_id", "event_id"] {
        let length = |value: &Value| value[id].as_str().unwrap().len();
        assert_eq!(length(&shown), length(sent), "{id}");
    }
    person.leave().await;
}
