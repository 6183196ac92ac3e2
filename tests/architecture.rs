//! Who may know whom, asserted.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let mut names = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section == "dependencies";
            names.extend(section.strip_prefix("dependencies.").map(str::to_owned));
        } else if inside && let Some(name) = line.split(['.', ' ', '=']).next() {
            names.push(name.to_owned());
        }
    }
    names.retain(|name| !name.is_empty() && !name.starts_with('#'));
    names
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

fn must_not_say(folder: &str, words: &[&str]) {
    for path in sources(folder) {
        let text = fs::read_to_string(&path).unwrap();
        for word in words {
            assert!(!text.contains(word), "{} says {word:?}", path.display());
        }
    }
}

#[test]
fn the_core_depends_on_no_clock_randomness_async_or_browser() {
    let allowed = ["httpdate", "serde", "serde_json", "sha2", "thiserror"];
    for name in dependencies("crates/tracking/Cargo.toml") {
        assert!(allowed.contains(&name.as_str()), "crates/tracking depends on {name}");
    }
    must_not_say("crates/tracking/src", &["SystemTime::now", "Instant", "async fn", "rand::"]);
}

#[test]
fn insights_know_events_and_nothing_else() {
    let allowed = ["serde", "tracking", "proptest"];
    for name in dependencies("crates/insights/Cargo.toml") {
        assert!(allowed.contains(&name.as_str()), "crates/insights depends on {name}");
    }
}

#[test]
fn a_registry_is_read_without_a_clock_a_browser_or_a_file() {
    let allowed = ["serde", "serde-saphyr", "serde_json", "thiserror", "url"];
    for name in dependencies("crates/registry/Cargo.toml") {
        assert!(allowed.contains(&name.as_str()), "crates/registry depends on {name}");
    }
    must_not_say("crates/registry/src", &["std::fs", "std::time", "async fn"]);
}

#[test]
fn the_app_never_imports_the_server_and_the_server_never_the_app() {
    assert!(!dependencies("Cargo.toml").contains(&"server".to_owned()));
    assert!(!dependencies("crates/server/Cargo.toml").contains(&"clm-dashboard".to_owned()));
}

#[test]
fn views_never_touch_the_tracker_storage_or_the_network() {
    for folder in ["src/components", "src/pages"] {
        must_not_say(
            folder,
            &["crate::tracking", "use tracking", "gloo_net", "local_storage", "fetch_with"],
        );
    }
}

#[test]
fn only_the_tracking_room_opens_the_browsers_storage() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        let tracking = path.starts_with(root().join("src/tracking"));
        assert!(tracking || !text.contains("local_storage"), "{}", path.display());
    }
}

#[test]
fn the_store_does_not_know_who_watches_it() {
    must_not_say("src/store", &["crate::tracking", "crate::frames", "crate::pages"]);
}

#[test]
fn the_composition_root_stays_small() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
}
