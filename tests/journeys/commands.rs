//! What a keyboard does: the palette, the keys, and the whole way without a mouse.

use thirtyfour::Key;

use crate::support::{Person, Site, told::told};

const CLOSED: &str = "return !document.querySelector('dialog[open]')";

#[tokio::test]
async fn the_palette_finds_components_pages_and_actions_and_gives_the_focus_back() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    person.press_until(Key::Tab, "#component-search").await;
    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    person.press("mem").await;
    person.see(".found-row:first-child[aria-selected='true']").await;
    person.see_text("Memory Game").await;
    person.press(Key::Enter).await;
    person.see("iframe#iframe-memory-game:not([hidden])").await;
    person.until(CLOSED, 0).await;
    person.focus_on("#component-search").await;

    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    person.press("no such thing").await;
    person.see_text("Nothing found").await;
    person.press(Key::Escape).await;
    person.until(CLOSED, 0).await;
    person.focus_on("#component-search").await;

    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    person.press("go to").await;
    person.press(Key::Down).await;
    person
        .until(
            "const input = document.activeElement;
             const row = document.getElementById(input.getAttribute('aria-activedescendant'));
             return row.ariaSelected === 'true' && row.textContent.startsWith('Go to Insights')",
            0,
        )
        .await;
    person.press(Key::Enter).await;
    person.see("main.insights").await;
    person.focus_on("main").await;

    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    person.press("delete").await;
    person.press(Key::Enter).await;
    person.focus_on("#privacy").await;
    person.press(Key::Escape).await;
    person.focus_on("#tracking-chip").await;
    person.leave().await;
}

#[tokio::test]
async fn names_in_any_script_are_found_in_the_list_the_palette_and_the_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.json");
    let names = [
        ("a", "\u{130}stanbul"),
        ("b", "Cafe\u{301}"),
        ("c", "\u{dc}bersicht"),
        ("d", "Stra\u{df}e"),
    ];
    let entries = names.map(|(hash, name)| {
        format!(r#"{{"hash":"{hash}","name":"{name}","concrete":{{"implementation":"components/welcome.html"}}}}"#)
    });
    std::fs::write(&file, format!(r#"{{"components":[{}]}}"#, entries.join(","))).unwrap();
    let site = Site::start(Some(&file)).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    let typed =
        [("istanbul", "a"), ("caf\u{e9}", "b"), ("u\u{308}bersicht", "c"), ("STRASSE", "d")];
    for (text, hash) in typed {
        person.see_loaded().await;
        person.click("#component-search").await;
        person.press(Key::Control + "a").await;
        person.press(text).await;
        person.until(&format!("return [...document.querySelectorAll('.component-item')].map(e => e.dataset.hash).join() === '{hash}'"), 0).await;
        person.press(Key::Enter).await;
        person.see(&format!("iframe#iframe-{hash}:not([hidden])")).await;
        person.press(Key::Control + "k").await;
        person.focus_on("#palette-input").await;
        person.press(text).await;
        let name = names.iter().find(|(known, _)| *known == hash).unwrap().1;
        person
            .until(
                &format!(
                    "return document.querySelector('.found-row span')?.textContent === '{name}'"
                ),
                0,
            )
            .await;
        person.press(Key::Escape).await;
        person.until(CLOSED, 0).await;
    }
    site.rows_until(|rows| rows.iter().any(|row| row["component_hash"] == "d")).await;
    for of in ["", "&of=device"] {
        for (text, _) in typed {
            person.go("#/sessions").await;
            person.go(&format!("#/sessions?search={text}{of}")).await;
            person.see(".session-row").await;
        }
        person.go(&format!("#/sessions?search=nowhere{of}")).await;
        person.see("body:not(:has(.session-row))").await;
    }
    person.leave().await;
}

#[tokio::test]
async fn keys_go_to_pages_but_not_while_somebody_types() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for (keys, sign) in
        [("gi", "main.insights"), ("gl", "main .stats"), ("gs", "input[name='search']")]
    {
        person.press(keys).await;
        person.see(sign).await;
        person.focus_on("main").await;
    }
    person.press("/").await;
    person.focus_on("#component-search").await;
    person.press("gi?t").await;
    assert_eq!(person.run("return document.activeElement.value").await, "gi?t");
    assert!(person.run("return location.hash").await.starts_with("#/component/"));
    person.press(Key::Escape).await;
    person.press(Key::Tab).await;
    person.press("?").await;
    person.focus_on("#help-close").await;
    person.see_text("A component keeps the keys").await;
    person.click(".help > .button").await;
    person.press(Key::Escape).await;
    person.until(CLOSED, 0).await;
    person.press("gi").await;
    // What needs two keys at once still works, and what comes after it shows that the others did not.
    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    assert!(person.run("return location.hash").await.starts_with("#/component/"));
    person.leave().await;
}

#[tokio::test]
async fn without_a_mouse_one_comes_from_the_question_to_the_funnel() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    // The first place of the page leads past its head, the next ones are the question.
    person.press(Key::Tab).await;
    person.focus_on(".skip-link").await;
    for place in [".consent-text .link", ".consent-answers button:first-child"] {
        person.press(Key::Tab).await;
        person.focus_on(place).await;
    }
    person.press(Key::Tab).await;
    person.focus_on(".consent-answers button:last-child").await;
    person.press(Key::Enter).await;
    person.focus_on("main").await;
    // Where the question was are the hints; all of them are read.
    person.press_until(Key::Tab, ".hints .button").await;
    for number in ["1 of 3", "2 of 3", "3 of 3"] {
        person.see_text(number).await;
        person.press(Key::Enter).await;
    }
    person.see("body:not(:has(.hints))").await;
    person.press("/").await;
    person.focus_on("#component-search").await;
    person.press("hero").await;
    person.press(Key::Enter).await;
    person.see("iframe#iframe-hero-content:not([hidden])").await;
    // Down in the list from there.
    person.press(Key::Control + "a").await;
    person.press(Key::Delete).await;
    person.press_until(Key::Down, "[data-hash='p2p-status']").await;
    person.press(Key::Enter).await;
    person.see("iframe#iframe-p2p-status:not([hidden])").await;
    site.rows_until(|rows| told(rows).contains(&"visit p2p-status from hero-content".to_owned()))
        .await;
    person.press("gi").await;
    person.focus_on("main").await;
    person.press_until(Key::Tab, "#panel-Funnel .funnel-pick a").await;
    person.press(Key::Enter).await;
    person
        .until("return location.hash.endsWith('funnel=welcome,hero-content,p2p-status,welcome')", 0)
        .await;
    person.press_until(Key::Tab, "#panel-Funnel summary").await;
    person.press(Key::Enter).await;
    person
        .until(
            "const rows = [...document.querySelectorAll('#panel-Funnel details[open] tbody tr')];
             return rows.map(r => r.cells[1].textContent).join(' ') === '1 1 1 0'",
            0,
        )
        .await;
    person.leave().await;
}

