//! One odd value never takes the whole registry away, whatever it is and wherever it stands.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use registry::{MAX_NOTICES, Registry};

const HOME: &str = r#"{"hash":"home","name":"Home","concrete":{"implementation":"a.html"}}"#;

fn beside_home(entry: &str) -> Registry {
    let registry = Registry::parse(&format!(r#"{{"components":[{HOME},{entry}]}}"#)).unwrap();
    assert_eq!(&*registry.components[0].name, "Home", "{entry}");
    registry
}

#[test]
fn the_registry_of_this_project_is_whole() {
    let registry = Registry::parse(include_str!("../../../static/registry.json")).unwrap();
    assert_eq!(registry.notices, Vec::<String>::new());
    assert!(registry.components.len() >= 14);
    assert_eq!(&*registry.components[0].name, "Welcome Component");
    assert!(registry.knows("youtube-viewer") && !registry.knows("youtube"));
    let welcome = registry.find("welcome").unwrap();
    assert_eq!((&*welcome.implementation, welcome.says_ready), ("components/welcome.html", true));
}

#[test]
fn what_cannot_be_used_at_all_is_said_in_a_sentence() {
    let entry = |json: &str| format!(r#"{{"components":[{json}]}}"#);
    for (json, says) in [
        ("<html>".to_owned(), "The registry is not valid JSON (line 1)."),
        (String::new(), "The registry is empty."),
        ("\u{feff} \n".to_owned(), "The registry is empty."),
        (r#"{"components":["#.to_owned(), "The registry is not valid JSON (line 1)."),
        ("{}\n{}".to_owned(), "The registry is not valid JSON (line 2)."),
        ("{}".to_owned(), "The registry lists no components."),
        (r#"{"components":[]}"#.to_owned(), "The registry lists no components."),
        (r#"{"components":null}"#.to_owned(), "The registry lists no components."),
        (
            "[]".to_owned(),
            "The registry is a list, but must be an object with a list \"components\".",
        ),
        (
            "null".to_owned(),
            "The registry is null, but must be an object with a list \"components\".",
        ),
        (
            r#"{"components":{"a":{}}}"#.to_owned(),
            "The registry has an object in place of the list \"components\".",
        ),
        (
            r#"{"components":"a.html"}"#.to_owned(),
            "The registry has a text in place of the list \"components\".",
        ),
        (
            entry(r#"{"name":"x"}"#),
            "The registry has no component that can be shown. Entry 1: \"x\" has no hash.",
        ),
        (
            entry("7"),
            "no component that can be shown. Entry 1: it must be an object, but is a number.",
        ),
    ] {
        let error = Registry::parse(&json).unwrap_err();
        assert!(error.ends_with(says), "{json}: {error}");
    }
}

#[test]
fn an_entry_that_cannot_be_shown_leaves_the_others() {
    let at = |hash: &str, implementation: &str| {
        format!(r#"{{"hash":{hash},"name":"N","concrete":{{"implementation":{implementation}}}}}"#)
    };
    for (entry, why) in [
        ("7".to_owned(), "it must be an object, but is a number"),
        ("null".to_owned(), "it must be an object, but is null"),
        ("[]".to_owned(), "it must be an object, but is a list"),
        (r#""text""#.to_owned(), "it must be an object, but is a text"),
        ("true".to_owned(), "it must be an object, but is true or false"),
        ("{}".to_owned(), "it has no hash"),
        (
            r#"{"\ud800":1}"#.to_owned(),
            "it must be an object, but is one with an unreadable field name",
        ),
        (at("null", r#""b.html""#), "\"N\" has no hash"),
        (at(r#""""#, r#""b.html""#), "\"N\" has no hash"),
        (at("[1]", r#""b.html""#), "its hash is a list"),
        (at("{}", r#""b.html""#), "its hash is an object"),
        (at(r#""\ud800""#, r#""b.html""#), "its hash is a broken text"),
        (at(r#""x y""#, r#""b.html""#), "the hash may hold letters, digits, - _ . only"),
        (at(r#""home""#, r#""b.html""#), "the hash home is used twice"),
        (at(r#""b""#, "null"), "b has no implementation"),
        (at(r#""b""#, r#"" ""#), "b has no implementation"),
        (at(r#""b""#, "[\"b.html\"]"), "b has an implementation that is a list"),
        (r#"{"hash":"b","concrete":null}"#.to_owned(), "b has no implementation"),
        (r#"{"hash":"b"}"#.to_owned(), "b has no implementation"),
        (at(r#""b""#, r#""java\tscript:alert(1)""#), "b has an implementation that is not a URL"),
        (
            at(r#""b""#, r#""JavaScript:alert(1)""#),
            "b has an implementation that is neither a page nor http(s)",
        ),
        (
            at(r#""b""#, r#""data:text/html,x""#),
            "b has an implementation that is neither a page nor http(s)",
        ),
        (at(r#""b""#, r#""blob:x""#), "b has an implementation that is neither a page nor http(s)"),
    ] {
        let registry = beside_home(&entry);
        assert_eq!(registry.components.len(), 1, "{entry}");
        assert_eq!(registry.notices, [format!("Entry 2: {why}")], "{entry}");
    }
    // Both faults of a text in place of an object.
    let registry = beside_home(r#"{"hash":"b","concrete":"b.html"}"#);
    assert_eq!(
        registry.notices,
        [
            "Entry 2: concrete of b is a text; an object was expected",
            "Entry 2: b has no implementation"
        ]
    );
}

#[test]
fn numbers_and_words_are_names_as_they_are_written() {
    for (hash, name, shown) in [
        (r#""g""#, "2048", ("g", "2048")),
        (r#""g""#, "1.10", ("g", "1.10")),
        (r#""g""#, "true", ("g", "true")),
        (r#""g""#, "null", ("g", "g")),
        (r#""g""#, r#""  ""#, ("g", "g")),
        ("2048", r#""N""#, ("2048", "N")),
        ("5e10", r#""N""#, ("5e10", "N")),
        ("123456789012345678901234567890", "1e999", ("123456789012345678901234567890", "1e999")),
    ] {
        let registry = beside_home(&format!(
            r#"{{"hash":{hash},"name":{name},"concrete":{{"implementation":"g.html"}}}}"#
        ));
        let component = registry.find(shown.0).unwrap();
        assert_eq!((&*component.hash, &*component.name), shown);
        assert_eq!(registry.notices, Vec::<String>::new());
    }
}

#[test]
fn a_field_of_a_wrong_type_is_left_out_and_named() {
    for (fields, notice) in [
        (r#""name":["x"]"#, Some("name of b is a list; the hash is shown instead")),
        (r#""name":{}"#, Some("name of b is an object; the hash is shown instead")),
        (r#""category":[]"#, Some("category of b is a list; it is guessed")),
        (r#""category":null"#, None),
        (r#""abstract":"why""#, Some("abstract of b is a text; an object was expected")),
        (r#""abstract":{"goal":[]}"#, Some("goal of b is a list; it is left out")),
        (r#""abstract":{"goal":null,"context":7}"#, None),
        (r#""balanced":[]"#, Some("balanced of b is a list; an object was expected")),
        (r#""balanced":null"#, None),
        (r#""zap":{"deep":[1,1e999,"\ud800"]}"#, None),
    ] {
        let registry = beside_home(&format!(
            r#"{{"hash":"b","concrete":{{"implementation":"b.html"}},{fields}}}"#
        ));
        assert!(registry.knows("b"), "{fields}");
        let expected: Vec<_> =
            notice.map(|notice| format!("Entry 2: {notice}")).into_iter().collect();
        assert_eq!(registry.notices, expected, "{fields}");
    }
    for (fields, notice) in [
        (r#""sandbox":["allow-scripts"]"#, Some("sandbox of b is a list; allow-scripts is used")),
        (r#""sandbox":null"#, None),
        (r#""redux_slice":{}"#, Some("redux_slice of b is an object; it is left out")),
        (r#""ready":true"#, None),
        (r#""ready":[]"#, Some("ready of b is a list; it is left out")),
    ] {
        let registry = beside_home(&format!(
            r#"{{"hash":"b","concrete":{{"implementation":"b.html",{fields}}}}}"#
        ));
        assert_eq!(&*registry.find("b").unwrap().sandbox, "allow-scripts", "{fields}");
        let expected: Vec<_> =
            notice.map(|notice| format!("Entry 2: {notice}")).into_iter().collect();
        assert_eq!(registry.notices, expected, "{fields}");
    }
}

#[test]
fn a_load_time_of_any_spelling_is_understood_or_named() {
    for (time, ms) in [
        ("1500", Some(1500)),
        ("1500.5", Some(1501)),
        ("1.5e3", Some(1500)),
        (r#""1500""#, Some(1500)),
        (r#"" 1500 ""#, Some(1500)),
        ("0", Some(0)),
        ("-1", None),
        (r#""soon""#, None),
        (r#""""#, None),
        ("1e999", None),
        ("99999999999999999999", None),
        ("true", None),
        ("[1]", None),
        ("{}", None),
    ] {
        let registry = beside_home(&format!(
            r#"{{"hash":"b","concrete":{{"implementation":"b.html"}},"balanced":{{"expected_load_time_ms":{time}}}}}"#
        ));
        assert_eq!(
            registry.find("b").unwrap().expected_load_time_ms,
            ms.unwrap_or(2_000),
            "{time}"
        );
        assert_eq!(registry.notices.len(), usize::from(ms.is_none()), "{time}");
        for notice in &registry.notices {
            assert!(notice.starts_with("Entry 2: expected_load_time_ms of b is "), "{notice}");
        }
    }
}

#[test]
fn a_component_of_our_own_origin_stays_in_its_sandbox_however_it_is_addressed() {
    let own = "https://dash.example";
    let is_own = |address: &str| {
        address
            .to_ascii_lowercase()
            .strip_prefix("https:")
            .unwrap_or(address)
            .starts_with("//dash.example")
    };
    for (implementation, external) in [
        ("components/a.html", false),
        ("https://dash.example/components/a.html", false),
        ("HTTPS://DASH.example/a.html", false),
        ("//dash.example/a.html", false),
        ("https://other.example/a.html", true),
    ] {
        let json = format!(
            r#"{{"components":[{{"hash":"a","concrete":{{"implementation":"{implementation}","sandbox":"allow-scripts allow-same-origin"}}}}]}}"#
        );
        let registry = Registry::parse_for(&json, &is_own).unwrap();
        let component = &registry.components[0];
        assert_eq!(component.is_external(), external, "{implementation} at {own}");
        assert_eq!(component.sandbox.contains("allow-same-origin"), external, "{implementation}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_it() {
    assert!(Registry::parse(&format!("\u{feff}{{\"components\":[{HOME}]}}")).is_ok());
}

#[test]
fn ten_thousand_components_and_ten_thousand_faults() {
    let mut json = String::from(r#"{"components":["#);
    for at in 0..10_000 {
        write!(json, r#"{{"hash":"c{at}","concrete":{{"implementation":"a.html"}}}},7,"#).unwrap();
    }
    json.push_str("7]}");
    let registry = Registry::parse(&json).unwrap();
    assert_eq!(registry.components.len(), 10_000);
    assert!(registry.knows("c9999"));
    assert_eq!(registry.notices.len(), MAX_NOTICES + 1);
    assert_eq!(registry.notices[MAX_NOTICES], "Faults that are not listed here: 9981");
}
