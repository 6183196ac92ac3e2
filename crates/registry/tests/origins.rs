//! Whom a policy has to name so that the frames of a registry may load.
#![cfg(feature = "origins")]
#![allow(clippy::unwrap_used)]

use registry::Registry;

fn origins(implementations: &[&str]) -> Vec<String> {
    let entries: Vec<String> = implementations
        .iter()
        .enumerate()
        .map(|(at, to)| format!(r#"{{"hash":"c{at}","concrete":{{"implementation":{to:?}}}}}"#))
        .collect();
    let json = format!(r#"{{"components":[{}]}}"#, entries.join(","));
    Registry::parse(&json).unwrap().frame_origins().into_iter().collect()
}

#[test]
fn the_registry_of_this_project_frames_four_other_origins() {
    let registry = Registry::parse(include_str!("../../../static/registry.json")).unwrap();
    assert_eq!(registry.frame_origins().len(), 4, "{:?}", registry.frame_origins());
}

#[test]
fn origins_are_spelt_as_browsers_do_and_named_once() {
    assert_eq!(
        origins(&[
            "components/a.html",
            "https://maps.example/embed?x=1",
            "HTTPS://MAPS.example:443/other",
            "https://user@maps.example/",
            "http://maps.example:8080",
            "https://münchen.example/",
            "https://[2001:DB8::1]/",
        ]),
        [
            "http://maps.example:8080",
            "https://[2001:db8::1]",
            "https://maps.example",
            "https://xn--mnchen-3ya.example"
        ]
    );
}

#[test]
fn an_address_without_a_scheme_follows_the_page() {
    assert_eq!(
        origins(&["//localhost:9911/ok.html"]),
        ["http://localhost:9911", "https://localhost:9911"]
    );
}

#[test]
fn nothing_can_be_smuggled_into_a_policy() {
    for bad in ["https://a;script-src *", "https://a,b", "https://a'b/", "https:// x", "https://*"]
    {
        for origin in origins(&["a.html", bad]) {
            assert!(!origin.contains([';', ',', '\'', ' ', '*']), "{bad}: {origin}");
        }
    }
}
