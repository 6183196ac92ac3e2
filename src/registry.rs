//! The registry: which components there are. Text in, checked components out.

use std::rc::Rc;

use serde::Deserialize;

/// A registry that can be used, with what had to be left out. `Eq`, so that comparing two `Rc` of one is
/// comparing two addresses: every change of the state compares them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Registry {
    pub components: Vec<Component>,
    /// One sentence for each entry that was left out.
    pub notices: Vec<String>,
}

/// One component, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Component {
    pub hash: Rc<str>,
    pub name: Rc<str>,
    pub category: Rc<str>,
    /// What it is for, shown as the list's tooltip.
    pub goal: Rc<str>,
    pub implementation: Rc<str>,
    pub sandbox: Rc<str>,
    pub slice: Option<Rc<str>>,
    /// Promises to say when it is ready; otherwise its load event counts.
    pub says_ready: bool,
    pub expected_load_time_ms: u64,
}

/// A component must be there after three times what it expects of itself, and never sooner than this.
const MIN_DEADLINE_MS: u64 = 10_000;
const DEFAULT_EXPECTED_MS: u64 = 2_000;

impl Component {
    #[must_use]
    pub fn is_external(&self) -> bool {
        has_scheme(&self.implementation)
    }

    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        self.expected_load_time_ms.saturating_mul(3).max(MIN_DEADLINE_MS)
    }
}

impl Registry {
    /// # Errors
    /// A sentence for the person at the screen when no component can be shown.
    pub fn parse(json: &str) -> Result<Self, String> {
        let raw: RawRegistry = serde_json::from_str(json)
            .map_err(|error| format!("The registry is not valid JSON (line {}).", error.line()))?;
        let mut seen = Vec::new();
        let mut registry = Self::default();
        for (at, entry) in raw.components.into_iter().enumerate() {
            match entry.check(&mut seen) {
                Ok(component) => registry.components.push(component),
                Err(why) => registry.notices.push(format!("Entry {}: {why}", at + 1)),
            }
        }
        match (registry.components.is_empty(), registry.notices.first()) {
            (false, _) => Ok(registry),
            (true, None) => Err("The registry lists no components.".to_owned()),
            (true, Some(notice)) => {
                Err(format!("The registry has no component that can be shown. {notice}."))
            }
        }
    }

    #[must_use]
    pub fn find(&self, hash: &str) -> Option<&Component> {
        self.components.iter().find(|component| &*component.hash == hash)
    }
}

