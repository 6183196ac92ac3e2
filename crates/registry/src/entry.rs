//! One entry of a registry, and what is made of an odd one.

use serde_json::value::RawValue;

use crate::{
    Component, address,
    json::{Object, whole},
};

const DEFAULT_EXPECTED_MS: u64 = 2_000;
/// Nothing on a screen takes a day.
const MAX_EXPECTED_MS: u64 = 24 * 60 * 60 * 1_000;
const MAX_HASH: usize = 100;

/// Reads one entry. What it says and cannot be used, although the component can, goes to `faults`.
///
/// # Errors
/// Why the component cannot be shown.
pub fn read(
    raw: &RawValue,
    is_own: &dyn Fn(&str) -> bool,
    faults: &mut Vec<String>,
) -> Result<Component, String> {
    let entry =
        Object::read(raw).map_err(|found| format!("it must be an object, but is {found}"))?;
    let hash = hash(&entry)?;
    let mut fields = Fields { hash: &hash, faults };
    let name = fields.text(&entry, "name", "the hash is shown instead");
    let name = name.unwrap_or_else(|| hash.clone());
    let category = fields.text(&entry, "category", "it is guessed");
    let purpose = fields.object(&entry, "abstract");
    let goal = fields.text(&purpose, "goal", "it is left out");
    let goal = goal.or_else(|| fields.text(&purpose, "context", "it is left out"));
    let concrete = fields.object(&entry, "concrete");
    let implementation = match concrete.text("implementation") {
        Some(Err(found)) => return Err(format!("{hash} has an implementation that is {found}")),
        Some(Ok(text)) => address::normalised(&text),
        None => address::normalised(""),
    };
    let implementation = implementation.map_err(|why| format!("{hash} {why}"))?;
    let is_external = address::is_absolute(&implementation) && !is_own(&implementation);
    let category = category.unwrap_or_else(|| guess_category(&hash, &name, is_external).to_owned());
    let sandbox = match concrete.text("sandbox") {
        Some(Err(found)) => {
            fields.fault("sandbox", found, "allow-scripts is used");
            address::sandbox(None, is_external)
        }
        Some(Ok(asked)) => address::sandbox(Some(&asked), is_external),
        None => address::sandbox(None, is_external),
    };
    let slice = fields.text(&concrete, "redux_slice", "it is left out");
    let ready = fields.text(&concrete, "ready", "it is left out");
    let balanced = fields.object(&entry, "balanced");
    let expected_load_time_ms = fields.expected_ms(&balanced);
    Ok(Component {
        hash: hash.into(),
        name: name.into(),
        category: category.into(),
        goal: goal.unwrap_or_default().into(),
        implementation: implementation.into(),
        sandbox: sandbox.into(),
        slice: slice.map(Into::into),
        says_ready: ready.as_deref() == Some("message"),
        expected_load_time_ms,
        is_external,
    })
}

fn hash(entry: &Object<'_>) -> Result<String, String> {
    match entry.text("hash") {
        Some(Err(found)) => Err(format!("its hash is {found}")),
        Some(Ok(hash)) if !hash.is_empty() => {
            let may_hold = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if hash.chars().all(may_hold) && hash.len() <= MAX_HASH {
                Ok(hash)
            } else {
                Err("the hash may hold letters, digits, - _ . only".to_owned())
            }
        }
        _ => match entry.text("name") {
            Some(Ok(name)) => Err(format!("{name:?} has no hash")),
            _ => Err("it has no hash".to_owned()),
        },
    }
}

/// Fields of a component that can be shown without them.
struct Fields<'a> {
    hash: &'a str,
    faults: &'a mut Vec<String>,
}

impl Fields<'_> {
    fn fault(&mut self, name: &str, found: &str, instead: &str) {
        self.faults.push(format!("{name} of {} is {found}; {instead}", self.hash));
    }

    /// None when it is left out or empty as well.
    fn text(&mut self, object: &Object<'_>, name: &str, instead: &str) -> Option<String> {
        match object.text(name)? {
            Ok(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Err(found) => {
                self.fault(name, found, instead);
                None
            }
        }
    }

    fn object<'a>(&mut self, entry: &Object<'a>, name: &str) -> Object<'a> {
        match entry.get(name).map(Object::read) {
            None => Object::default(),
            Some(Ok(object)) => object,
            Some(Err(found)) => {
                self.fault(name, found, "an object was expected");
                Object::default()
            }
        }
    }

    fn expected_ms(&mut self, balanced: &Object<'_>) -> u64 {
        const NAME: &str = "expected_load_time_ms";
        let text = balanced.text(NAME);
        let found = match &text {
            None => return DEFAULT_EXPECTED_MS,
            Some(Ok(text)) => match whole(text.trim()) {
                Some(ms) if ms <= MAX_EXPECTED_MS => return ms,
                _ => "not a number of milliseconds within a day",
            },
            Some(Err(found)) => *found,
        };
        self.fault(NAME, found, &format!("{DEFAULT_EXPECTED_MS} is used"));
        DEFAULT_EXPECTED_MS
    }
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
    use super::guess_category;

    #[test]
    fn types_are_guessed_as_people_know_them() {
        assert_eq!(guess_category("youtube-viewer", "YouTube", true), "Videos");
        assert_eq!(guess_category("google-maps", "Google Maps", true), "External");
        assert_eq!(guess_category("memory-game", "Memory", false), "Games");
        assert_eq!(guess_category("welcome", "Welcome", false), "Internal");
    }
}
