//! Before, after and without an answer.

use serde_json::Value;

use crate::support::{Person, Site};

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
