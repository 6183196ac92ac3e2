//! Sessions are found, told and shown again, and a replay leaves nothing behind.

use crate::support::{
    Person, Site,
    told::{told, without_loads},
};

const WALK: [&str; 3] = ["hero-content", "user-list", "p2p-status"];

/// Welcome, then the walk, all of it stored; then the list of sessions.
async fn walked(site: &Site) -> Person {
    let person = Person::arrive(site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.see_loaded().await;
    person.agree().await;
    for hash in WALK {
        person.open(hash).await;
        person.see_loaded().await;
    }
    person.go("#/sessions").await;
    site.rows_until(|rows| told(rows).contains(&"exit p2p-status to (hidden)".to_owned())).await;
    person
}

/// Opens the only session of the list.
async fn open_session(person: &Person) {
    person.click(".page-head button").await;
    person.click(".session-row").await;
    person.see("#timeline svg .visit").await;
}

/// From now on the page remembers which component is in front.
async fn watch(person: &Person) {
    person
        .run(
            "window.__shown = [];
             const look = () => {
                 const frame = document.querySelector('.dashboard:not([hidden]) iframe:not([hidden])');
                 const hash = frame && frame.dataset.hash;
                 if (hash && hash !== window.__shown.at(-1)) window.__shown.push(hash);
             };
             new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
             return ''",
        )
        .await;
}

#[tokio::test]
async fn a_session_is_found_and_told() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    person.click(".page-head button").await;
    person
        .until(
            "const row = document.querySelector('.session-row');
             return !!row && row.textContent.includes('Welcome Component → P2P Status Panel')
                 && row.textContent.includes('4 visits')",
            0,
        )
        .await;
    let search = |text: &str| {
        format!(
            "const box = document.querySelector('input[name=search]'); box.value = '{text}';
             box.dispatchEvent(new InputEvent('input', {{ bubbles: true }})); return ''"
        )
    };
    person.run(&search("no such thing")).await;
    person.see_text("No sessions found").await;
    person.run(&search("user ACC")).await;
    person.see(".session-row").await;
    let user = site.rows()[0]["user_id"].as_str().unwrap()[..10].to_owned();
    person.run(&search(&user)).await;
    person.until(&format!("return location.hash === '#/sessions?search={user}'"), 0).await;
    open_session(&person).await;
    person
        .until(
            "const rows = [...document.querySelectorAll('#timeline tbody tr')];
             const opened = rows.filter(r => r.cells[2].textContent.startsWith('opened'));
             return opened.map(r => r.cells[1].textContent).join('/')
                 === 'Welcome Component/Hero Content/User Account List/P2P Status Panel'",
            0,
        )
        .await;
    person.run("location.reload(); return ''").await;
    person.see("#timeline svg .visit").await;
    person.back().await;
    person.see(".session-row").await;
    // The same without a server that knows: of what this page load saw.
    person.go("#/component/user-list").await;
    person.see_loaded().await;
    person.go("#/sessions?of=device").await;
    person.see_text("Only this browser").await;
    open_session(&person).await;
    person.go("#/sessions/session_1_0000").await;
    person.see_text("Nothing is known of this session").await;
    person.leave().await;
}

#[tokio::test]
async fn a_replay_shows_the_same_components_and_is_not_tracked() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    open_session(&person).await;
    let address = person.run("return location.hash").await;
    let recorded = "return String(window.__CLM_TRACKING__.recorded)";
    let before = person.run(recorded).await;
    watch(&person).await;
    person.click("#replay").await;
    person.click(".replay-speeds button:last-child").await;
    person.see_text("· the end").await;
    let shown = person.run("return window.__shown.join(' ')").await;
    assert_eq!(shown, "welcome hero-content user-list p2p-status");
    // How the frames do now is nothing of that session.
    person.see(".viewer-bar:not(:has(.viewer-status))").await;
    person.see_text("Close").await;
    assert_eq!(person.run(recorded).await, before, "a replay was recorded");
    person.click(".replay > .button:not(.primary)").await;
    person.see("#timeline").await;
    assert_eq!(person.run("return location.hash").await, address);
    // Halfway through another one the person goes on by hand.
    person.click("#replay").await;
    person.see_text("of 4 ·").await;
    assert_eq!(person.run(recorded).await, before, "a replay was recorded");
    person.open("calculator").await;
    person.see_loaded().await;
    person.see("body:not(:has(.replay))").await;
    let rows = site
        .rows_until(|rows| told(rows).iter().any(|row| row.starts_with("visit calculator")))
        .await;
    let visits = without_loads(told(&rows));
    assert_eq!(
        visits,
        [
            "start",
            "visit welcome from (entry)",
            "exit welcome to hero-content",
            "visit hero-content from welcome",
            "exit hero-content to user-list",
            "visit user-list from hero-content",
            "exit user-list to p2p-status",
            "visit p2p-status from user-list",
            "exit p2p-status to (hidden)",
            "exit p2p-status to calculator",
            "visit calculator from p2p-status",
        ]
    );
    person.leave().await;
}

#[tokio::test]
async fn what_only_the_replay_opened_is_closed_and_opens_anew_by_hand() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    open_session(&person).await;
    // Another page load has opened no component: nobody has seen the dashboard.
    person.run("location.reload(); return ''").await;
    person.click("#replay").await;
    person.see(".replay").await;
    person.click(".replay-speeds button:last-child").await;
    person.see_text("· the end").await;
    person.until("return document.querySelectorAll('iframe').length === 4", 0).await;
    person.click(".replay > .button:not(.primary)").await;
    person.until("return document.querySelectorAll('iframe').length === 0", 0).await;
    person.go("#/component/user-list").await;
    person.see_loaded().await;
    let rows = site
        .rows_until(|rows| {
            let loads = rows.iter().filter(|row| {
                row["component_hash"] == "user-list"
                    && row["interaction_type"] == "component_loaded"
            });
            loads.count() == 2
        })
        .await;
    let visits = |hash: &str| {
        let of = |row: &&serde_json::Value| {
            row["event"] == "component_visit" && row["component_hash"] == hash
        };
        rows.iter().filter(of).count()
    };
    assert_eq!((visits("user-list"), visits("hero-content")), (2, 1));
    person.leave().await;
}
