//! A device whose clock is wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    row::beginning_and,
    support::{
        Person, Site,
        told::{told, without_loads},
    },
};

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A walk on a device whose clock is off by this much is stored as it happened.
async fn walk_with_clock_off_by(ms: i64, says: &str) {
    let site = Site::start(None).await;
    let clock = format!("const now = Date.now.bind(Date); Date.now = () => now() + ({ms});");
    let begun = now_ms();
    let person = Person::arrive_listening(&site, &clock).await;
    person.see("iframe#iframe-welcome").await;
    person.see_loaded().await;
    person.agree().await;
    for hash in ["hero-content", "p2p-status"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    let rows = site.rows_until(|rows| without_loads(told(rows)) == beginning_and(&[])).await;
    for row in &rows {
        let at = row["timestamp"].as_u64().unwrap();
        assert!((begun - 30_000..=now_ms()).contains(&at), "{row}");
        let original = row["client_timestamp"].as_i64().unwrap();
        assert!((original - ms).abs_diff(i64::try_from(at).unwrap()) < 30_000, "{row}");
    }
    person.see_text("Tracking on, clock corrected").await;
    let told = format!("This device's clock is {says}");
    person.click(".chip").await;
    person.see_text(&told).await;
    person.go("#/live").await;
    person.see_text(&told).await;
    assert_eq!(person.run("return String(window.__CLM_TRACKING__.rejected)").await, "0");
    person.leave().await;
}

#[tokio::test]
async fn a_clock_that_is_ahead_loses_nothing() {
    walk_with_clock_off_by(11 * 60_000, "11 min ahead").await;
    walk_with_clock_off_by(3 * 3_600_000, "3 h ahead").await;
}

#[tokio::test]
async fn a_clock_that_is_behind_loses_nothing() {
    walk_with_clock_off_by(-11 * 60_000, "11 min behind").await;
    walk_with_clock_off_by(-40 * 86_400_000, "40 days behind").await;
}
