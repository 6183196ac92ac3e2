//! Every page and state that a person comes to, one after the other.

use thirtyfour::Key;

use super::Person;

const CLOSED: &str = "return !document.querySelector('dialog[open]')";

/// Walks a person who has just arrived through all of them, in a window of any size, and lets `look`
/// look at each. Insights are asked about `range`.
pub async fn walk(person: &Person, range: &str, mut look: impl AsyncFnMut(&str)) {
    person.see_loaded().await;
    look("question").await;
    person.click(".consent .link").await;
    look("question-details").await;
    person.go("#/live").await;
    person.see_text("In memory until you answer").await;
    look("live-waiting").await;
    person.go("#/component/welcome").await;
    person.agree().await;
    person.see(".hints").await;
    look("hints").await;
    person.click(".hints .link").await;
    over_the_page(person, &mut look).await;
    dashboard(person, &mut look).await;
    insights(person, range, &mut look).await;
    sessions(person, &mut look).await;
    person.go("#/live").await;
    person.click(".event-row").await;
    look("live").await;
}

async fn over_the_page(person: &Person, look: &mut impl AsyncFnMut(&str)) {
    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    look("palette").await;
    person.press("zzzz").await;
    person.see_text("Nothing found").await;
    look("palette-empty").await;
    person.press(Key::Escape).await;
    person.until(CLOSED, 0).await;
    person.press("?").await;
    person.focus_on("#help-close").await;
    look("shortcuts").await;
    person.press(Key::Escape).await;
    person.until(CLOSED, 0).await;
    person.click("#tracking-chip").await;
    person.focus_on("#privacy").await;
    look("privacy").await;
    person.press(Key::Escape).await;
}

async fn dashboard(person: &Person, look: &mut impl AsyncFnMut(&str)) {
    for (hash, sign) in [
        ("crash-test", ".failure.strip"),
        ("missing-page", ".failure:not(.strip)"),
        ("hero-content", "iframe#iframe-hero-content:not([hidden])"),
    ] {
        person.go(&format!("#/component/{hash}")).await;
        person.see(sign).await;
        if hash == "hero-content" {
            person.see_loaded().await;
        }
        look(&format!("dashboard-{hash}")).await;
    }
    // A drawer in a small window.
    person.press("/").await;
    person.focus_on("#component-search").await;
    look("dashboard-list").await;
    person.press(Key::Escape).await;
}

async fn insights(person: &Person, range: &str, look: &mut impl AsyncFnMut(&str)) {
    person.go(&format!("#/insights?range={range}")).await;
    person.see("#panel-Visits svg").await;
    person.see("#panel-Loads svg").await;
    look("insights").await;
    person.run("document.querySelector('#panel-Paths').scrollIntoView(); return ''").await;
    look("insights-paths").await;
    person.run("document.querySelectorAll('details:not([open]) summary').forEach(s => s.click()); return ''").await;
    person.run("document.querySelector('#panel-Visits').scrollIntoView(); return ''").await;
    look("insights-numbers").await;
    person.go("#/insights?range=custom&from=2001-01-01&to=2001-01-02").await;
    person.see("#nothing").await;
    look("insights-empty").await;
}

async fn sessions(person: &Person, look: &mut impl AsyncFnMut(&str)) {
    person.go("#/sessions").await;
    person.see("main .page-head button").await;
    person.click("main .page-head button").await;
    person.see(".session-row").await;
    look("sessions").await;
    person.go("#/sessions?search=zzzz").await;
    person.see_text("No sessions found").await;
    look("sessions-empty").await;
    person.back().await;
    person.click(".session-row").await;
    person.see("#timeline svg .visit").await;
    look("session").await;
    person.click("#replay").await;
    person.see(".replay").await;
    look("session-replay").await;
    person.click(".replay > .button:not(.primary)").await;
    person.see("#timeline").await;
}
