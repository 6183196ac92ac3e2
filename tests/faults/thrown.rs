//! Whatever is thrown or rejected is told in words, once, and bounded.

use std::collections::BTreeMap;

use crate::{
    row::Row,
    support::{Person, Setup, Site, changed_page},
};

/// What is rejected, and what must be read of it.
const REJECTED: &[(&str, &str)] = &[
    ("{ code: 42, message: 'quota exceeded' }", "quota exceeded (code 42)"),
    ("{ status: 503 }", r#"{"status":503}"#),
    ("404", "404"),
    ("'a plain text'", "a plain text"),
    ("Object.assign(Object.create(null), { lost: true })", r#"{"lost":true}"#),
    ("Object.create(null)", "{}"),
    ("{ get message() { throw 1 }, get stack() { throw 2 }, left: 1 }", r#""left":1"#),
    (
        "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } })",
        "",
    ),
    ("Symbol('sym')", "sym"),
    ("12345n", "12345"),
    (
        "(() => { const circle = { round: 1 }; circle.again = circle; return circle })()",
        r#""round":1"#,
    ),
    ("{ long: 'y'.repeat(5_000_000) }", r#"{"long":"yyy"#),
    ("Array(5_000_000).fill(7)", "[7,7,"),
    ("new DOMException('gone away', 'AbortError')", "gone away"),
    ("new Response('', { status: 502 })", r#""status":502"#),
    ("{ error: { detail: 'nested' } }", r#"{"error":{"detail":"nested"}}"#),
    (
        "Object.assign(Object.create({ name: 'RangeError' }), { message: 'another realm', stack: 'at f' })",
        "another realm",
    ),
];

/// The error messages of each component, in the order of the store.
fn messages(row: &Row) -> BTreeMap<String, Vec<String>> {
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in row.site.rows().iter().filter(|row| row["event"] == "component_error") {
        assert_eq!(row["error_kind"], "unhandled_rejection", "{row}");
        let message = row["error_message"].as_str().unwrap().to_owned();
        assert!(message.len() <= 500 && !message.contains("[object Object]"), "{message}");
        messages
            .entry(row["component_hash"].as_str().unwrap().to_owned())
            .or_default()
            .push(message);
    }
    messages
}

/// A component that was told to fail is not asked again, so there is one for each.
#[tokio::test]
async fn whatever_a_component_rejects_is_told_in_words() {
    let cases: String =
        REJECTED.iter().map(|(value, _)| format!("() => Promise.reject({value}),\n")).collect();
    let script = format!(
        "<script>const cases = [{cases}]; cases[new URLSearchParams(location.search).get('case')]?.();</script></body>"
    );
    let page = changed_page("components/calculator.html", |html| html.replace("</body>", &script));
    let component = |case: String| {
        serde_json::json!({ "hash": format!("case-{case}"), "name": format!("Case {case}"),
            "concrete": { "implementation": format!("components/calculator.html?case={case}"), "ready": "message" } })
    };
    let components: Vec<_> = std::iter::once("none".to_owned())
        .chain((0..REJECTED.len()).map(|case| case.to_string()))
        .map(component)
        .collect();
    let registry = page.path().join("cases.json");
    std::fs::write(&registry, serde_json::json!({ "components": components }).to_string()).unwrap();
    let site = Site::start_with(Some(&registry), |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = Person::arrive_at(&row.url(), Setup::default()).await;
    person.see_loaded().await;
    person.agree().await;
    for case in 0..REJECTED.len() {
        person.open(&format!("case-{case}")).await;
    }
    row.site.rows_until(|_| messages(&row).len() >= REJECTED.len()).await;
    let messages = messages(&row);
    for (case, (value, says)) in REJECTED.iter().enumerate() {
        let told = &messages[&format!("case-{case}")];
        assert_eq!(told.len(), 1, "{value}: {told:#?}");
        assert!(told[0].contains(says) && !told[0].is_empty(), "{value}: {told:#?}");
    }
    person.leave().await;
}

#[tokio::test]
async fn whatever_the_page_rejects_is_told_in_words() {
    let row = Row::start().await;
    let person = row.arrive().await;
    let says = |says: &str| if says == "sym" { "a symbol".to_owned() } else { says.to_owned() };
    for (value, _) in REJECTED {
        person.evaluate(&format!("void Promise.reject({value})")).await;
    }
    row.site
        .rows_until(|_| messages(&row).get("p2p-status").is_some_and(|m| m.len() >= REJECTED.len()))
        .await;
    let messages = messages(&row);
    let told = &messages["p2p-status"];
    assert_eq!(told.len(), REJECTED.len(), "{told:#?}");
    for (value, expected) in REJECTED {
        let expected = says(expected);
        assert!(told.iter().any(|message| message.contains(&expected)), "{value}: {told:#?}");
    }
    person.leave().await;
}
