//! A receiver that misbehaves.

use std::time::{Duration, Instant};

use crate::{
    row::{NOTHING_LOST, Row, beginning_and},
    support::{
        Person,
        gate::{Mood, PAGE},
        told::told,
    },
};

fn answer(status: u16) -> Mood {
    Mood::Answer(status, String::new())
}

/// Back to `welcome` and on to `hero-content`: new events while the old ones have not arrived.
async fn walk_on(row: &Row, person: &Person) -> Vec<String> {
    row.walk(person, &["welcome", "hero-content"]).await;
    row.stored("visit hero-content from welcome").await;
    row.site
        .rows_until(|rows| told(rows).iter().any(|text| text == "exit welcome to hero-content"))
        .await;
    beginning_and(&[
        "exit p2p-status to welcome",
        "visit welcome from p2p-status",
        "exit welcome to hero-content",
        "visit hero-content from welcome",
    ])
}

/// The walk under `moods`, and nothing lost in the end.
async fn nothing_is_lost(name: &str, moods: Vec<Mood>) {
    let row = Row::start().await;
    row.gate.moods(moods);
    let person = row.arrive().await;
    let expected = walk_on(&row, &person).await;
    row.site.rows_until(|rows| rows.len() >= expected.len()).await;
    row.site.rows_until(|_| row.story() == expected).await;
    assert_eq!(row.end(name), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn errors_500_three_times() {
    nothing_is_lost("500 three times", vec![answer(500), answer(500), answer(500), Mood::Pass])
        .await;
}

#[tokio::test]
async fn answers_are_cut_in_the_middle() {
    nothing_is_lost(
        "stored, but the answer is cut",
        vec![Mood::CutAnswer, Mood::CutAnswer, Mood::Pass],
    )
    .await;
}

#[tokio::test]
async fn connections_are_cut() {
    nothing_is_lost("connection cut", vec![Mood::Cut, Mood::Cut, Mood::Pass]).await;
}

#[tokio::test]
async fn answers_come_too_late() {
    nothing_is_lost("stored, but no answer within 10 s", vec![Mood::SwallowAnswer, Mood::Pass])
        .await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_patience_gets_it() {
    const ASKED: Duration = Duration::from_secs(3);
    let row = Row::start().await;
    row.gate.moods([Mood::Answer(429, "Retry-After: 3\r\n".to_owned()), Mood::Pass]);
    let person = row.arrive().await;
    let expected = walk_on(&row, &person).await;
    row.site.rows_until(|_| row.story() == expected).await;
    let pushes = row.gate.pushes();
    assert!(pushes[1].at - pushes[0].at >= ASKED, "a request came too early");
    assert_eq!(row.end("429 with Retry-After: 3"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn nobody_listens_for_ten_seconds() {
    const AWAY: Duration = Duration::from_secs(10);
    let row = Row::start().await;
    let person = row.arrive().await;
    row.stored("visit p2p-status from hero-content").await;
    row.gate.shut();
    let shut = Instant::now();
    // Their frames are open, so they need nobody to be shown.
    row.walk(&person, &["welcome", "hero-content"]).await;
    tokio::time::sleep_until((shut + AWAY).into()).await;
    row.gate.open().await;
    let expected = beginning_and(&[
        "exit p2p-status to welcome",
        "visit welcome from p2p-status",
        "exit welcome to hero-content",
        "visit hero-content from welcome",
    ]);
    row.site.rows_until(|_| row.story() == expected).await;
    assert_eq!(row.end("connection refused for 10 s"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn wrong_credentials_hold_events_back_until_they_are_right() {
    let row = Row::start().await;
    row.gate.moods([answer(401)]);
    let person = row.arrive().await;
    person.see_text("access refused").await;
    row.gate.moods([Mood::Pass]);
    // Somebody mended it; coming online is one of the signs to try again before the wait is over.
    person.run("dispatchEvent(new Event('online')); return ''").await;
    row.stored("visit p2p-status from hero-content").await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    assert_eq!(row.end("401, then mended"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn one_bad_entry_costs_only_itself() {
    let row = Row::start().await;
    row.gate.moods([Mood::Refuse("\"visit_index\":2,".to_owned())]);
    let person = row.arrive().await;
    row.walk(&person, &["welcome"]).await;
    row.stored("dropped 1 rejected").await;
    row.stored("visit welcome from p2p-status").await;
    assert!(!row.story().contains(&"visit hero-content from welcome".to_owned()));
    assert_eq!(row.end("400 for one entry").lost, 1);
    person.leave().await;
}

async fn counted(person: &Person, what: &str) -> u64 {
    let counted = person.run(&format!("return String(window.__CLM_TRACKING__.{what})")).await;
    counted.parse().unwrap()
}

/// Somebody else answers each push in the server's place for a while: nothing counts as sent meanwhile, the person
/// is told, and afterwards all is there once.
async fn somebody_else_answers(name: &str, mood: Mood) {
    let row = Row::start().await;
    let person = row.arrive().await;
    row.stored("visit p2p-status from hero-content").await;
    person.until("return window.__CLM_TRACKING__.queued === 0", 0).await;
    let sent = counted(&person, "sent").await;
    row.gate.moods([mood]);
    row.walk(&person, &["welcome", "hero-content"]).await;
    person.see_text("something else answers").await;
    let tries = row.gate.pushes().len();
    row.gate.until(|pushes| pushes.len() >= tries + 2).await;
    assert_eq!(counted(&person, "sent").await, sent, "{name}: counted as sent");
    assert_eq!(counted(&person, "rejected").await, 0, "{name}: given up");
    person.click(".chip").await;
    person.see_text("Something between this page and the server answers in its place").await;
    person.see_text("events are kept on this device").await;
    row.gate.moods([Mood::Pass]);
    person.run("dispatchEvent(new Event('online')); return ''").await;
    let expected = beginning_and(&[
        "exit p2p-status to welcome",
        "visit welcome from p2p-status",
        "exit welcome to hero-content",
        "visit hero-content from welcome",
    ]);
    row.site.rows_until(|_| row.story() == expected).await;
    person.see_text("Tracking on").await;
    assert_eq!(row.end(name), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn a_redirect_to_a_sign_in_page_takes_nothing() {
    somebody_else_answers("302 to a sign-in page", Mood::SignIn).await;
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_takes_nothing() {
    somebody_else_answers("200 with a page", Mood::Body(200, "text/html; charset=utf-8", PAGE))
        .await;
}

#[tokio::test]
async fn json_that_is_not_a_receiver_s_answer_takes_nothing() {
    somebody_else_answers("200 with JSON", Mood::Body(200, "application/json", "{}")).await;
}

#[tokio::test]
async fn a_page_refuses_nothing_for_good() {
    somebody_else_answers("404 with a page", Mood::Body(404, "text/html", PAGE)).await;
    somebody_else_answers("400 with a page", Mood::Body(400, "text/html", PAGE)).await;
}

#[tokio::test]
async fn a_last_request_that_ends_at_a_sign_in_page_is_made_again() {
    let row = Row::start().await;
    let person = row.arrive().await;
    row.stored("visit p2p-status from hero-content").await;
    person.until("return window.__CLM_TRACKING__.queued === 0", 0).await;
    row.gate.moods([Mood::SignIn]);
    let tries = row.gate.pushes().len();
    person.open("welcome").await;
    person.close_tab().await;
    row.gate.until(|pushes| pushes.len() > tries).await;
    row.gate.moods([Mood::Pass]);
    person.visit(&row.url()).await;
    row.stored("exit welcome to (exit)").await;
    assert_eq!(row.end("closed before a sign-in page, return"), NOTHING_LOST);
    person.leave().await;
}
