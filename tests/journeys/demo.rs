//! A demo journey does what a person would, is marked, and can be left out of the answers.

use serde_json::Value;

use crate::support::{
    Person, Site,
    told::{told, without_loads},
};

/// Plays the first journey of the menu as fast as it goes, to its end.
async fn play(person: &Person) {
    person.click("#demo-menu").await;
    person.click(".demo-item").await;
    person.click(".replay-speeds button:last-child").await;
    person.see_text("· the end").await;
}

fn of_the_demo(rows: &[Value]) -> Vec<String> {
    let rows: Vec<Value> = rows.iter().filter(|row| row["demo"] == true).cloned().collect();
    without_loads(told(&rows))
}

#[tokio::test]
async fn a_journey_is_played_tracked_and_marked_and_can_be_left_out() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.see_loaded().await;
    person.agree().await;
    play(&person).await;
    person.see_text("marked as a demo").await;
    // What the person chooses is the person's again.
    person.click(".replay > .button:not(.primary)").await;
    person.open("user-list").await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"visit user-list from pkc-viewer".to_owned()))
        .await;
    assert_eq!(
        of_the_demo(&rows),
        [
            "visit welcome from welcome",
            "exit welcome to hero-content",
            "visit hero-content from welcome",
            "cta_clicked hero-content",
            "exit hero-content to p2p-status",
            "visit p2p-status from hero-content",
            "exit p2p-status to pkc-viewer",
            "visit pkc-viewer from p2p-status",
            "exit pkc-viewer to user-list",
        ]
    );
    let own = |row: &&Value| row["demo"].is_null() && row["event"] == "component_visit";
    assert_eq!(rows.iter().filter(own).count(), 2);

    person.go("#/insights?range=1h").await;
    see_visits(&person, 6).await;
    person.choose("demo", "hidden").await;
    see_visits(&person, 2).await;
    person.until("return location.hash === '#/insights?range=1h&demo=hidden'", 0).await;
    // The browser's own events are asked the same way.
    person.go("#/insights?range=1h&demo=hidden&of=device").await;
    see_visits(&person, 2).await;
    person.leave().await;
}

#[derive(serde::Deserialize)]
struct Shipped {
    journeys: Vec<Journey>,
}

#[derive(serde::Deserialize)]
struct Journey {
    name: String,
    steps: Vec<Step>,
}

#[derive(serde::Deserialize)]
struct Step {
    component: String,
    interaction: Option<Value>,
}

#[tokio::test]
async fn every_shipped_journey_plays_to_its_end_and_is_tracked_as_it_is_written() {
    let shipped: Shipped =
        serde_json::from_str(include_str!("../../static/journeys.json")).unwrap();
    for (at, Journey { name, steps }) in shipped.journeys.iter().enumerate() {
        let site = Site::start(None).await;
        let person = Person::arrive(&site, "").await;
        person.see_loaded().await;
        person.agree().await;
        person.click("#demo-menu").await;
        person.click(&format!(".demo-item:nth-child({})", at + 1)).await;
        person.click(".replay-speeds button:last-child").await;
        person.see_text("· the end").await;
        // A component that is chosen already is not visited again.
        let mut visits: Vec<&str> = steps.iter().map(|step| step.component.as_str()).collect();
        visits.dedup();
        let said: Vec<(&str, &Value)> = steps
            .iter()
            .filter_map(|step| {
                Some((step.component.as_str(), &step.interaction.as_ref()?["event"]))
            })
            .collect();
        site.rows_until(|rows| {
            let demo = |event: &'static str| {
                rows.iter().filter(move |row| row["demo"] == true && row["event"] == event)
            };
            let visited =
                demo("component_visit").map(|row| row["component_hash"].as_str().unwrap());
            let told = demo("component_interaction")
                .filter(|row| row["interaction_type"] != "component_loaded")
                .map(|row| (row["component_hash"].as_str().unwrap(), &row["interaction_type"]));
            visited.eq(visits.iter().copied()) && told.eq(said.iter().copied())
        })
        .await;
        println!("{name}: {} visits", visits.len());
        person.leave().await;
    }
}

/// The table of visits adds up to `total`.
async fn see_visits(person: &Person, total: u64) {
    person.open_numbers("Visits").await;
    person
        .until(
            "const rows = [...document.querySelectorAll('#panel-Visits tbody tr')];
             const sum = rows.reduce((sum, row) => sum + Number(row.cells[1].textContent), 0);
             return rows.length > 0 && sum === arguments[0]",
            total,
        )
        .await;
}

#[tokio::test]
async fn without_consent_a_journey_plays_and_nothing_is_tracked() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.see_loaded().await;
    person.click("#demo-menu").await;
    person.click(".demo-item").await;
    person.see_text("Nothing is tracked until you agree").await;
    person.click(".consent-answers button:first-child").await;
    person.see_text("it plays, and nothing is tracked").await;
    person.click(".replay-speeds button:last-child").await;
    person.see_text("· the end").await;
    person.see("iframe#iframe-pkc-viewer:not([hidden])").await;
    let kept = person.run("return JSON.stringify(Object.keys(localStorage))").await;
    assert_eq!(kept, r#"["analytics_consent"]"#);
    assert_eq!(site.rows(), Vec::<Value>::new());
    person.leave().await;
}

#[tokio::test]
async fn a_pause_holds_the_journey_and_a_person_who_goes_elsewhere_ends_its_turn() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see("iframe#iframe-welcome").await;
    person.agree().await;
    person.click("#demo-menu").await;
    person.click(".demo-item:nth-child(2)").await;
    person.see("iframe#iframe-user-list:not([hidden])").await;
    person.click("#replay-play").await;
    person.until("return document.querySelector('#replay-play').textContent === 'Play'", 0).await;
    person.click("#replay-play").await;
    person.until("return document.querySelector('#replay-play').textContent === 'Pause'", 0).await;
    person.open("calculator").await;
    person.until("return document.querySelector('#replay-play').textContent === 'Play'", 0).await;
    // It goes on where it was.
    person.click("#replay-play").await;
    person.see("iframe#iframe-user-list:not([hidden])").await;
    person.click(".replay > .button:not(.primary)").await;
    person.until("return document.activeElement.id === 'demo-menu'", 0).await;
    let rows = site
        .rows_until(|rows| told(rows).contains(&"visit user-list from calculator".to_owned()))
        .await;
    let demo = |hash: &str| {
        let of = |row: &&Value| row["event"] == "component_visit" && row["component_hash"] == hash;
        rows.iter().filter(of).map(|row| row["demo"] == true).collect::<Vec<_>>()
    };
    assert_eq!((demo("user-list"), demo("calculator")), (vec![true, true], vec![false]));
    person.leave().await;
}
