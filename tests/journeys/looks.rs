//! Themes, sizes, hints, paper, and what others see of the page.

use thirtyfour::Key;

use crate::support::{Person, Site};

/// The colours of the page, of a panel and of the accent.
const COLOURS: &str = "const of = (s, p) => getComputedStyle(document.querySelector(s))[p];
    return of('body', 'backgroundColor') + of('.top-bar', 'backgroundColor') + of('.brand .icon', 'color')";

#[tokio::test]
async fn the_page_follows_the_system_until_the_person_chooses() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.prefer(&[("prefers-color-scheme", "light")]).await;
    let light = person.run(COLOURS).await;
    person.prefer(&[("prefers-color-scheme", "dark")]).await;
    let dark = person.run(COLOURS).await;
    assert_ne!(light, dark);
    person.press("t").await;
    person.see("html[data-theme='light']").await;
    assert_eq!(person.run(COLOURS).await, light);
    // The components follow.
    person.see_theme_inside("welcome", "light").await;
    person.click("button[aria-label='Switch between light and dark']").await;
    person.see("html[data-theme='dark']").await;
    assert_eq!(person.run(COLOURS).await, dark);
    person.see_theme_inside("welcome", "dark").await;
    person.prefer(&[("prefers-contrast", "more"), ("prefers-reduced-motion", "reduce")]).await;
    assert_ne!(person.run(COLOURS).await, dark);
    person.press(Key::Control + "k").await;
    person.see("dialog[open]").await;
    person.until("return document.getAnimations().length === 0", 0).await;
    person.leave().await;
}

#[tokio::test]
async fn the_theme_that_was_chosen_lasts_with_or_without_tracking() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.prefer(&[("prefers-color-scheme", "light")]).await;
    person.see_loaded().await;
    let kept = "return Object.keys(localStorage).sort().join(' ')";
    assert_eq!(person.run(kept).await, "");
    person.press("t").await;
    person.see("html[data-theme='dark']").await;
    assert_eq!(person.run(kept).await, "clm_theme");
    person.run("location.reload(); return ''").await;
    person.see("html[data-theme='dark']").await;
    person.see_theme_inside("welcome", "dark").await;
    person.click(".consent-answers button:first-child").await;
    person.run("location.reload(); return ''").await;
    person.see("html[data-theme='dark']").await;
    assert_eq!(person.run(kept).await, "analytics_consent clm_theme");
    // The panel says so.
    person.click(".chip").await;
    person.see_text("the theme you chose").await;
    person.leave().await;
}

/// Both answers can be seen and clicked.
const ANSWERS_IN_SIGHT: &str = "const all = [...document.querySelectorAll('.consent-answers button')];
    return all.length === 2 && all.every(button => {
        const at = button.getBoundingClientRect();
        return at.top >= 0 && at.bottom <= innerHeight && at.left >= 0 && at.right <= innerWidth
            && button.contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2));
    })";

#[tokio::test]
async fn both_answers_are_in_sight_at_any_size_and_the_list_of_commands_is_in_reach() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.click(".consent-text .link").await;
    person.see(".consent pre").await;
    // The last two are 1440x900 and 1280x720 at 400 %.
    for (width, height) in
        [(1440, 900), (768, 1024), (390, 844), (390, 500), (360, 225), (320, 180)]
    {
        person.resize(width, height).await;
        person.until(ANSWERS_IN_SIGHT, 0).await;
    }
    person.resize(390, 844).await;
    person.click(".consent-answers button:first-child").await;
    // What has no button here is found by its name.
    for (name, sign) in [("shortcuts", ".help dl"), ("privacy", "#privacy")] {
        person.click(".top-bar button[aria-label^='Find anything']").await;
        person.focus_on("#palette-input").await;
        person.press(name).await;
        person.press(Key::Enter).await;
        person.see(sign).await;
        person.press(Key::Escape).await;
    }
    person.click(".top-bar button[aria-label^='Find anything']").await;
    person.see_text("Copy the address of this view").await;
    person.leave().await;
}

#[tokio::test]
async fn the_hint_about_the_list_waits_until_the_list_is_there() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "#/insights").await;
    person.see("main.insights").await;
    person.click(".consent-answers button:first-child").await;
    person.see("body:not(:has(.consent))").await;
    assert_eq!(person.run("return String(!!document.querySelector('.hints'))").await, "false");
    person.click(".top-bar .tab:first-child").await;
    person.see_text("1 of 3").await;
    person.click(".hints .button").await;
    person.see_text("2 of 3").await;
    person.click(".top-bar .tab:nth-child(2)").await;
    person.see("main.insights").await;
    person.see_text("2 of 3").await;
    person.leave().await;
}

#[tokio::test]
async fn the_hints_are_put_away_for_good() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    assert_eq!(person.run("return String(!!document.querySelector('.hints'))").await, "false");
    person.click(".consent-answers button:first-child").await;
    person.see_text("1 of 3").await;
    person.run("location.reload(); return ''").await;
    person.see_text("1 of 3").await;
    person.click(".hints .link").await;
    person.see("body:not(:has(.hints))").await;
    person.run("location.reload(); return ''").await;
    person.see_loaded().await;
    assert_eq!(person.run("return String(!!document.querySelector('.hints'))").await, "false");
    let kept = person.run("return Object.keys(localStorage).sort().join(' ')").await;
    assert_eq!(kept, "analytics_consent clm_hints");
    person.press(Key::Control + "k").await;
    person.focus_on("#palette-input").await;
    person.press("hints").await;
    person.press(Key::Enter).await;
    person.see_text("1 of 3").await;
    person.leave().await;
}

