//! Whose pages may be in a frame, and what they may read there: components of other origins, and pages
//! of our own that would like our origin.

use std::path::{Path, PathBuf};

use registry::Registry;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Person, Site,
    hosts::{Host, Otherwise},
    told::told,
};

/// Says whether it can read what the dashboard stores.
const THIEF: &str = "<!doctype html><title>thief</title><p id=found></p><script>
    let found;
    try { found = 'read ' + localStorage.getItem('clm_user_secret'); } catch { found = 'refused'; }
    document.getElementById('found').textContent = found;
    </script>";

/// A registry file whose entries are written when the addresses are known.
struct Entries(TempDir);

impl Entries {
    fn new() -> Self {
        let entries = Self(tempfile::tempdir().unwrap());
        entries.write(&[]);
        entries
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("registry.json")
    }

    /// Beside one that is there from the start.
    fn write(&self, entries: &[(&str, String)]) {
        let home = json!({ "hash": "home", "concrete": { "implementation": "components/welcome.html", "ready": "message" } });
        let others = entries.iter().map(|(hash, implementation)| {
            let sandbox = "allow-scripts allow-same-origin";
            json!({ "hash": hash, "concrete": { "implementation": implementation, "sandbox": sandbox } })
        });
        let components: Vec<Value> = std::iter::once(home).chain(others).collect();
        std::fs::write(self.file(), json!({ "components": components }).to_string()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn a_component_of_another_origin_loads_and_says_so_once() {
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("ok.html"), "<!doctype html><h1 id=ok>hello</h1>")
        .unwrap();
    let host = Host::files(elsewhere.path(), "/", Otherwise::NotFound).await;
    let entries = Entries::new();
    let bare = host.page.strip_prefix("http:").unwrap();
    entries.write(&[
        ("named", format!("{}ok.html", host.page)),
        ("capitals", format!("HTTP:{bare}ok.html")),
        ("relative", format!("{bare}ok.html")),
    ]);
    let site = Site::start(Some(&entries.file())).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    for hash in ["named", "capitals", "relative"] {
        person.open(hash).await;
        person.see_inside(hash, "#ok").await;
        person.see_loaded().await;
    }
    person.open("home").await;
    let rows =
        site.rows_until(|rows| told(rows).contains(&"visit home from relative".to_owned())).await;
    for hash in ["named", "capitals", "relative"] {
        let of_it: Vec<String> =
            told(&rows).into_iter().filter(|text| text.contains(&format!("d {hash}"))).collect();
        assert_eq!(of_it, [format!("component_loaded {hash}")], "{:?}", told(&rows));
    }
    assert!(rows.iter().all(|row| row["event"] != "component_error"), "{:?}", told(&rows));
    assert_eq!(person.console_errors().await, Vec::<String>::new());
    person.leave().await;
}

#[tokio::test]
async fn a_site_that_is_not_there_is_an_error_of_its_component_once() {
    let entries = Entries::new();
    // A port that was free a moment ago, and nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    entries.write(&[("gone", format!("http://127.0.0.1:{port}/ok.html"))]);
    let site = Site::start(Some(&entries.file())).await;
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.see_loaded().await;
    person.open("gone").await;
    person.see_text("The site cannot be reached").await;
    person.open("home").await;
    let rows =
        site.rows_until(|rows| told(rows).contains(&"visit home from gone".to_owned())).await;
    let of_it: Vec<String> = told(&rows)
        .into_iter()
        .filter(|text| text.starts_with("error") || text.starts_with("component_loaded gone"))
        .collect();
    assert_eq!(of_it, ["error gone network"], "{:?}", told(&rows));
    person.leave().await;
}

#[tokio::test]
async fn the_page_may_frame_and_ask_whom_the_registry_of_this_project_names() {
    let site = Site::start(None).await;
    let refusals = "window.refusals = [];
        document.addEventListener('securitypolicyviolation', e => refusals.push(e.effectiveDirective + ' ' + e.blockedURI));";
    let person = Person::arrive_listening(&site, refusals).await;
    person.see_loaded().await;
    let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
    let external: Vec<_> =
        registry.components.iter().filter(|component| component.is_external()).collect();
    assert_eq!(external.len(), 4);
    // Whether there is a way to them is the network's affair; that the policy lets them through is ours.
    for component in external {
        person.open(&component.hash).await;
        person
            .until("return /^(loaded|failed|error)|does not work/i.test(document.querySelector('.viewer-status').textContent) || !!document.querySelector('.failure')", 0)
            .await;
    }
    assert_eq!(person.run("return refusals.join()").await, "");
    person.leave().await;
}

#[tokio::test]
async fn a_page_of_our_own_reads_nothing_however_it_is_reached() {
    let dist = tempfile::tempdir().unwrap();
    copy(Path::new(&std::env::var("CLM_DIST").unwrap()), dist.path());
    std::fs::write(dist.path().join("components/thief.html"), THIEF).unwrap();
    let entries = Entries::new();
    let site = Site::start_with(Some(&entries.file()), |command| {
        command.env("CLM_DIST", dist.path());
    });
    let thief = format!("{}/components/thief.html", site.address);
    let elsewhere = tempfile::tempdir().unwrap();
    let hop = format!("<!doctype html><script>location = '{thief}'</script>");
    std::fs::write(elsewhere.path().join("hop.html"), hop).unwrap();
    let host = Host::files(elsewhere.path(), "/", Otherwise::NotFound).await;
    let bare = thief.strip_prefix("http:").unwrap();
    entries.write(&[
        ("plain", "components/thief.html".into()),
        ("rooted", "/components/thief.html".into()),
        ("absolute", thief.clone()),
        ("capitals", format!("HTTP:{bare}")),
        ("relative", bare.to_owned()),
        ("hop", format!("{}hop.html", host.page)),
    ]);
    let person = Person::arrive(&site, "").await;
    person.agree().await;
    person.until("return !!localStorage.getItem('clm_user_secret')", 0).await;
    for hash in ["plain", "rooted", "absolute", "capitals", "relative", "hop"] {
        person.open(hash).await;
        let found = person.read_inside(hash, "#found").await;
        assert_eq!(found, "refused", "{hash}");
    }
    person.visit(&thief).await;
    person.see_text("refused").await;
    person.leave().await;
}

#[tokio::test]
async fn every_component_of_ours_works_in_its_frame_and_opened_directly() {
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
    // Three are there to fail.
    let fails = ["crash-test", "missing-page", "never-ready"];
    let ours: Vec<_> = registry
        .components
        .iter()
        .filter(|component| !component.is_external() && !fails.contains(&&*component.hash))
        .collect();
    assert!(ours.len() >= 12);
    for component in &ours {
        person.open(&component.hash).await;
        person.see_loaded().await;
    }
    assert_eq!(person.console_errors().await, Vec::<String>::new());
    for component in ours {
        person.visit(&format!("{}/{}", site.address, component.implementation)).await;
        person.until("return document.readyState === 'complete' && document.body.innerText.trim() !== ''", 0).await;
        let origin = person.run("return window.origin").await;
        assert_eq!(origin, "null", "{}", component.hash);
    }
    let errors = person.console_errors().await;
    assert_eq!(errors, Vec::<String>::new());
    person.leave().await;
}
