//! What only a browser shows of charts and exports: calendars of other zones, pointers, fingers, keys, files, paper.

use thirtyfour::Key;

use crate::support::{Person, Setup, Site};

/// The ranges that Insights asked for so far, as `from=..&to=..`, each once.
const ASKED: &str = "const asked = performance.getEntriesByType('resource').map(e => e.name)
        .filter(name => /api\\/insights\\/(visits|activity|time|errors)\\?/.test(name))
        .map(name => name.match(/from=\\d+&to=\\d+/)[0]);
    return [...new Set(asked)].join(' ')";
const READOUT: &str = "return document.querySelector('#panel-Visits .readout').textContent";

/// Somebody who agreed and visited three components, at Insights.
async fn visitor(site: &Site) -> Person {
    let visits = |rows: &[serde_json::Value]| {
        rows.iter().filter(|row| row["event"] == "component_visit").count()
    };
    let before = visits(&site.rows());
    let person = Person::arrive(site, "").await;
    person.agree().await;
    for hash in ["hero-content", "user-list"] {
        person.open(hash).await;
    }
    site.rows_until(|rows| visits(rows) == before + 3).await;
    person.go("#/insights?range=1h").await;
    person.see("#panel-Visits svg").await;
    person
}

#[tokio::test]
async fn a_day_that_does_not_begin_at_midnight_is_asked_whole() {
    let site = Site::start(None).await;
    for (zone, day, wanted) in [
        ("America/Santiago", "2026-09-06", "from=1788667200000&to=1788750000000"),
        ("Atlantic/Azores", "2026-03-29", "from=1774746000000&to=1774828800000"),
        ("America/Havana", "2026-03-08", "from=1772946000000&to=1773028800000"),
        ("Asia/Kathmandu", "2026-01-01", "from=1767204900000&to=1767291300000"),
        ("Pacific/Apia", "2011-12-31", "from=1325239200000&to=1325325600000"),
    ] {
        let person = Person::arrive_at("about:blank", Setup::default()).await;
        person.in_time_zone(zone).await;
        let address = format!("#/insights?range=custom&from={day}&to={day}");
        person.visit(&format!("{}/{address}", site.address)).await;
        person.see("#nothing").await;
        assert_eq!(person.run(ASKED).await, wanted, "{zone}");
        person.leave().await;
    }
}