#[derive(Deserialize)]
struct RawRegistry {
    #[serde(default)]
    components: Vec<RawComponent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawComponent {
    hash: String,
    name: String,
    category: Option<String>,
    #[serde(rename = "abstract")]
    purpose: RawAbstract,
    concrete: RawConcrete,
    balanced: RawBalanced,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAbstract {
    context: Option<String>,
    goal: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConcrete {
    implementation: String,
    sandbox: Option<String>,
    redux_slice: Option<String>,
    ready: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawBalanced {
    expected_load_time_ms: Option<u64>,
}

impl RawComponent {
    fn check(self, seen: &mut Vec<String>) -> Result<Component, String> {
        let Self { hash, name, category, purpose, concrete, balanced } = self;
        if hash.is_empty() {
            return Err(format!("{name:?} has no hash"));
        }
        if !hash.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) || hash.len() > 100
        {
            return Err("the hash may hold letters, digits, - _ . only".to_owned());
        }
        if seen.contains(&hash) {
            return Err(format!("the hash {hash} is used twice"));
        }
        seen.push(hash.clone());
        let implementation = concrete.implementation.trim().to_owned();
        check_url(&implementation).map_err(|why| format!("{hash} {why}"))?;
        let external = has_scheme(&implementation);
        let name = if name.is_empty() { hash.clone() } else { name };
        let category =
            category.unwrap_or_else(|| guess_category(&hash, &name, external).to_owned());
        Ok(Component {
            sandbox: sandbox(concrete.sandbox.as_deref(), external).into(),
            goal: purpose.goal.or(purpose.context).unwrap_or_default().into(),
            hash: hash.into(),
            name: name.into(),
            category: category.into(),
            implementation: implementation.into(),
            slice: concrete.redux_slice.filter(|slice| !slice.is_empty()).map(Into::into),
            says_ready: concrete.ready.as_deref() == Some("message"),
            expected_load_time_ms: balanced.expected_load_time_ms.unwrap_or(DEFAULT_EXPECTED_MS),
        })
    }
}

fn has_scheme(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://") || url.starts_with("//")
}

/// Only pages of our own folder or of the web: `javascript:` and `data:` would run as us.
fn check_url(url: &str) -> Result<(), &'static str> {
    if url.is_empty() {
        return Err("has no implementation");
    }
    if url.chars().any(|c| c.is_control() || c == '\\') {
        return Err("has an implementation that is not a URL");
    }
    let scheme = url.split(['/', '?', '#']).next().unwrap_or_default();
    if has_scheme(url) || !scheme.contains(':') {
        Ok(())
    } else {
        Err("has an implementation that is neither a page nor http(s)")
    }
}

/// A page of our own origin with both could take its own sandbox off.
fn sandbox(asked: Option<&str>, external: bool) -> String {
    let asked = asked.unwrap_or("allow-scripts");
    asked
        .split_ascii_whitespace()
        .filter(|token| external || *token != "allow-same-origin")
        .filter(|token| !token.starts_with("allow-top-navigation"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn guess_category(hash: &str, name: &str, external: bool) -> &'static str {
    let text = format!("{hash} {name}").to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["game"]) {
        "Games"
    } else if has(&["video", "youtube"]) {
        "Videos"
    } else if external {
        "External"
    } else if has(&["dashboard", "monitor", "status", "grafana"]) {
        "Dashboards"
    } else if has(&["tool", "calculator", "search"]) {
        "Tools"
    } else {
        "Internal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(hash: &str, implementation: &str) -> String {
        format!(
            r#"{{"hash":"{hash}","name":"N","concrete":{{"implementation":"{implementation}"}}}}"#
        )
    }

    fn registry(entries: &[String]) -> Result<Registry, String> {
        Registry::parse(&format!(r#"{{"components":[{}]}}"#, entries.join(",")))
    }

    #[test]
    fn the_registry_of_this_project_is_whole() {
        let registry = Registry::parse(include_str!("../static/registry.json")).unwrap();
        assert_eq!(registry.notices, Vec::<String>::new());
        assert!(registry.components.len() >= 14);
        assert_eq!(&*registry.components[0].name, "Welcome Component");
    }

    #[test]
    fn what_cannot_be_used_is_said_in_a_sentence() {
        for (json, says) in [
            ("<html>", "The registry is not valid JSON (line 1)."),
            ("{}", "The registry lists no components."),
            (r#"{"components":[]}"#, "The registry lists no components."),
            (
                r#"{"components":[{"name":"x"}]}"#,
                "no component that can be shown. Entry 1: \"x\" has no hash.",
            ),
        ] {
            let error = Registry::parse(json).unwrap_err();
            assert!(error.ends_with(says), "{error}");
        }
    }

    #[test]
    fn one_bad_entry_leaves_the_others() {
        for bad in [
            entry("a", "b.html"),
            entry("", "b.html"),
            entry("x y", "b.html"),
            entry("b", ""),
            entry("b", "javascript:alert(1)"),
            entry("b", "JavaScript:alert(1)"),
            entry("b", "data:text/html,x"),
            entry("b", "java\\tscript:alert(1)"),
            entry("b", "blob:x"),
        ] {
            let registry = registry(&[entry("a", "a.html"), bad.clone()]).unwrap();
            assert_eq!(registry.components.len(), 1, "{bad}");
            assert_eq!(registry.notices.len(), 1, "{bad}");
            assert!(registry.notices[0].starts_with("Entry 2: "));
        }
    }

    #[test]
    fn a_page_of_ours_never_gets_our_origin() {
        assert_eq!(sandbox(None, false), "allow-scripts");
        assert_eq!(sandbox(Some("allow-scripts allow-same-origin"), false), "allow-scripts");
        assert_eq!(
            sandbox(Some("allow-scripts allow-same-origin allow-top-navigation"), true),
            "allow-scripts allow-same-origin"
        );
    }

    #[test]
    fn types_are_guessed_as_people_know_them() {
        assert_eq!(guess_category("youtube-viewer", "YouTube", true), "Videos");
        assert_eq!(guess_category("google-maps", "Google Maps", true), "External");
        assert_eq!(guess_category("memory-game", "Memory", false), "Games");
        assert_eq!(guess_category("welcome", "Welcome", false), "Internal");
    }
}