#[tokio::test]
async fn nothing_is_cut_off_at_any_size() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    // The third is 1440x900 at 200 %.
    for (width, height) in [(390, 844), (768, 1024), (720, 450), (1440, 900), (2560, 1440)] {
        person.resize(width, height).await;
        for (fragment, sign) in [
            ("#/component/welcome", ".viewer-name"),
            ("#/insights?range=1h", "#panel-Visits svg"),
            ("#/sessions", ".filters"),
            ("#/live", ".stats"),
        ] {
            person.go(fragment).await;
            person.see(sign).await;
            let wide = "const out = [...document.querySelectorAll('body, main, .top-bar, .card, .top-bar *')].filter(e =>
                    e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'hidden' && e.clientWidth > 1
                    || e.getBoundingClientRect().right > innerWidth + 1));
                return out.map(e => e.tagName + '.' + e.className).join(', ')";
            assert_eq!(person.run(wide).await, "", "{fragment} at {width}");
        }
    }
    person.leave().await;
}

#[tokio::test]
async fn on_paper_insights_are_charts_and_numbers() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    person.go("#/insights?range=1h").await;
    person.see("#panel-Visits svg").await;
    person.click("#panel-Visits summary").await;
    person.see("#panel-Visits tbody td").await;
    person.on_paper().await;
    let seen = |selector: &str| {
        format!(
            "return String([...document.querySelectorAll(\"{selector}\")].some(e => e.checkVisibility({{ contentVisibilityAuto: true }})))"
        )
    };
    for (selector, shown) in [
        ("#panel-Visits svg", "true"),
        ("#panel-Visits tbody td", "true"),
        (".top-bar", "false"),
        (".exports", "false"),
        (".hints", "false"),
        (".page-actions", "false"),
    ] {
        assert_eq!(person.run(&seen(selector)).await, shown, "{selector}");
    }
    person.leave().await;
}

#[tokio::test]
async fn each_view_has_its_title_and_the_page_can_be_installed_and_shared() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    for (fragment, title) in [
        ("#/component/calculator", "Calculator"),
        ("#/insights", "Insights"),
        ("#/sessions", "Sessions"),
        ("#/sessions/session_1_0000", "Session"),
        ("#/live", "Live"),
    ] {
        person.go(fragment).await;
        person.until(&format!("return document.title === '{title} · CLM Dashboard'"), 0).await;
    }
    // Everything that the head and the manifest name is there, and is what it says.
    let named = "const found = [];
        const size = async (url, of) => { const image = new Image(); image.src = url; await image.decode(); found.push(of + ' ' + image.naturalWidth); };
        (async () => {
            const manifest = await (await fetch(document.querySelector('link[rel=manifest]').href)).json();
            for (const icon of manifest.icons.filter(icon => icon.type === 'image/png')) await size(icon.src, icon.sizes);
            await size(document.querySelector('link[rel=apple-touch-icon]').href, 'touch');
            await size(document.querySelector('meta[property=\"og:image\"]').content, 'preview');
            await size(document.querySelector('link[rel=icon]').href, 'icon');
        })().then(() => window.named = found.join(', '), error => window.named = String(error))";
    person.evaluate(named).await;
    person.until("return !!window.named", 0).await;
    let named = person.run("return window.named").await;
    assert!(
        named.starts_with("192x192 192, 512x512 512, 512x512 512, touch 180, preview 1200, icon"),
        "{named}"
    );
    person.leave().await;
}

#[tokio::test]
async fn what_was_done_is_said_once_and_goes() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    site.rows_until(|rows| !rows.is_empty()).await;
    person.go("#/insights?range=1h").await;
    person.click("#panel-Visits summary").await;
    person.click("#panel-Visits .exports button").await;
    person.until("return /^Saved as clm-visits-\\d{4}-\\d\\d-\\d\\d-to-\\d{4}-\\d\\d-\\d\\d\\.csv$/.test(document.querySelector('[role=status]#toast').textContent)", 0).await;
    person.until("return document.querySelector('#toast').textContent === ''", 0).await;
    person.leave().await;
}

/// The top bar of a document: what is read, and the picture beside it.
const TOP_BAR: &str = "const top = d => [...d.querySelectorAll('.top-bar .brand, .top-bar .tab')]
    .map(e => e.className + e.textContent.trim() + (e.querySelector('path')?.getAttribute('d') ?? '')).join('; ');";

#[tokio::test]
async fn the_first_paint_is_what_the_program_goes_on_with() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    let here = person.run(&format!("{TOP_BAR} return top(document)")).await;
    assert!(here.contains("tabInsights"), "{here}");
    let sent = person
        .run(&format!(
            "{TOP_BAR} return fetch('/').then(answer => answer.text())
                .then(html => top(new DOMParser().parseFromString(html, 'text/html')))"
        ))
        .await;
    assert_eq!(sent, here);
    person.leave().await;
}
