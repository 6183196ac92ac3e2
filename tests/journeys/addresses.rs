//! Where an address leads: what is seen is a visit, what is not seen is none, and nothing is lost on the way.

use serde_json::Value;

use crate::support::{
    Person, Site,
    told::{told, without_loads},
};

const RECORDED: &str = "return String(window.__CLM_TRACKING__.recorded)";

/// Waits until the tracker has taken in all that was noted, and says what it is.
async fn recorded(person: &Person) -> String {
    person.run(RECORDED).await
}

fn visits(rows: &[Value]) -> Vec<String> {
    without_loads(told(rows))
}

#[tokio::test]
async fn another_page_opened_directly_is_no_visit_until_the_dashboard_is_seen() {
    for (fragment, sign) in [
        ("#/insights", "main.insights"),
        ("#/sessions", "input[name=search]"),
        ("#/live", "main .stations"),
    ] {
        let site = Site::start(None).await;
        let person = Person::arrive(&site, fragment).await;
        person.agree().await;
        person.see(sign).await;
        person.until("return document.querySelectorAll('iframe').length === 0", 0).await;
        assert_eq!(recorded(&person).await, "0", "{fragment}");
        // By the tab, then back and forth: one visit, at the moment of the first look.
        let before: u64 = person.run("return String(Date.now())").await.parse().unwrap();
        person.click(".top-bar .tab:first-child").await;
        person.see("iframe#iframe-welcome:not([hidden])").await;
        person.until("return location.hash === '#/component/welcome'", 0).await;
        person.back().await;
        person.see(sign).await;
        person.until(&format!("return location.hash === '{fragment}'"), 0).await;
        person.run("history.forward(); return ''").await;
        person.see("iframe#iframe-welcome:not([hidden])").await;
        let rows = site
            .rows_until(|rows| {
                rows.iter().filter(|row| row["event"] == "component_resume").count() == 1
            })
            .await;
        let told = visits(&rows);
        assert_eq!(told[..2], ["start", "visit welcome from (entry)"], "{fragment}");
        assert_eq!(told.iter().filter(|row| row.starts_with("visit")).count(), 1, "{told:?}");
        assert!(rows.iter().all(|row| row["timestamp"].as_u64().unwrap() >= before));
        person.leave().await;
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so_and_is_no_visit() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/old-name").await;
    person.agree().await;
    for (fragment, says) in [
        ("#/component/old-name", "no component with this hash"),
        ("#/nope", "no page at this address"),
        ("#/sessions/none", "not the ID of a session"),
        ("#/insights/more", "no page at this address"),
        ("#/component/", "no page at this address"),
    ] {
        person.go(fragment).await;
        person.see_text(says).await;
        person.see_text(fragment).await;
        person.until("return document.title === 'Page not found · CLM Dashboard'", 0).await;
        assert_eq!(person.run("return location.hash").await, fragment);
        assert_eq!(recorded(&person).await, "0", "{fragment}");
    }
    // What to do: find it, or go to the dashboard. A reload keeps what was asked for.
    person.run("location.reload(); return ''").await;
    person.see_text("#/component/").await;
    person.click("#unknown button").await;
    person.focus_on("#palette-input").await;
    person.press(thirtyfour::Key::Escape).await;
    person.click("#unknown a").await;
    person.see("iframe#iframe-welcome:not([hidden])").await;
    // Back leads to the page that said so, and on is the dashboard again.
    person.back().await;
    person.see("#unknown").await;
    person.go("#/component/calculator").await;
    person.see("iframe#iframe-calculator:not([hidden])").await;
    let rows = site
        .rows_until(|rows| rows.iter().filter(|row| row["event"] == "component_visit").count() == 2)
        .await;
    assert_eq!(
        visits(&rows),
        [
            "start",
            "visit welcome from (entry)",
            "exit welcome to (hidden)",
            "exit welcome to calculator",
            "visit calculator from welcome"
        ]
    );
    person.leave().await;
}

#[tokio::test]
async fn a_component_that_the_registry_brings_late_is_opened_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.json");
    std::fs::write(&file, "{").unwrap();
    let site = Site::start(Some(&file)).await;
    let person = Person::arrive(&site, "#/component/late").await;
    person.see("[role='alert'] button").await;
    let registry = r#"{"components":[
        {"hash":"home","name":"Home","concrete":{"implementation":"components/welcome.html"}},
        {"hash":"late","name":"Late","concrete":{"implementation":"components/calculator.html"}}]}"#;
    std::fs::write(&file, registry).unwrap();
    person.click("[role='alert'] button").await;
    person.see("iframe#iframe-late:not([hidden])").await;
    assert_eq!(person.run("return location.hash").await, "#/component/late");
    person.until("return document.querySelectorAll('iframe').length === 1", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn range_and_filters_go_along_from_page_to_page() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/insights?range=7d&component=welcome&demo=hidden").await;
    person.agree().await;
    person.see("main.insights").await;
    let question = "?range=7d&component=welcome&demo=hidden";
    let tab = |at: u32| format!(".top-bar .tab:nth-child({at})");
    for (way, fragment) in [
        (tab(3), format!("#/sessions{question}")),
        (tab(4), "#/live".to_owned()),
        (tab(2), format!("#/insights{question}")),
        (tab(1), "#/component/welcome".to_owned()),
        (tab(3), format!("#/sessions{question}")),
    ] {
        person.click(&way).await;
        person.until(&format!("return location.hash === '{fragment}'"), 0).await;
    }
    person.focus_on("main").await;
    person.press("gi").await;
    person.until(&format!("return location.hash === '#/insights{question}'"), 0).await;
    person.leave().await;
}
