//! What the server has of a person: seen, taken home, and erased.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::support::{Person, Setup, Site, gate::Gate};

async fn ask_for(person: &Person, button: &str) {
    let click = format!(
        "const b = [...document.querySelectorAll('.my-data button')]
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

    // Asked twice, and the other answer changes nothing.
    ask_for(&person, "Erase my data").await;
    person.see_text("this cannot be undone").await;
    ask_for(&person, "Keep it").await;
    assert!(!site.rows().is_empty());
    ask_for(&person, "Erase my data").await;
    ask_for(&person, "Erase for good").await;
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
    ask_for(&person, "Erase my data").await;
    ask_for(&person, "Erase for good").await;
    person.see_text("Pending at Loki").await;
    ask_for(&person, "Look again").await;
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
    for (button, says) in
        [("Download my data", "Nothing was downloaded."), ("Erase my data", "Nothing was erased")]
    {
        ask_for(&person, button).await;
        if button.starts_with("Erase") {
            ask_for(&person, "Erase for good").await;
        }
        person.see_text(says).await;
    }
    assert!(local_storage(&person).await.contains("clm_user_secret"));
    gate.open().await;
    ask_for(&person, "Erase my data").await;
    ask_for(&person, "Erase for good").await;
    person.see_text("this browser has forgotten you").await;
    person.leave().await;
    assert_eq!(site.rows(), Vec::<Value>::new());
}
