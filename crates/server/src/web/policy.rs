//! The content security policies. The front page runs our wasm and its own starter, frames what the
//! registry names, and talks to nobody else.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use registry::origins;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes for the names of other origins, twice. With the rest of an answer's head it stays below the
/// 4 KiB that nginx takes from a server by default.
const MAX_NAMES: usize = 1_000;

/// For a page that is not the front page. Components live in frames of our own page; whoever opens one
/// directly gives it an origin of its own, so that it cannot read what our page stores. The frame takes
/// away more, by what its registry entry asks for.
pub const COMPONENT: &str = "frame-ancestors 'self'; sandbox allow-scripts allow-forms allow-popups \
    allow-popups-to-escape-sandbox allow-modals allow-downloads allow-pointer-lock allow-presentation \
    allow-orientation-lock";
/// For what is no document: a worker with a sandbox does not start, and no browser shows a PDF in one.
pub const FILE: &str = "frame-ancestors 'self'";
/// For what is not a page at all.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

pub fn front(html: &str, frame_origins: &BTreeSet<String>, config: &Value) -> String {
    let starters: String = inline_scripts(html)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let frames = sources(frame_origins);
    let receiver = config["lokiUrl"].as_str().map(origins).unwrap_or_default();
    let receiver: String = receiver
        .iter()
        .filter(|origin| !frame_origins.contains(*origin))
        .map(|origin| format!(" {origin}"))
        .collect();
    // The page asks for a foreign component's address once, to tell a page from no page.
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{starters}; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'{receiver}{frames}; frame-src 'self'{frames}; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

/// Each origin by its name; where they are too many for a header, all of their schemes.
fn sources(origins: &BTreeSet<String>) -> String {
    let named: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    if named.len() <= MAX_NAMES {
        return named;
    }
    let has_plain = origins.iter().any(|origin| origin.starts_with("http:"));
    if has_plain { " https: http:".to_owned() } else { " https:".to_owned() }
}

/// What stands between `<script>` and its end, where it has no `src`. The page is our build's; what
/// this cannot read is not allowed to run.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (tag, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!tag.contains(" src=")).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use registry::Registry;
    use serde_json::json;

    use super::*;

    const SHIPPED: &str = include_str!("../../../../static/registry.json");

    fn origins_of(json: &str) -> BTreeSet<String> {
        Registry::parse(json).unwrap().frame_origins()
    }

    #[test]
    fn the_policy_names_the_starter_the_frames_and_the_receiver() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">go()</script>";
        let config = json!({ "lokiUrl": "https://logs.example:3100/loki/api/v1/push" });
        let policy = front(html, &origins_of(SHIPPED), &config);
        let frames = "https://en.wikipedia.org https://example.com https://www.google.com \
                      https://www.youtube-nocookie.com";
        for part in [
            // printf 'go()' | openssl dgst -sha256 -binary | base64
            "script-src 'self' 'wasm-unsafe-eval' 'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw=';",
            &format!("frame-src 'self' {frames};"),
            &format!("connect-src 'self' https://logs.example:3100 {frames};"),
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        let policy = front("", &BTreeSet::new(), &json!({ "lokiUrl": "/loki/api/v1/push" }));
        assert!(policy.contains("connect-src 'self';") && policy.contains("frame-src 'self';"));
    }

    #[test]
    fn a_receiver_is_named_in_any_spelling() {
        for (url, source) in [
            ("HTTPS://Logs.example:443/x", "'self' https://logs.example;"),
            ("//logs.example/x", "'self' http://logs.example https://logs.example;"),
            ("loki/api/v1/push", "'self';"),
            ("https://a;script-src *", "'self';"),
        ] {
            let policy = front("", &BTreeSet::new(), &json!({ "lokiUrl": url }));
            assert!(policy.contains(&format!("connect-src {source}")), "{url}: {policy}");
        }
    }

    #[test]
    fn however_many_origins_there_are_the_policy_fits_a_header() {
        let registry = |addresses: &mut dyn Iterator<Item = String>| {
            let entry = |(at, address)| {
                format!(r#"{{"hash":"c{at}","concrete":{{"implementation":"{address}"}}}}"#)
            };
            let entries: Vec<String> = addresses.enumerate().map(entry).collect();
            origins_of(&format!(r#"{{"components":[{}]}}"#, entries.join(",")))
        };
        // Of one host many times, each name counts once.
        let mut same = (0..500).map(|at| format!("https://a.example/{at}"));
        let mut both = same.by_ref().chain(["https://b.example/".to_owned()]);
        let policy = front("", &registry(&mut both), &Value::Null);
        assert!(
            policy.contains("frame-src 'self' https://a.example https://b.example;"),
            "{policy}"
        );

        let mut https = (0..10_000).map(|at| format!("https://host-{at}.example/"));
        let policy = front("", &registry(&mut https), &Value::Null);
        assert!(policy.contains("frame-src 'self' https:;"), "{policy}");
        assert!(policy.len() < 3_000, "{}", policy.len());
        let mut http = (0..10_000).map(|at| format!("http://host-{at}.example/"));
        let policy = front("", &registry(&mut http), &Value::Null);
        assert!(policy.contains("frame-src 'self' https: http:;"), "{policy}");
        let mut named = (0..40).map(|at| format!("https://h{at}.example/"));
        let policy = front("", &registry(&mut named), &Value::Null);
        assert!(policy.contains(" https://h39.example ") && policy.len() < 3_000, "{policy}");
    }
}
