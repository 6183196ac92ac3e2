//! The person's answer is gone from storage: another program of the origin has emptied it, or the person.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    row::{Row, beginning_and},
    support::{Person, told::told},
};

const STORED: &str = "return Object.keys(localStorage).filter(key => key.startsWith('clm_') || key === 'analytics_consent').join()";

async fn settled(row: &Row, person: &Person) -> usize {
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    person.until("return window.__CLM_TRACKING__.queued === 0", 0).await;
    row.site.rows().len()
}

/// Asked again, with nothing left of who it was.
async fn is_asked_again(person: &Person) {
    person.see(".consent").await;
    person.until("return window.__CLM_TRACKING__.consent === 'pending'", 0).await;
    assert_eq!(person.run(STORED).await, "");
}

fn users(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["user_id"].to_string()).collect()
}

/// `script` takes the answer away while the person walks on.
async fn recording_stops_after(script: &str) {
    let row = Row::start().await;
    let person = row.arrive().await;
    let before = settled(&row, &person).await;
    person.run(&format!("{script}; return ''")).await;
    row.walk(&person, &["welcome", "hero-content"]).await;
    is_asked_again(&person).await;
    assert_eq!(person.run("return String(window.__CLM_TRACKING__.recorded)").await, "0");
    // A yes begins anew, with another id and with what is on the screen; nothing of the time between is told.
    person.agree().await;
    row.walk(&person, &["p2p-status"]).await;
    let rows = row
        .site
        .rows_until(|rows| {
            told(rows).contains(&"visit p2p-status from hero-content".to_owned())
                && rows.len() > before + 2
        })
        .await;
    assert_eq!(users(&rows[..before]).len(), 1);
    assert_eq!(users(&rows).len(), 2, "the old id is not used again: {script}");
    let first_user = rows[0]["user_id"].clone();
    assert_eq!(rows.iter().filter(|row| row["user_id"] == first_user).count(), before);
    person.leave().await;
}

#[tokio::test]
async fn storage_is_emptied() {
    recording_stops_after("localStorage.clear(); sessionStorage.clear()").await;
}

#[tokio::test]
async fn only_the_answer_is_removed() {
    recording_stops_after("localStorage.removeItem('analytics_consent')").await;
}

#[tokio::test]
async fn only_the_secret_is_removed() {
    recording_stops_after("localStorage.removeItem('clm_user_secret')").await;
}

#[tokio::test]
async fn the_question_is_back_without_a_click_in_every_tab() {
    let row = Row::start().await;
    let person = row.arrive().await;
    let first = person.open_tab(&row.url()).await;
    person.see_loaded().await;
    row.stored("exit p2p-status to (hidden)").await;
    person.run("localStorage.clear(); return ''").await;
    is_asked_again(&person).await;
    person.look_at(&first).await;
    is_asked_again(&person).await;
    person.leave().await;
}

#[tokio::test]
async fn storage_that_fails_later_harms_nothing() {
    let row = Row::start().await;
    let person = row.arrive().await;
    settled(&row, &person).await;
    person
        .run(
            "for (const name of ['getItem', 'setItem', 'removeItem', 'key'])
                 Storage.prototype[name] = () => { throw new DOMException('no', 'SecurityError'); };
             return ''",
        )
        .await;
    row.walk(&person, &["welcome"]).await;
    row.stored("visit welcome from p2p-status").await;
    person.leave().await;
}