#[tokio::test]
async fn a_saved_file_can_be_read_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("registry.json");
    let one = |hash: &str, name: &str| serde_json::json!({ "hash": hash, "name": name, "concrete": { "implementation": "components/welcome.html" } });
    let all = [
        one("sum", "=1+1"),
        one("wide", "＝1+1"),
        one("blank", " \t@SUM(A1)"),
        one("zurich", "Zürich 🚲, \"wet\""),
    ];
    std::fs::write(&registry, serde_json::json!({ "components": all }).to_string()).unwrap();
    let site = Site::start(Some(&registry)).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for hash in ["wide", "blank", "zurich"] {
        person.open(hash).await;
    }
    site.rows_until(|rows| {
        rows.iter().filter(|row| row["event"] == "component_visit").count() == 4
    })
    .await;
    let saved = folder.path().join("saved");
    person.save_into(&saved).await;
    person.go("#/insights?range=1h&component=zurich").await;
    person.go("#/insights?range=1h").await;
    person.open_numbers("Visits").await;
    person.click("#panel-Visits .exports button").await;
    person
        .until("return document.querySelector('#toast').textContent.startsWith('Saved as clm-visits-')", 0)
        .await;
    let name = person.run("return document.querySelector('#toast').textContent").await;
    let file = saved.join(name.trim_start_matches("Saved as "));
    let bytes = loop {
        // The browser finishes it in its own time.
        match std::fs::read(&file) {
            Ok(bytes) if !bytes.is_empty() => break bytes,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(bytes[..3], [0xef, 0xbb, 0xbf], "without it Excel reads ZÃ¼rich");
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').split_terminator("\r\n").collect();
    assert!(
        lines[0].starts_with(
            "\"Component (hash)\",\"Component (name)\",\"Visits (count)\",\"Range from\""
        ),
        "{text}"
    );
    for (hash, cell) in [
        ("sum", "\"'=1+1\""),
        ("wide", "\"'＝1+1\""),
        ("blank", "\"'"),
        ("zurich", "\"Zürich 🚲, \"\"wet\"\"\""),
    ] {
        let row = format!("\"{hash}\",{cell}");
        assert!(lines.iter().any(|line| line.starts_with(&row)), "{row} in {text}");
    }
    person.leave().await;
}

#[tokio::test]
async fn names_of_bars_are_pointed_at_and_clicked_like_the_bars() {
    let site = Site::start(None).await;
    let person = visitor(&site).await;
    let name = "#panel-Visits svg text.name";
    let under = format!(
        "const box = document.querySelector('{name}').getBoundingClientRect();
         const found = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
         return String(found.classList.contains('hit') && !!found.dataset.at && 'pick' in found.dataset)"
    );
    person.point_at(name).await;
    assert_eq!(person.run(&under).await, "true");
    person.until("return document.querySelector('#panel-Visits .readout').textContent.endsWith('(33 %)')", 0).await;
    // What is read goes with the pointer.
    person.point_at("#panel-Visits h2").await;
    person
        .until("return document.querySelector('#panel-Visits .readout').textContent === ''", 0)
        .await;
    person.click_at(name).await;
    person.until("return location.hash.includes('component=')", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn a_finger_shows_first_and_acts_second() {
    let site = Site::start(None).await;
    let person = visitor(&site).await;
    let bar = "#panel-Visits svg .hit";
    person.tap(bar).await;
    person
        .until("return document.querySelector('#panel-Visits .readout').textContent !== ''", 0)
        .await;
    assert_eq!(person.run("return location.hash").await, "#/insights?range=1h");
    person.tap(bar).await;
    person.until("return location.hash.includes('component=')", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn values_are_read_and_chosen_with_keys_alone() {
    let site = Site::start(None).await;
    let person = visitor(&site).await;
    person.run("document.querySelector('#panel-Visits .drawn').focus(); return ''").await;
    person.press(Key::Right).await;
    person
        .until("return document.querySelector('#panel-Visits .readout').textContent !== ''", 0)
        .await;
    let first = person.run(READOUT).await;
    person.press(Key::Right).await;
    person.until(&format!("{READOUT} !== {first:?}"), 0).await;
    let label = "return document.querySelector('#panel-Visits .drawn').getAttribute('aria-label')";
    assert_ne!(
        person.run(label).await,
        person.run("return document.querySelector('#panel-Visits h2').textContent").await
    );
    person.press(Key::Enter).await;
    person.until("return location.hash.includes('component=')", 0).await;
    // Each disclosure says what it discloses.
    let names = person
        .run("return String(new Set([...document.querySelectorAll('.card summary')].map(s => s.getAttribute('aria-label'))).size
             === document.querySelectorAll('.card summary').length)")
        .await;
    assert_eq!(names, "true");
    person.leave().await;
}

#[tokio::test]
async fn insights_show_what_arrives_without_a_click() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.go("#/insights?range=1h").await;
    person.see("#nothing").await;
    person.agree().await;
    // Their own visit, right after they agreed.
    person.see("#panel-Visits svg .bar").await;
    let visits = "return document.querySelector('#panel-Totals .stat dd')?.textContent";
    person.until(&format!("{visits} === '1'"), 0).await;
    // Somebody else's, when the page comes back into view.
    let tab = person.open_tab("about:blank").await;
    let other = visitor(&site).await;
    person.look_at(&tab).await;
    person.until(&format!("{visits} === '4'"), 0).await;
    other.leave().await;
    person.leave().await;
}

#[tokio::test]
async fn a_filter_that_the_registry_does_not_know_is_not_shown_as_all() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/insights?component=nope&type=none").await;
    person.see("#nothing").await;
    let chosen = "const value = name => document.querySelector(`select[name='${name}']`).value;
        return value('component') + ' ' + value('type')";
    assert_eq!(person.run(chosen).await, "nope none");
    person.leave().await;
}

#[tokio::test]
async fn names_in_the_list_of_sessions_can_be_read_at_every_width() {
    let site = Site::start(None).await;
    let person = visitor(&site).await;
    person.go("#/sessions?range=1h").await;
    person.see(".session-row").await;
    for width in [390, 641, 700, 820, 1_000, 1_100, 1_101, 1_440] {
        person.resize(width, 800).await;
        let cut = "const way = document.querySelector('.session-way');
            return way.scrollWidth <= way.clientWidth ? '' : `${way.clientWidth} of ${way.scrollWidth}`";
        assert_eq!(person.run(cut).await, "", "at {width}");
    }
    person.leave().await;
}

#[tokio::test]
async fn paper_has_charts_of_its_own_width() {
    let site = Site::start(None).await;
    let person = visitor(&site).await;
    let width = "return document.querySelector('#panel-Activity svg').getAttribute('width')";
    let screen = person.run(width).await;
    person.run("dispatchEvent(new Event('beforeprint')); return ''").await;
    person.until(&format!("{width} === '660'"), 0).await;
    person.run("dispatchEvent(new Event('afterprint')); return ''").await;
    person.until(&format!("{width} === '{screen}'"), 0).await;
    person.leave().await;
}
