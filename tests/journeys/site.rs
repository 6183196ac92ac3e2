//! What the server is to a browser: one program with the page inside, and a policy that the page
//! keeps to.

use crate::support::{Person, Site};

/// Before anything of the page runs, listens for what the policy forbids.
const LISTEN: &str = "window.forbidden = [];
    addEventListener('securitypolicyviolation', e => forbidden.push(e.violatedDirective + ' ' + e.blockedURI))";

#[tokio::test]
async fn the_page_comes_out_of_the_program() {
    let site = Site::start_with(None, |command| {
        command.env_remove("CLM_DIST");
    });
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    // Packed ahead, and not fetched again.
    let sizes = "const [w] = performance.getEntriesByType('resource').filter(e => e.name.endsWith('.wasm'));
        return String(w.encodedBodySize < w.decodedBodySize / 2)";
    assert_eq!(person.run(sizes).await, "true");
    site.rows_until(|rows| !rows.is_empty()).await;
    person.leave().await;
}

#[tokio::test]
async fn nothing_the_page_does_is_forbidden_to_it() {
    let site = Site::start(None).await;
    let person = Person::arrive_listening(&site, LISTEN).await;
    person.agree().await;
    for hash in ["hero-content", "calculator", "user-list"] {
        person.open(hash).await;
        person.see_loaded().await;
    }
    for (fragment, sign) in
        [("#/insights", "main.insights"), ("#/live", ".stats"), ("#/", "iframe")]
    {
        person.go(fragment).await;
        person.see(sign).await;
    }
    assert_eq!(person.run("return forbidden.join('; ')").await, "");
    // The policy is there: what somebody slips in does not run.
    person
        .run("const s = document.createElement('script'); s.textContent = 'window.slipped = 1'; document.body.append(s); return ''")
        .await;
    person.until("return forbidden.length === 1 && !window.slipped", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn a_part_that_does_not_come_is_asked_for_again() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.block(&["*_split_pages.wasm", "*_split_extras.wasm"]).await;
    person.visit(&format!("{}/?again", site.address)).await;
    person.see_loaded().await;
    person.go("#/insights").await;
    person.see_text("This part did not load").await;
    person.block(&[]).await;
    person.click(".failure .button").await;
    person.see("main.insights h1").await;
    person.press("?").await;
    person.see("dialog[open] .help").await;
    person.leave().await;
}
