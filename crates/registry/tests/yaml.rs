//! Registries written as YAML say what their authors wrote.
#![cfg(feature = "yaml")]
#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use registry::{
    Registry,
    yaml::{YamlError, to_json},
};

#[test]
fn what_looks_like_a_number_keeps_its_spelling() {
    for (written, shown) in [
        ("2048", "2048"),
        ("1.10", "1.10"),
        ("007", "007"),
        ("5e10", "5e10"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("+5", "+5"),
        (".5", ".5"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("true", "true"),
        ("yes", "yes"),
        ("No", "No"),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("'2048'", "2048"),
        ("!!str 2048", "2048"),
        ("!!int '2048'", "2048"),
        ("&n 2048", "2048"),
        ("~", "g"),
        ("", "g"),
        ("null", "g"),
    ] {
        let yaml = format!(
            "components:\n  - {{hash: home, concrete: {{implementation: a.html}}}}\n  \
             - hash: g\n    name: {written}\n    concrete: {{implementation: g.html}}\n"
        );
        let registry = Registry::parse(&to_json(&yaml).unwrap()).unwrap();
        assert_eq!(&*registry.find("g").unwrap().name, shown, "{written}");
        assert_eq!(registry.notices, Vec::<String>::new(), "{written}");
    }
}

#[test]
fn hashes_too_and_through_an_alias() {
    let yaml = "components:\n\
                - {hash: &h 5e10, concrete: {implementation: a.html}}\n\
                - {hash: 1234e5, name: *h, concrete: {implementation: b.html}}\n\
                - {hash: 0123456, concrete: {implementation: c.html}}\n";
    let registry = Registry::parse(&to_json(yaml).unwrap()).unwrap();
    assert_eq!(registry.notices, Vec::<String>::new());
    assert!(["5e10", "1234e5", "0123456"].iter().all(|hash| registry.knows(hash)));
    assert_eq!(&*registry.find("1234e5").unwrap().name, "5e10");
}

#[test]
fn odd_values_harm_their_entry_only() {
    let yaml = "components:\n\
                - {hash: home, concrete: {implementation: a.html}}\n\
                - 7\n\
                - {hash: b, concrete: ~}\n\
                - {hash: c, hash: d, 1: x, ~: y, true: z, concrete: {implementation: c.html}}\n";
    let registry = Registry::parse(&to_json(yaml).unwrap()).unwrap();
    assert!(registry.knows("home") && registry.knows("d"));
    assert_eq!(
        registry.notices,
        ["Entry 2: it must be an object, but is a number", "Entry 3: b has no implementation"]
    );
}

#[test]
fn every_field_is_kept_in_order() {
    let yaml = "\u{feff}version: '1.0.0'\nzap:\n  - {deep: [1, true, ~, -1.5, \"a\\\"b\"]}\n";
    assert_eq!(
        to_json(yaml).unwrap(),
        r#"{"version":"1.0.0","zap":[{"deep":[1,true,null,-1.5,"a\"b"]}]}"#
    );
}

#[test]
fn an_error_says_where_and_never_what() {
    let error = to_json("user: s3cret\npassword: [s3cret\n").unwrap_err();
    assert!(matches!(error, YamlError::Syntax { line: 2.., .. }), "{error}");
    for wrong in ["password: [s3cret\n", "s3cret: a: b", "a: *s3cret", "? [s3cret]\n: b\n"] {
        let error = to_json(wrong).unwrap_err().to_string();
        assert!(error.starts_with("is not valid YAML"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn ten_thousand_components_are_read() {
    let mut yaml = String::from("components:\n");
    for at in 0..10_000 {
        write!(
            yaml,
            "  - hash: c{at}\n    name: Component {at}\n    category: Tools\n    abstract:\n      \
             context: Somebody is here\n      goal: Do {at}\n    concrete:\n      implementation: \
             components/{at}.html\n      sandbox: allow-scripts\n      ready: message\n    \
             balanced:\n      metrics_endpoint: message:clm_heartbeat\n      health_check: \
             message:clm_component_loaded\n      expected_load_time_ms: {at}\n"
        )
        .unwrap();
    }
    let registry = Registry::parse(&to_json(&yaml).unwrap()).unwrap();
    assert_eq!((registry.components.len(), registry.notices.len()), (10_000, 0));
}
