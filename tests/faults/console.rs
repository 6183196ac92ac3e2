//! The `[Analytics] …` lines of the console.

use crate::{
    row::Row,
    support::{Person, Setup, Site, changed_page, gate::Mood},
};

/// Remembers what is written to the console, a text each.
const LISTEN: &str = "window.said = [];
    for (const level of ['log', 'warn', 'error']) {
        const write = console[level].bind(console);
        console[level] = (...parts) => {
            said.push(parts.map(part => typeof part === 'string' ? part : JSON.stringify(part)).join(' '));
            write(...parts);
        };
    }";

async fn listening(row: &Row, fragment: &str) -> Person {
    let person = Person::arrive_at("about:blank", Setup::default()).await;
    person.prepare(LISTEN).await;
    person.visit(&format!("{}{fragment}", row.url())).await;
    person.see_loaded().await;
    person
}

async fn said(person: &Person) -> Vec<String> {
    let said = person
        .run("return JSON.stringify(said.filter(text => text.startsWith('[Analytics]')))")
        .await;
    serde_json::from_str(&said).unwrap()
}

/// Every stored event was told, and as many as were stored are told as flushed.
async fn all_is_told(row: &Row, person: &Person) {
    person.agree().await;
    row.walk(person, &["hero-content", "p2p-status"]).await;
    row.stored("visit p2p-status from hero-content").await;
    person.until("return window.__CLM_TRACKING__.queued === 0", 0).await;
    let said = said(person).await;
    let rows = row.site.rows();
    for stored in &rows {
        let (event, id) = (stored["event"].as_str().unwrap(), stored["event_id"].as_str().unwrap());
        let tells = |text: &&String| {
            text.starts_with(&format!("[Analytics] {event} {{")) && text.contains(id)
        };
        assert_eq!(said.iter().filter(tells).count(), 1, "{event} {id}: {said:#?}");
    }
    let flushed = said.iter().filter_map(|text| {
        text.strip_prefix("[Analytics] Flushed ")?.strip_suffix(" logs")?.parse::<usize>().ok()
    });
    assert_eq!(flushed.sum::<usize>(), rows.len(), "{said:#?}");
}

#[tokio::test]
async fn debug_in_the_address_tells_every_event() {
    for fragment in ["?debug", "?debug=1#/component/welcome", "#/component/welcome?debug"] {
        let row = Row::start().await;
        let person = listening(&row, fragment).await;
        all_is_told(&row, &person).await;
        person.leave().await;
    }
}

#[tokio::test]
async fn debug_in_the_settings_tells_every_event() {
    // As somebody edits the file of a built page.
    let page = changed_page("config.json", |json| {
        let mut config: serde_json::Value = serde_json::from_str(&json).unwrap();
        config["debug"] = true.into();
        config.to_string()
    });
    let site = Site::start_with(None, |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = listening(&row, "").await;
    all_is_told(&row, &person).await;
    person.leave().await;
}

#[tokio::test]
async fn what_was_dropped_and_what_did_not_arrive_is_told_too() {
    let row = Row::start().await;
    row.gate
        .moods([Mood::Answer(503, String::new()), Mood::Refuse("\"visit_index\":2,".to_owned())]);
    let person = listening(&row, "?debug").await;
    person.agree().await;
    row.walk(&person, &["hero-content", "p2p-status"]).await;
    row.stored("dropped 1 rejected").await;
    let said = said(&person).await;
    for beginning in [
        "[Analytics] Failed to send logs: the server cannot take events now (HTTP 503)",
        "[Analytics] Failed to send logs: the server refuses an event for good (HTTP 400)",
        "[Analytics] tracking_dropped {",
    ] {
        assert!(said.iter().any(|text| text.starts_with(beginning)), "{beginning}: {said:#?}");
    }
    person.leave().await;
}

#[tokio::test]
async fn who_did_not_ask_is_told_once_of_trouble_and_nothing_else() {
    let row = Row::start().await;
    let unwell = || Mood::Answer(503, String::new());
    row.gate.moods([unwell(), unwell(), unwell(), Mood::Pass]);
    let person = listening(&row, "").await;
    person.agree().await;
    row.walk(&person, &["hero-content"]).await;
    row.stored("visit hero-content from welcome").await;
    let said = said(&person).await;
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].starts_with("[Analytics] Failed to send logs: "), "{said:#?}");
    person.leave().await;
}

#[tokio::test]
async fn a_key_that_nobody_reads_is_named() {
    let page = changed_page("config.json", |_| {
        r#"{ "userId": "jo", "flushIntervall": 1000, "flushInterval": 1000 }"#.to_owned()
    });
    let site = Site::start_with(None, |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = listening(&row, "").await;
    person.until("return said.some(text => text.includes('flushIntervall'))", 0).await;
    let said = said(&person).await;
    assert!(said.iter().any(|text| text.contains("userId")), "{said:#?}");
    person.leave().await;
}
