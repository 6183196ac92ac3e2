//! The Insights page says what the store says.

use crate::support::{Person, Site};

const WALK: [&str; 4] = ["hero-content", "user-list", "hero-content", "p2p-status"];

/// Welcome, then the walk, all of it stored.
async fn walked(site: &Site) -> Person {
    let person = Person::arrive(site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.agree().await;
    for hash in WALK {
        person.open(hash).await;
    }
    site.rows_until(|rows| {
        rows.iter().filter(|row| row["event"] == "component_visit").count() == WALK.len() + 1
    })
    .await;
    person
}

/// Waits until the table of a panel says `wanted`: cells with a space between, rows with a slash. Components
/// that nobody opened are left out.
async fn see_numbers(person: &Person, panel: &str, wanted: &str) {
    person.open_numbers(panel).await;
    person
        .until(
            &format!(
                "const rows = [...document.querySelectorAll('#panel-{panel} tbody tr')];
                 return rows.map(r => [...r.cells].map(c => c.textContent).join(' '))
                     .filter(row => !row.endsWith(' 0')).join('/') === '{wanted}'"
            ),
            0,
        )
        .await;
}

#[tokio::test]
async fn panels_say_what_the_store_says_and_filters_live_in_the_address() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    person.go("#/insights?range=1h").await;
    see_numbers(
        &person,
        "Visits",
        "Hero Content 2/P2P Status Panel 1/User Account List 1/Welcome Component 1",
    )
    .await;
    // What nobody opened is listed, too.
    let unopened = "const rows = [...document.querySelectorAll('#panel-Visits tbody tr')];
        return rows.filter(r => r.cells[1].textContent === '0').length > 0 && rows.length >= 20";
    person.until(unopened, 0).await;
    see_numbers(&person, "Entries", "Welcome Component 1").await;
    see_numbers(&person, "Exits", "P2P Status Panel 1").await;
    see_numbers(
        &person,
        "Paths",
        "1 Welcome Component Hero Content 1/2 Hero Content User Account List 1/3 User Account List Hero Content 1/4 Hero Content P2P Status Panel 1",
    )
    .await;
    person.see("#panel-Paths svg .flow").await;
    person.see("#panel-Errors .nothing").await;
    person.choose("component", "user-list").await;
    see_numbers(&person, "Visits", "User Account List 1").await;
    let address = person.run("return location.hash").await;
    assert_eq!(address, "#/insights?range=1h&component=user-list");
    person.run("location.reload(); return ''").await;
    see_numbers(&person, "Visits", "User Account List 1").await;
    person.run("history.back(); return ''").await;
    see_numbers(&person, "Entries", "Welcome Component 1").await;
    person.leave().await;
}

#[tokio::test]
async fn a_funnel_is_built_step_by_step() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    person.go("#/insights?range=1h&funnel=welcome,user-list,welcome").await;
    person.open_numbers("Funnel").await;
    person
        .until(
            "const rows = [...document.querySelectorAll('#panel-Funnel tbody tr')];
             return rows.map(r => r.cells[1].textContent + r.cells[2].textContent).join(' ') === '10 10 01'",
            0,
        )
        .await;
    person.click("#panel-Funnel .funnel-pick a").await;
    person
        .until("return location.hash.endsWith('funnel=welcome,user-list,welcome,welcome')", 0)
        .await;
    person.leave().await;
}

#[tokio::test]
async fn a_person_may_ask_about_this_browser_alone() {
    let site = Site::start(None).await;
    let person = walked(&site).await;
    person.go("#/insights?range=1h&of=device").await;
    person.see_text("Only this browser").await;
    see_numbers(
        &person,
        "Visits",
        "Hero Content 2/P2P Status Panel 1/User Account List 1/Welcome Component 1",
    )
    .await;
    person.leave().await;
}
