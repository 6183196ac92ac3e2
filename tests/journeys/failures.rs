//! What breaks says so, and the rest goes on.

use crate::{
    support::{Person, Site},
    told,
};

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
    person.see_text("has an entry that cannot be shown").await;
    person.leave().await;
}
