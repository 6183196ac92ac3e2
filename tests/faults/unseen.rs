//! Pages that nobody looks at: opened in the background, or made ready ahead of time.

use crate::{
    row::{Row, beginning_and},
    support::told::{told, without_loads},
};

/// A page as in a tab that was opened in the background, or one that is made ready ahead of time, until `show()`.
fn unseen(prerendering: bool) -> String {
    format!(
        "let seen = false;
         for (const [name, before, after] of [
             ['visibilityState', 'hidden', 'visible'], ['hidden', true, false], ['prerendering', {prerendering}, false]])
             Object.defineProperty(Document.prototype, name, {{ get: () => seen ? after : before }});
         window.show = () => {{
             seen = true;
             if ({prerendering}) document.dispatchEvent(new Event('prerenderingchange'));
             document.dispatchEvent(new Event('visibilitychange'));
         }};"
    )
}

async fn a_page_that_is_not_seen_leaves_nothing(prerendering: bool) {
    let row = Row::start().await;
    let person = row.arrive().await;
    person.visit("about:blank").await;
    row.stored("exit p2p-status to (exit)").await;
    let before = row.site.rows().len();
    person.prepare(&unseen(prerendering)).await;
    // Twice, so that the second would send what the first has left.
    for _ in 0..2 {
        person.visit(&format!("{}#/component/calculator", row.url())).await;
        person.see_loaded().await;
        assert_eq!(person.run("return String(window.__CLM_TRACKING__.recorded)").await, "0");
        person.visit("about:blank").await;
    }
    person.visit(&format!("{}#/component/calculator", row.url())).await;
    person.see_loaded().await;
    assert_eq!(row.site.rows().len(), before, "nobody saw it");
    person.run("show(); return ''").await;
    person.open("welcome").await;
    row.stored("visit welcome from calculator").await;
    let story = without_loads(told(&row.site.rows()));
    let told = [
        "exit p2p-status to (exit)",
        "visit calculator from p2p-status",
        "exit calculator to welcome",
        "visit welcome from calculator",
    ];
    assert_eq!(story, beginning_and(&told));
    person.leave().await;
}

#[tokio::test]
async fn a_tab_in_the_background_is_visited_when_it_is_shown() {
    a_page_that_is_not_seen_leaves_nothing(false).await;
}

#[tokio::test]
async fn a_page_made_ready_ahead_of_time_is_visited_when_it_is_shown() {
    a_page_that_is_not_seen_leaves_nothing(true).await;
}
