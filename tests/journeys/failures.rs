//! What breaks says so, and the rest goes on.

use std::path::Path;

use serde_json::Value;

use crate::support::{Person, Site, told::told};

#[tokio::test]
async fn each_broken_component_is_one_error_and_the_page_lives_on() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    for hash in ["crash-test", "missing-page", "never-ready"] {
        person.open(hash).await;
        person.see(".failure").await;
    }
    person.open("welcome").await;
    person.see_loaded().await;
    let rows = site
        .rows_until(|rows| {
            told(rows).iter().filter(|text| text.starts_with("error")).count() >= 3
                && told(rows).iter().any(|text| text == "visit welcome from never-ready")
        })
        .await;
    let errors: Vec<_> = told(&rows).into_iter().filter(|text| text.starts_with("error")).collect();
    assert_eq!(
        errors,
        ["error crash-test exception", "error missing-page http", "error never-ready timeout"]
    );
    person.leave().await;
}

/// The built page in a folder of its own, where a test may add files.
fn copy_of_the_page(to: &Path) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (from, to) = {
                let entry = entry.unwrap();
                (entry.path(), to.join(entry.file_name()))
            };
            if from.is_dir() {
                copy(&from, &to);
            } else {
                std::fs::copy(&from, &to).unwrap();
            }
        }
    }
    copy(Path::new(&std::env::var("CLM_DIST").unwrap()), to);
}

/// The browser lists 250 requests of a page and no more.
const FILL_THE_LIST: &str =
    "Promise.all(Array.from({ length: 300 }, (_, i) => fetch('config.json?' + i)
    .then(answer => answer.text()))).then(() => window.full = true); return ''";

#[tokio::test]
async fn a_page_that_is_missing_is_never_loaded_however_many_requests_there_were() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    copy_of_the_page(&dist);
    let file = folder.path().join("registry.json");
    let registry = r#"{"components":[
        {"hash":"home","name":"Home","concrete":{"implementation":"components/welcome.html","ready":"message"}},
        {"hash":"gone","name":"Gone","concrete":{"implementation":"components/gone.html"}},
        {"hash":"lost","name":"Lost","concrete":{"implementation":"components/lost.html","ready":"message"}}]}"#;
    std::fs::write(&file, registry).unwrap();
    let site = Site::start_with(Some(&file), |server| {
        server.env("CLM_DIST", &dist);
    });
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    person.open("gone").await;
    person.see_text("The component's page answers HTTP 404.").await;
    person.run(FILL_THE_LIST).await;
    person.until("return window.full === true", 0).await;
    // The first load after the list was full, and the second of one that failed before.
    person.open("lost").await;
    person.see_text("The component's page answers HTTP 404.").await;
    person.open("gone").await;
    person.click(".failure button").await;
    person.see_text("The component's page answers HTTP 404.").await;
    // The page is put there: the newest load counts, not the ones before.
    std::fs::write(dist.join("components/gone.html"), "<!doctype html><title>x</title>Here")
        .unwrap();
    person.click(".failure button").await;
    person.see_loaded().await;
    // And it goes again.
    std::fs::remove_file(dist.join("components/gone.html")).unwrap();
    person.click(".viewer-bar [aria-label='Reload this component']").await;
    person.see_text("The component's page answers HTTP 404.").await;
    let errors = |rows: &[Value]| {
        told(rows).into_iter().filter(|row| row.starts_with("error")).collect::<Vec<_>>()
    };
    let rows = site.rows_until(|rows| errors(rows).len() == 4).await;
    let gone = "error gone http";
    assert_eq!(errors(&rows), [gone, "error lost http", gone, gone]);
    let loads = told(&rows).into_iter().filter(|row| row.starts_with("component_loaded"));
    assert_eq!(loads.collect::<Vec<_>>(), ["component_loaded home", "component_loaded gone"]);
    person.leave().await;
}

#[tokio::test]
async fn a_bad_registry_says_what_is_wrong_and_a_retry_helps() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.json");
    std::fs::write(&file, r#"{"components":[]}"#).unwrap();
    let site = Site::start(Some(&file)).await;
    let person = Person::arrive(&site, "").await;
    person.see_text("The registry lists no components.").await;
    let entry = |hash: &str, page: &str| {
        format!(r#"{{"hash":"{hash}","name":"{hash}","concrete":{{"implementation":"{page}"}}}}"#)
    };
    let registry = format!(
        r#"{{"components":[{},{}]}}"#,
        entry("good", "components/welcome.html"),
        entry("bad", "javascript:alert(1)")
    );
    std::fs::write(&file, registry).unwrap();
    person.click("[role='alert'] button").await;
    person.see("iframe#iframe-good").await;
    person.see_text("part of the registry cannot be used").await;
    person.leave().await;
}

#[tokio::test]
async fn what_goes_wrong_in_the_page_itself_is_told_of_the_component_in_front() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.agree().await;
    person.evaluate("setTimeout(() => { throw new Error('a slip') })").await;
    person.evaluate("void Promise.reject(new TypeError('a broken promise'))").await;
    let failures = |rows: &[Value]| {
        let failed = rows.iter().filter(|row| row["event"] == "component_error");
        let told = failed.map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("component_hash"), text("error_kind"), text("error_message"))
        });
        told.collect::<std::collections::BTreeSet<_>>()
    };
    let rows = site.rows_until(|rows| failures(rows).len() == 2).await;
    let expected = [
        ("welcome", "exception", "Uncaught Error: a slip"),
        ("welcome", "unhandled_rejection", "a broken promise"),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(failures(&rows), expected.into());
    person.leave().await;
}

#[tokio::test]
async fn a_panic_of_our_own_is_shown_told_and_survived() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.agree().await;
    // An extension breaks what the framework stands on.
    person
        .evaluate("Node.prototype.insertBefore = () => { throw new Error('broken') }; location.hash = '#/live'")
        .await;
    person.see_text("The dashboard stopped").await;
    let rows = site
        .rows_until(|rows| told(rows).iter().any(|text| text == "error (dashboard) exception"))
        .await;
    let failures = rows.iter().filter(|row| row["event"] == "component_error").count();
    assert_eq!(failures, 1);
    person.click(".crash a").await;
    person.see_loaded().await;
    person.leave().await;
}

#[tokio::test]
async fn an_odd_value_in_a_registry_leaves_the_other_components() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("registry.yaml");
    std::fs::write(
        &file,
        "components:\n  \
         - {hash: home, name: Home, concrete: {implementation: components/welcome.html, ready: message}}\n  \
         - {hash: 5e10, name: 2048, concrete: {implementation: components/memory-game.html, ready: message}}\n  \
         - {hash: odd, name: [Odd], concrete: {implementation: components/calculator.html}}\n  \
         - {hash: none, concrete: null}\n  \
         - 7\n  \
         - 8\n",
    )
    .unwrap();
    let site = Site::start(Some(&file)).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    person.see_text("Entry 3: name of odd is a list; the hash is shown instead").await;
    person.see_text("Entry 4: none has no implementation").await;
    // The others wait until somebody asks, so that the component stays in sight.
    person.click("details.notice summary").await;
    person.see_text("Entry 6: it must be an object, but is a number").await;
    let names = "return [...document.querySelectorAll('.component-item')].map(e => e.dataset.hash + ' ' + e.innerText.split('\\n')[0]).join()";
    assert_eq!(person.run(names).await, "home Home,5e10 2048,odd odd");
    person.click(".component-item[data-hash='5e10']").await;
    person.until("return !!document.getElementById('iframe-5e10')", 0).await;
    person.see_loaded().await;
    person.leave().await;
}
