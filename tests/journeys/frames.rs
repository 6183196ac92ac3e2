//! Frames, the address bar, and messages between them.

use crate::support::{Person, Site, told::told};

#[tokio::test]
async fn a_frame_loads_once_however_many_others_open() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/missing-page").await;
    person.see_text("HTTP 404").await;
    for hash in ["hero-content", "calculator", "welcome", "hero-content"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    let loads = "const all = performance.getEntriesByType('resource').filter(e => e.initiatorType === 'iframe');
        return all.map(e => e.name.split('/').pop()).join(' ')";
    assert_eq!(
        person.run(loads).await,
        "missing-page.html hero-content.html calculator.html welcome.html"
    );
    person.leave().await;
}

#[tokio::test]
async fn a_deep_link_opens_its_component_and_back_goes_back() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/p2p-status").await;
    person.see("iframe#iframe-p2p-status:not([hidden])").await;
    person.open("calculator").await;
    person.see("iframe#iframe-calculator:not([hidden])").await;
    assert!(person.run("return location.hash").await.ends_with("calculator"));
    person.run("history.back(); return ''").await;
    person.see("iframe#iframe-p2p-status:not([hidden])").await;
    person.until("return document.title.startsWith('P2P')", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn a_forged_message_changes_nothing() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    person
        .run(
            "for (const m of [null, 7, 'x', {}, {type:'clm_error',componentId:'welcome',data:{error:'forged'}}, \
             {type:'clm_event',componentId:'welcome',event:'forged',data:{}}, {type:'clm_heartbeat'}]) \
             window.postMessage(m, '*'); return ''",
        )
        .await;
    person.open("hero-content").await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"visit hero-content from welcome".to_owned()))
        .await;
    assert!(rows.iter().all(|row| !row.to_string().contains("forged")), "{:?}", told(&rows));
    assert_eq!(
        person.run("return String(document.querySelectorAll('.failure').length)").await,
        "0"
    );
    person.leave().await;
}

#[tokio::test]
async fn choosing_a_user_in_one_component_shows_it_in_another() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/user-list").await;
    person.see_loaded().await;
    person.click_inside("user-list", ".pick").await;
    person.open("user-detail").await;
    person.see_loaded().await;
    person.see_inside("user-detail", "#title").await;
    person.leave().await;
}
