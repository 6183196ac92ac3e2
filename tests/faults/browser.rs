//! A browser that is closed, killed, full or forbidden.

use serde_json::Value;

use crate::{
    row::{Ending, NOTHING_LOST, Row, beginning_and},
    support::{Person, Setup, gate::Mood, told::told},
};

async fn waiting_chunks(person: &Person, at_least: usize) {
    let stored = "return Object.keys(localStorage).filter(k => k.startsWith('clm_queue/')).length >= arguments[0]";
    person.until(stored, at_least as u64).await;
}

#[tokio::test]
async fn the_tab_is_closed_at_once() {
    let row = Row::start().await;
    let person = row.arrive().await;
    person.open("welcome").await;
    person.close_tab().await;
    row.stored("exit welcome to (exit)").await;
    let told =
        ["exit p2p-status to welcome", "visit welcome from p2p-status", "exit welcome to (exit)"];
    row.site.rows_until(|_| row.story() == beginning_and(&told)).await;
    assert_eq!(row.end("tab closed at once"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn the_person_goes_elsewhere_at_once() {
    let row = Row::start().await;
    let person = row.arrive().await;
    person.open("welcome").await;
    person.visit("about:blank").await;
    row.stored("exit welcome to (exit)").await;
    // A batch that was under way when the page went may have stayed on the device: it leaves with the next visit.
    person.visit(&row.url()).await;
    let told =
        ["exit p2p-status to welcome", "visit welcome from p2p-status", "exit welcome to (exit)"];
    row.site.rows_until(|_| row.story().starts_with(&beginning_and(&told))).await;
    assert_eq!(row.end("navigation at once, return"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn the_person_comes_back_with_the_back_button() {
    let row = Row::start().await;
    let person = row.arrive().await;
    person.visit(&format!("{}/components/welcome.html", row.gate.address())).await;
    row.stored("exit p2p-status to (exit)").await;
    person.back().await;
    person.see(".viewer-status").await;
    row.walk(&person, &["welcome"]).await;
    row.stored("visit welcome from p2p-status").await;
    assert_eq!(row.end("away and back"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn an_outage_then_the_tab_is_closed_then_the_person_returns() {
    let row = Row::start().await;
    row.gate.moods([Mood::Cut]);
    let person = row.arrive().await;
    waiting_chunks(&person, 1).await;
    person.close_tab().await;
    row.gate.moods([Mood::Pass]);
    person.visit(&row.url()).await;
    row.stored("exit p2p-status to (exit)").await;
    row.site
        .rows_until(|_| row.story().starts_with(&beginning_and(&["exit p2p-status to (exit)"])))
        .await;
    assert_eq!(row.end("outage, close, return"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn an_outage_then_the_browser_is_closed_then_the_person_returns() {
    let profile = tempfile::tempdir().unwrap();
    let setup = || Setup { profile: Some(profile.path().to_owned()), ..Setup::default() };
    let row = Row::start().await;
    row.gate.moods([Mood::Cut]);
    let person = row.arrive_with(setup()).await;
    waiting_chunks(&person, 1).await;
    person.leave().await;
    row.gate.moods([Mood::Pass]);
    let person = Person::arrive_at(&row.url(), setup()).await;
    row.site.rows_until(|_| row.story().starts_with(&beginning_and(&[]))).await;
    assert_eq!(row.end("outage, browser closed, return"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn the_renderer_is_killed() {
    let row = Row::start().await;
    row.gate.moods([Mood::Cut]);
    let person = row.arrive().await;
    let page = person.open_tab("about:blank").await;
    let empty = person.here().await;
    person.look_at(&page).await;
    person.kill_renderer().await;
    person.look_at(&empty).await;
    row.gate.moods([Mood::Pass]);
    person.visit(&row.url()).await;
    row.site.rows_until(|_| row.story().starts_with(&beginning_and(&[]))).await;
    assert_eq!(row.end("renderer killed during an outage, return"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn of_two_tabs_one_is_killed() {
    let row = Row::start().await;
    row.gate.moods([Mood::Cut]);
    let person = row.arrive().await;
    let first = person.open_tab(&row.url()).await;
    person.see_loaded().await;
    row.walk(&person, &["calculator"]).await;
    waiting_chunks(&person, 2).await;
    person.kill_renderer().await;
    person.look_at(&first).await;
    row.gate.moods([Mood::Pass]);
    row.walk(&person, &["welcome"]).await;
    row.stored("visit calculator from welcome").await;
    row.site
        .rows_until(|rows| {
            let told = told(rows);
            told.contains(&"visit hero-content from welcome".to_owned())
                && told.iter().any(|text| text.starts_with("visit welcome from p2p"))
        })
        .await;
    let sessions: std::collections::BTreeSet<String> =
        row.site.rows().iter().map(|row| row["session_id"].to_string()).collect();
    assert_eq!(sessions.len(), 1, "two tabs of one person are one session");
    assert_eq!(row.end("two tabs in an outage, one killed"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn two_live_tabs_never_send_each_others_events() {
    let row = Row::start().await;
    row.gate.moods([Mood::Cut]);
    let person = row.arrive().await;
    let first = person.open_tab(&row.url()).await;
    person.see_loaded().await;
    row.walk(&person, &["calculator"]).await;
    waiting_chunks(&person, 2).await;
    person.look_at(&first).await;
    row.walk(&person, &["welcome"]).await;
    row.gate.moods([Mood::Pass]);
    row.stored("visit calculator from welcome").await;
    row.stored("visit welcome from p2p-status").await;
    // A tab's lane of numbers says whose event it is.
    let mixed = row.gate.pushes().iter().any(|push| {
        let lanes: std::collections::BTreeSet<_> = push
            .events
            .iter()
            .map(|(_, line)| {
                serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap() >> 32
            })
            .collect();
        lanes.len() > 1
    });
    assert!(!mixed, "a request carried events of two tabs");
    assert_eq!(row.end("two tabs in an outage, both live"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn the_quota_is_full() {
    let row = Row::start().await;
    let person = Person::arrive_at(&row.url(), Setup::default()).await;
    person.see_loaded().await;
    person
        .run(
            "let size = 1 << 22;
             for (let n = 0; size >= 1;) try { localStorage.setItem('filler' + n++, 'x'.repeat(size)); }
             catch { size >>= 1; }
             return ''",
        )
        .await;
    person.agree().await;
    row.walk(&person, &["hero-content", "p2p-status"]).await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    let kept = person
        .run("return Object.keys(localStorage).filter(k => !k.startsWith('filler')).join()")
        .await;
    assert!(!kept.contains("clm_queue"), "{kept}");
    assert_eq!(row.end("quota full"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn storage_is_blocked() {
    let row = Row::start().await;
    let person = row.arrive_with(Setup { storage_blocked: true, ..Setup::default() }).await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    person.go("#/live").await;
    person.see_text("The browser blocks storage").await;
    assert_eq!(row.end("storage blocked"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn what_is_stored_is_corrupt() {
    let row = Row::start().await;
    let person = row.arrive().await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    person
        .run(
            "localStorage.setItem('clm_queue/0123456789abcdef/1', 'not a queue');
             localStorage.setItem('clm_queue/0123456789abcdef/2', '1\\n{\"event\":1}\\n[]');
             localStorage.setItem('clm_queue/0123456789abcdef/x', '7\\n{}');
             localStorage.setItem('clm_session', '{\"version\":');
             location.reload(); return ''",
        )
        .await;
    person.see_loaded().await;
    row.walk(&person, &["welcome"]).await;
    row.stored("dropped 3 corrupt").await;
    row.site
        .rows_until(|rows| told(rows).iter().any(|text| text.starts_with("visit welcome from")))
        .await;
    person
        // What a later version of ours has written is left to it.
        .until(
            "return Object.keys(localStorage).filter(k => k.includes('0123456789abcdef')).join() \
             === 'clm_queue/0123456789abcdef/x'",
            0,
        )
        .await;
    assert_eq!(row.end("corrupt stored queue"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn consent_is_withdrawn_in_mid_flight() {
    let row = Row::start().await;
    row.gate.moods([Mood::Hang]);
    let person = row.arrive().await;
    row.gate.until(|pushes| !pushes.is_empty()).await;
    person.click(".chip").await;
    person.click(".panel-actions .button").await;
    person.see_text("Tracking off").await;
    let storage = person.run("return JSON.stringify(Object.entries(localStorage))").await;
    assert_eq!(storage, r#"[["analytics_consent","false"]]"#);
    row.gate.moods([Mood::Pass]);
    person.click(".panel-actions .button").await;
    row.walk(&person, &["welcome"]).await;
    row.site
        .rows_until(|rows| told(rows).iter().any(|text| text.starts_with("visit welcome")))
        .await;
    let before: Vec<_> = row.gate.pushes()[0].events.iter().map(|(id, _)| id.clone()).collect();
    let rows = row.site.rows();
    assert!(rows.iter().all(|row| !before.iter().any(|id| row["event_id"] == id.as_str())));
    // What was under way was destroyed on purpose: a session of which nothing is stored.
    let destroyed = before.len();
    let ending = row.end("consent withdrawn in mid-flight, then given");
    assert_eq!(ending, Ending { lost: destroyed });
    person.leave().await;
}
