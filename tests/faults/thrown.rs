//! Whatever is thrown or rejected is told in words, once, and bounded.

use std::collections::BTreeMap;

use crate::{
    row::Row,
    support::{Site, changed_page},
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
        "(() => { const frame = document.body.appendChild(document.createElement('iframe')); const error = new frame.contentWindow.Error('another realm'); frame.remove(); return error })()",
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

#[tokio::test]
async fn whatever_a_component_rejects_is_told_in_words() {
    let rejections: String =
        REJECTED.iter().map(|(value, _)| format!("Promise.reject({value});\n")).collect();
    let page = changed_page("components/calculator.html", |html| {
        html.replace("</body>", &format!("<script>{rejections}</script></body>"))
    });
    let site = Site::start_with(None, |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = row.arrive().await;
    person.open("calculator").await;
    row.site
        .rows_until(|_| messages(&row).get("calculator").is_some_and(|m| m.len() >= REJECTED.len()))
        .await;
    let messages = messages(&row);
    let told = &messages["calculator"];
    assert_eq!(told.len(), REJECTED.len(), "none makes a second error: {told:#?}");
    for ((value, says), message) in REJECTED.iter().zip(told) {
        assert!(message.contains(says) && !message.is_empty(), "{value}: {message}");
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