#[tokio::test]
async fn the_focus_is_never_lost() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/component/missing-page").await;
    let somewhere = "const e = document.activeElement;
        return !!e && e !== document.body && e.isConnected && !e.closest('[hidden]')
            && e.checkVisibility({ visibilityProperty: true })";
    // The question goes with its answer, and the strip with its button.
    person.press_until(Key::Tab, ".consent-answers button:first-child").await;
    person.press(Key::Enter).await;
    person.see("body:not(:has(.consent-answers))").await;
    person.until(somewhere, 0).await;
    person.see(".failure").await;
    person.press_until(Key::Tab, ".failure button").await;
    person.press(Key::Enter).await;
    person.until(somewhere, 0).await;
    // What is focused goes with its page.
    person.see_text("HTTP 404").await;
    person.press("/").await;
    person.focus_on("#component-search").await;
    person.go("#/live").await;
    person.see("main .stats").await;
    person.until(somewhere, 0).await;
    person.back().await;
    person.see("iframe#iframe-missing-page:not([hidden])").await;
    person.until(somewhere, 0).await;
    // The list has no place in a small window.
    person.click("#component-search").await;
    person.focus_on("#component-search").await;
    person.click("#component-search").await;
    person.resize(390, 844).await;
    person
        .until(
            "return getComputedStyle(document.querySelector('.sidebar')).visibility === 'hidden'",
            0,
        )
        .await;
    person.until(somewhere, 0).await;
    // Its drawer takes the focus, and gives it back.
    person.press_until(Key::Tab, "#list-button").await;
    person.press(Key::Enter).await;
    person.focus_on("#component-search").await;
    person.press_until(Key::Down, "[data-hash='hero-content']").await;
    person.press(Key::Enter).await;
    person.see("iframe#iframe-hero-content:not([hidden])").await;
    person.focus_on("#list-button").await;
    person.leave().await;
}
