//! The Live page counts what really happens, and faults can be tried without a loss that is not told.

use serde_json::Value;

use crate::support::{Person, Site, told::told};

async fn station(person: &Person, name: &str) -> u64 {
    let script =
        format!("return document.querySelector(\"[data-station='{name}'] b\")?.textContent ?? ''");
    person.run(&script).await.parse().unwrap()
}

/// Waits until a station has this number.
async fn see_station(person: &Person, name: &str, count: u64) {
    let script = format!(
        "return document.querySelector(\"[data-station='{name}'] b\")?.textContent === String(arguments[0])"
    );
    person.until(&script, count).await;
}

/// An agreed person on the Live page, with all that happened so far stored.
async fn watching(site: &Site) -> Person {
    let person = Person::arrive(site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.see_loaded().await;
    person.agree().await;
    person.go("#/live").await;
    site.rows_until(|rows| told(rows).contains(&"exit welcome to (hidden)".to_owned())).await;
    see_station(&person, "Queue", 0).await;
    see_station(&person, "Batch", 0).await;
    person
}

/// More than make a batch, which would leave at once.
async fn walk(person: &Person) {
    for hash in ["hero-content", "user-list", "calculator", "p2p-status"] {
        person.go("#/").await;
        person.open(hash).await;
        person.see_loaded().await;
    }
    person.go("#/live").await;
    // Numbers and rows are told together: with the last row, the number is the last one, too.
    person
        .until(
            "const latest = document.querySelector('.event-row')?.textContent ?? '';
             return latest.includes('component_exit') && latest.includes('p2p-status')
                 && Number(document.querySelector(\"[data-station='Queue'] b\")?.textContent) >= 10",
            0,
        )
        .await;
}

#[tokio::test]
async fn the_stations_count_what_really_happens() {
    let site = Site::start(None).await;
    let person = watching(&site).await;
    let rows = site.rows();
    see_station(&person, "Server", rows.len() as u64).await;
    see_station(&person, "Consent", rows.len() as u64).await;
    person.see_text("last answer: accepted").await;
    person.see_text("no Loki is set up").await;
    assert!(station(&person, "Action").await > station(&person, "Event").await);
    // Rows, newest first; one opens as JSON and can be copied.
    person.click(".event:last-child .event-row").await;
    person
        .until("return JSON.parse(document.querySelector('.event pre').textContent).event === 'session_start'", 0)
        .await;
    let find = |text: &str| {
        format!(
            "const box = document.querySelector('input[name=events]'); box.value = '{text}';
             box.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); return ''"
        )
    };
    person.run(&find("COMPONENT_VISIT")).await;
    person.until("return document.querySelectorAll('.event').length === 1", 0).await;
    person.run(&find("no such word")).await;
    person.see_text("No event contains this text").await;
    person.run(&find("")).await;
    // Held still, the rows stay while the numbers go on.
    let shown = rows.len() as u64;
    let see_rows = "return document.querySelectorAll('.event').length === arguments[0]";
    person.until(see_rows, shown).await;
    person.click("#hold").await;
    person.evaluate("setTimeout(() => { throw new Error('on purpose') })").await;
    see_station(&person, "Server", shown + 1).await;
    person.until(see_rows, shown).await;
    person.click("#hold").await;
    person.until(see_rows, shown + 1).await;
    person.leave().await;
}

#[tokio::test]
async fn a_pause_holds_what_happens_and_its_end_sends_it() {
    let site = Site::start(None).await;
    let person = watching(&site).await;
    let before = site.rows().len();
    person.click("#pause-sending").await;
    person.see_text("Sending paused").await;
    walk(&person).await;
    assert_eq!(station(&person, "Server").await, before as u64);
    assert_eq!(site.rows().len(), before);
    person.click("#pause-sending").await;
    person.see_text("Tracking on").await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"exit p2p-status to (hidden)".to_owned()))
        .await;
    see_station(&person, "Server", rows.len() as u64).await;
    assert!(rows.iter().all(|row| row["event"] != "tracking_dropped"), "{rows:#?}");
    person.leave().await;
}

#[tokio::test]
async fn going_offline_fails_as_a_network_does_and_loses_nothing() {
    let site = Site::start(None).await;
    let person = watching(&site).await;
    let before = site.rows().len();
    person.click("#go-offline").await;
    walk(&person).await;
    person.see_text("last answer: no answer").await;
    person.see_text("Offline for a test").await;
    assert_eq!(site.rows().len(), before);
    person.click("#go-offline").await;
    site.rows_until(|rows| told(rows).contains(&"exit p2p-status to (hidden)".to_owned())).await;
    person.see_text("Tracking on").await;
    person.leave().await;
}

#[tokio::test]
async fn what_is_forgotten_is_asked_for_twice_counted_and_reported() {
    let site = Site::start(None).await;
    let person = watching(&site).await;
    person.click("#pause-sending").await;
    walk(&person).await;
    let waiting = station(&person, "Queue").await;
    person.click("#forget").await;
    person.click("#forget-not").await;
    assert_eq!(station(&person, "Queue").await, waiting);
    person.click("#forget").await;
    person.click("#forget-now").await;
    person.see_text("forgotten").await;
    see_station(&person, "Queue", 0).await;
    let kept = person.run("return Object.keys(localStorage).join(' ')").await;
    assert!(!kept.contains("clm_queue"), "{kept}");
    person.click("#pause-sending").await;
    person.go("#/").await;
    person.open("hero-content").await;
    let report = |row: &&Value| row["event"] == "tracking_dropped";
    let rows = site.rows_until(|rows| rows.iter().any(|row| report(&row))).await;
    let report = rows.iter().find(report).unwrap();
    assert_eq!(report["dropped_reason"], "forgotten");
    assert_eq!(report["dropped_count"], waiting);
    assert!(!told(&rows).iter().any(|text| text.contains("calculator")));
    person.leave().await;
}
