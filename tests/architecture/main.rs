//! Who may know whom, asserted. Imports are read with a parser; see `imports`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod imports;

use std::{fs, path::Path};

use imports::{Crate, names};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// No file of `src` whose module begins with one of `rooms` names a path with one of `forbidden` in it.
fn must_not_name(src: &str, rooms: &[&str], forbidden: &[&str]) {
    let read = Crate::read(&root().join(src));
    let is_in = |module: &str, room: &str| {
        let rest = module.strip_prefix(room);
        rest.is_some_and(|rest| room.is_empty() || rest.is_empty() || rest.starts_with("::"))
    };
    let mut looked = 0;
    for (module, (file, names)) in &read.files {
        if !rooms.iter().any(|room| is_in(module, room)) {
            continue;
        }
        looked += 1;
        for name in names {
            for word in forbidden {
                let parts: Vec<&str> = word.split("::").collect();
                let says = name.path.windows(parts.len()).any(|window| window == parts);
                let path = name.path.join("::");
                assert!(
                    !says,
                    "{}:{} names {path}; {word} is not for it",
                    file.display(),
                    name.line
                );
            }
        }
    }
    assert!(looked > 0, "{src} has no {rooms:?}");
}

#[test]
fn imports_are_seen_in_every_spelling() {
    let text = "
        use crate::{a::{self, b as c}, tracking};
        pub use super::d::*;
        #[cfg(test)] use crate::only_tests;
        fn f() -> std::time::Instant { self::e::g::<crate::h::I>() }
        #[cfg(test)] mod tests { use crate::tests_only; }
        mod inner { use super::j; }
    ";
    let found: Vec<String> = names(text, "x::y").iter().map(|name| name.path.join("::")).collect();
    let wanted = [
        "crate::a",
        "crate::a::b",
        "crate::h::I",
        "crate::tracking",
        "crate::x::d",
        "crate::x::y::e::g",
        "crate::x::y::j",
        "std::time::Instant",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn the_core_depends_on_no_clock_randomness_async_or_browser() {
    let allowed = ["httpdate", "serde", "serde_json", "sha2", "thiserror"];
    for name in dependencies("crates/tracking/Cargo.toml") {
        assert!(allowed.contains(&name.as_str()), "crates/tracking depends on {name}");
    }
    let outside =
        ["SystemTime::now", "Instant", "std::fs", "std::net", "std::thread", "std::future"];
    must_not_name("crates/tracking/src", &[""], &outside);
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
    must_not_name("crates/registry/src", &[""], &["std::fs", "std::time", "std::net"]);
}

#[test]
fn the_app_never_imports_the_server_and_the_server_never_the_app() {
    assert!(!dependencies("Cargo.toml").contains(&"server".to_owned()));
    assert!(!dependencies("crates/server/Cargo.toml").contains(&"clm-dashboard".to_owned()));
}

#[test]
fn views_never_touch_the_tracker_storage_or_the_network() {
    must_not_name(
        "src",
        &["components", "pages", "charts"],
        &[
            "crate::tracking",
            "crate::api",
            "crate::platform::fetch_text",
            "gloo_net",
            "web_sys::Storage",
            "web_sys::Request",
        ],
    );
}

#[test]
fn only_the_tracking_room_opens_the_browsers_storage() {
    let read = Crate::read(&root().join("src"));
    for (module, (file, _)) in &read.files {
        let text = fs::read_to_string(file).unwrap();
        let tracking = module == "tracking" || module.starts_with("tracking::");
        // A method is no path: the parser does not see it.
        assert!(tracking || !text.contains("local_storage()"), "{}", file.display());
    }
}

#[test]
fn the_store_does_not_know_who_watches_it() {
    must_not_name("src", &["store"], &["crate::tracking", "crate::frames", "crate::pages"]);
}

#[test]
fn the_composition_root_stays_small() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 40);
}

#[test]
fn no_file_reaches_itself_through_others() {
    for src in ["crates/insights/src", "crates/registry/src", "crates/simulate/src"] {
        let read = Crate::read(&root().join(src));
        assert_eq!(read.circles(), Vec::<Vec<&str>>::new(), "{src}");
    }
}

#[test]
fn a_circle_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::{b::B, c};"),
        ("b.rs", "pub use super::c::C as B;"),
        ("c.rs", "fn f() { crate::a::g() }"),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let read = Crate::read(folder.path());
    assert_eq!(read.circles(), [["a", "b", "c"]]);
}
