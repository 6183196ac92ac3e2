//! The components people go to: the registry's, and what is known of some of them.

use registry::Registry;
use tracking::{Component, ErrorKind};

/// A component of the registry as people use it.
#[derive(Clone, Debug)]
pub struct Place {
    pub component: Component,
    pub category: String,
    pub expected_load_ms: u64,
    /// How much people like it.
    pub weight: u32,
    /// What can be done there, with its details as JSON.
    pub interactions: &'static [(&'static str, Option<&'static str>)],
    /// It always fails, and so.
    pub fails: Option<(ErrorKind, &'static str)>,
}

type Interactions = &'static [(&'static str, Option<&'static str>)];

/// Weight and interactions of the components that come with the page.
fn habits(hash: &str) -> (u32, Interactions) {
    match hash {
        "welcome" => (30, &[("face_opened", Some(r#"{"face":"abstract"}"#))]),
        "hero-content" => (16, &[("cta_clicked", None)]),
        "p2p-status" => (14, &[("peer_added", Some(r#"{"peers":5}"#))]),
        "user-list" => (22, &[("user_selected", Some(r#"{"userId":"u2"}"#))]),
        "user-detail" => (8, &[("edit_user", Some(r#"{"userId":"u2"}"#))]),
        "redux-state-viewer" => (6, &[]),
        "pkc-viewer" => (12, &[("document_opened", Some(r#"{"document":"guide"}"#))]),
        "wikipedia-search" => (10, &[("searched", Some(r#"{"words":2}"#))]),
        "grafana-faro" => (7, &[("topic_opened", Some(r#"{"topic":"traces"}"#))]),
        "world-clock" => (9, &[]),
        "calculator" => (11, &[("calculated", Some(r#"{"entries":3}"#))]),
        "memory-game" => (10, &[("move", Some(r#"{"move":4,"match":false}"#)), ("solved", None)]),
        "slow-start" => (3, &[]),
        "youtube-viewer" => (8, &[]),
        "crash-test" | "missing-page" | "never-ready" => (1, &[]),
        _ => (5, &[]),
    }
}

fn fails(hash: &str) -> Option<(ErrorKind, &'static str)> {
    match hash {
        "crash-test" => {
            Some((ErrorKind::Reported, "Intentional failure: the component broke on purpose"))
        }
        "missing-page" => Some((ErrorKind::Http, "The component's page answered 404")),
        "never-ready" => Some((ErrorKind::Timeout, "Not ready within 10 s")),
        _ => None,
    }
}

/// # Errors
/// When `registry` is not JSON of a registry's shape or has no component.
pub fn places(registry: &str) -> Result<Vec<Place>, String> {
    let registry = Registry::parse(registry)?;
    let places = registry.components.iter().map(|component| {
        let (weight, interactions) = habits(&component.hash);
        Place {
            component: Component {
                hash: component.hash.to_string(),
                name: component.name.to_string(),
            },
            category: component.category.to_string(),
            expected_load_ms: component.expected_load_time_ms.max(1),
            weight,
            interactions,
            fails: fails(&component.hash),
        }
    });
    Ok(places.collect())
}

/// How much more likely `to` is after `from` than by its weight alone.
#[must_use]
pub fn pull(from: &Place, to: &Place) -> u32 {
    match (&*from.component.hash, &*to.component.hash) {
        ("welcome", "hero-content") | ("memory-game", "youtube-viewer") => 6,
        ("user-list", "user-detail") => 14,
        ("user-detail", "user-list") | ("p2p-status", "redux-state-viewer") => 5,
        ("hero-content", "p2p-status" | "user-list") | ("wikipedia-search", "pkc-viewer") => 4,
        _ if from.category == to.category => 2,
        _ => 1,
    }
}
