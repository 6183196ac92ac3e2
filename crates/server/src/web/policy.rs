//! The front page's content security policy: it runs our wasm and its own starter, frames what the
//! registry names, and talks to nobody else.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Url;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Origins that are named; a header has its bounds.
const MAX_ORIGINS: usize = 200;

/// For a file that is not the front page: components live in frames of our own page only.
pub const COMPONENT: &str = "frame-ancestors 'self'";
/// For what is not a page at all.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

pub fn front(html: &str, registry: &Value, config: &Value) -> String {
    let starters: String = inline_scripts(html)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let frames: BTreeSet<String> = registry["components"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|component| origin(component["implementation"].as_str()?))
        .take(MAX_ORIGINS)
        .collect();
    let frames: String = frames.iter().map(|origin| format!(" {origin}")).collect();
    let receiver = config["lokiUrl"].as_str().and_then(origin);
    let receiver = receiver.map_or(String::new(), |origin| format!(" {origin}"));
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{starters}; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'{receiver}; frame-src 'self'{frames}; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
}

/// Of an absolute web address only, in letters that cannot end a directive.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-_[]".contains(&b);
    origin.bytes().all(is_plain).then_some(origin)
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
    use serde_json::json;

    use super::*;

    #[test]
    fn the_policy_names_the_starter_the_frames_and_the_receiver() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">go()</script>";
        let registry = json!({ "components": [
            { "implementation": "components/a.html" },
            { "implementation": "https://maps.example/embed?x=1" },
            { "implementation": "https://maps.example/other" },
            { "implementation": "javascript:alert(1)" },
            { "implementation": "https://a;script-src *" },
            { "implementation": 5 },
        ] });
        let config = json!({ "lokiUrl": "https://logs.example:3100/loki/api/v1/push" });
        let policy = front(html, &registry, &config);
        for part in [
            // printf 'go()' | openssl dgst -sha256 -binary | base64
            "script-src 'self' 'wasm-unsafe-eval' 'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw=';",
            "frame-src 'self' https://maps.example;",
            "connect-src 'self' https://logs.example:3100;",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        let policy = front("", &Value::Null, &json!({ "lokiUrl": "/loki/api/v1/push" }));
        assert!(policy.contains("connect-src 'self';") && policy.contains("frame-src 'self';"));
    }
}
