//! Where the page may be served from: below a path, by a host of files alone, by `trunk serve`.

use std::path::PathBuf;

use crate::support::{
    Person, Setup, Site,
    hosts::{Host, Otherwise, Trunk},
};

fn dist() -> PathBuf {
    PathBuf::from(std::env::var("CLM_DIST").expect("CLM_DIST: run `cargo xtask test`"))
}

/// Agrees, opens two components and comes to Insights.
async fn walk(person: &Person) {
    person.agree().await;
    person.see_loaded().await;
    person.open("hero-content").await;
    person.see_loaded().await;
    person.go("#/insights?range=1h").await;
}

/// The views that come later, the manifest and its icons are all below the page's own address.
async fn see_all_parts(person: &Person, page: &str) {
    for (fragment, sign) in [("#/sessions", "main h1"), ("#/live", ".stats"), ("#/", "iframe")] {
        person.go(fragment).await;
        person.see(sign).await;
    }
    let manifest = person.run("return document.querySelector('link[rel=manifest]').href").await;
    assert!(manifest.starts_with(page), "{manifest}");
    // What an installed page starts with.
    person
        .run(
            "const m = document.querySelector('link[rel=manifest]').href;
             fetch(m).then(r => r.json()).then(r => { window.start = new URL(r.start_url, m).href; }); return ''",
        )
        .await;
    person.until(&format!("return window.start === '{page}'"), 0).await;
}

#[tokio::test]
async fn the_page_works_below_a_path_behind_a_proxy_that_takes_the_path_away() {
    let site = Site::start(None).await;
    let host = Host::proxy(&site.address, "/dashboard/").await;
    let person = Person::arrive_at(&host.page, Setup::default()).await;
    walk(&person).await;
    person.see_text("How everybody who agreed uses this dashboard").await;
    let rows = site
        .rows_until(|rows| rows.iter().filter(|r| r["event"] == "component_visit").count() == 2)
        .await;
    assert!(rows.iter().all(|row| row["url"] != ""), "{rows:?}");
    see_all_parts(&person, &host.page).await;
    assert_eq!(host.outside(), Vec::<String>::new());
    person.leave().await;
}

#[tokio::test]
async fn a_host_of_files_shows_the_whole_page_and_this_devices_own_answers() {
    for (path, otherwise) in [
        ("/", Otherwise::NotFound),
        ("/dashboard/", Otherwise::NotFound),
        ("/some/where/", Otherwise::StartPage),
    ] {
        let host = Host::files(&dist(), path, otherwise).await;
        let person = Person::arrive_at(&host.page, Setup::default()).await;
        walk(&person).await;
        person.see_text("Only this browser's own events").await;
        assert_eq!(visits(&person).await, [["Hero Content", "1"], ["Welcome Component", "1"]]);
        see_all_parts(&person, &host.page).await;
        person.go("#/sessions").await;
        person.see_text("Only this browser's own events").await;
        assert_eq!(host.outside(), Vec::<String>::new());
        person.leave().await;
    }
}

async fn visits(person: &Person) -> Vec<Vec<String>> {
    let mut rows = person.numbers("Visits").await;
    rows.retain(|row| row.get(1).is_some_and(|count| count != "0"));
    rows.into_iter().map(|row| row.into_iter().take(2).collect()).collect()
}

#[tokio::test]
async fn trunk_serve_without_a_server_keeps_the_events_and_answers_from_this_device() {
    let trunk = Trunk::serve(None).await;
    let person = Person::arrive_at(&trunk.page, Setup::default()).await;
    walk(&person).await;
    person.see_text("Only this browser's own events").await;
    person
        .until("return /^\\d+ waiting/.test(document.querySelector('.chip').textContent)", 0)
        .await;
    person.leave().await;
}

#[tokio::test]
async fn trunk_serve_hands_events_and_questions_to_the_server_beside_it() {
    let site = Site::start(None).await;
    let trunk = Trunk::serve(Some(&site.address)).await;
    let person = Person::arrive_at(&trunk.page, Setup::default()).await;
    walk(&person).await;
    person.see_text("How everybody who agreed uses this dashboard").await;
    site.rows_until(|rows| rows.iter().filter(|r| r["event"] == "component_visit").count() == 2)
        .await;
    person.leave().await;
}
