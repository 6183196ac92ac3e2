//! A component in a loop: it is cut and counted, and neither the page nor the others pay for it.

use serde_json::Value;

use crate::support::{
    Person, Setup, Site,
    gate::Gate,
    told::{told, without_loads},
};

/// How long the page takes for so many messages of a frame at once, in ms: all of it is time that nobody else has.
const TIME_IT: &str = "const source = document.querySelector('#iframe-welcome').contentWindow;
    const start = performance.now();
    for (let i = 0; i < 100_000; i++) dispatchEvent(new MessageEvent('message', { source, data: { type: 'clm_event', event: 'flood', data: { i } } }));
    return String(Math.round(performance.now() - start))";

/// Inside a frame: says `message` so many times, as fast as it can, and then nothing.
fn say(message: &str, times: u64) -> String {
    format!("for (let i = 0; i < {times}; i++) parent.postMessage({message}, '*'); return ''")
}

const EVENT: &str = "{ type: 'clm_event', event: 'flood', data: { i } }";

fn floods(rows: &[Value]) -> Vec<&Value> {
    rows.iter().filter(|row| row["dropped_reason"] == "flooded").collect()
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_cut_counted_and_cost_nobody_else_anything() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for hash in ["user-list", "hero-content"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    // The frame is busy with it for a while, and the person goes on meanwhile.
    person
        .run_inside("hero-content", &format!("setTimeout(() => {{ {} }})", say(EVENT, 100_000)))
        .await;
    person.open("user-list").await;
    person.click_inside("user-list", ".pick").await;
    person.open("user-detail").await;
    person.see_loaded().await;
    let rows = site
        .rows_until(|rows| {
            !floods(rows).is_empty()
                && told(rows).iter().any(|row| row.starts_with("visit user-detail"))
        })
        .await;
    let told = without_loads(told(&rows));
    assert_eq!(told[..2], ["start", "visit welcome from (entry)"]);
    for wanted in [
        "visit user-list from hero-content",
        "user_selected user-list",
        "visit user-detail from user-list",
    ] {
        assert!(told.iter().any(|row| row == wanted), "{wanted} is missing: {told:?}");
    }
    let heard = told.iter().filter(|row| *row == "flood hero-content").count() as u64;
    let left_out: u64 =
        floods(&rows).iter().map(|row| row["dropped_count"].as_u64().unwrap()).sum();
    assert!((1..=1_000).contains(&heard), "{heard} were listened to");
    // Its heartbeats of that time are among them.
    assert!((100_000..100_100).contains(&(heard + left_out)), "{heard} and {left_out}");
    assert_eq!(floods(&rows).len(), 1, "told once");
    assert_eq!(floods(&rows)[0]["component_hash"], "hero-content");
    person.leave().await;
}

#[tokio::test]
async fn whatever_a_component_repeats_the_page_goes_on() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for hash in ["redux-state-viewer", "hero-content"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    for message in [
        "{ type: 'clm_heartbeat', timestamp: i }",
        "{ type: 'request_redux_state' }",
        "{ type: 'clm_event', event: 'user_selected', data: { userId: 'u' + i } }",
        "{ type: 'clm_component_loaded' }",
        "{ type: 'nobody knows this' }",
        "i",
        "{ type: 'clm_error', data: { error: 'again ' + i } }",
    ] {
        person.run_inside("hero-content", &say(message, 20_000)).await;
    }
    // A window that is no frame of ours.
    person
        .run(
            &say("{ type: 'clm_event', event: 'forged', data: {} }", 20_000).replace("parent.", ""),
        )
        .await;
    person.open("calculator").await;
    person.see_loaded().await;
    let rows = site
        .rows_until(|rows| {
            !floods(rows).is_empty()
                && told(rows).iter().any(|row| row.starts_with("visit calculator"))
        })
        .await;
    assert!(rows.len() < 1_000, "{} events", rows.len());
    assert!(told(&rows).iter().all(|row| !row.contains("heartbeat_lost")));
    assert!(rows.iter().all(|row| row["interaction_type"] != "forged"));
    person.leave().await;
}

#[tokio::test]
async fn what_is_left_out_costs_next_to_nothing() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    let took: u64 = person.run(TIME_IT).await.parse().unwrap();
    println!("100,000 messages beyond the budget take {took} ms");
    // To look each up in the document, or to change the state for each, takes minutes in a debug build.
    assert!(took < 10_000, "{took} ms");
    person.leave().await;
}

#[tokio::test]
async fn a_flood_while_the_server_is_away_pushes_nothing_out() {
    let site = Site::start(None).await;
    let gate = Gate::before(&site.address).await;
    let person = Person::arrive_at(&gate.address(), Setup::default()).await;
    person.see_loaded().await;
    for hash in ["user-list", "hero-content"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    // Even before there is an answer.
    person.run_inside("hero-content", &say(EVENT, 20_000)).await;
    gate.shut();
    person.agree().await;
    person.run_inside("hero-content", &say(EVENT, 20_000)).await;
    gate.open().await;
    let rows = site.rows_until(|rows| !floods(rows).is_empty()).await;
    let told = without_loads(told(&rows));
    assert_eq!(told[..2], ["start", "visit welcome from (entry)"]);
    for wanted in ["visit user-list from welcome", "visit hero-content from user-list"] {
        assert!(told.iter().any(|row| row == wanted), "{wanted} is missing: {told:?}");
    }
    person.leave().await;
}
