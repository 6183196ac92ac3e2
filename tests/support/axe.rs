//! axe-core looks at the page for what keeps people out.
//!
//! Needs npm, and for the first time the npm registry. Says so and looks at nothing when they are not
//! there.

use std::{fs, io::Write, path::Path, process::Command};

use serde_json::Value;

use super::Person;

/// Beside those that are on anyway.
const MORE_RULES: &str = "{ 'target-size': { enabled: true } }";

pub struct Axe(Option<String>);

impl Axe {
    pub fn fetch() -> Self {
        let found = source();
        if let Err(why) = &found {
            let _ = writeln!(std::io::stderr(), "\nskipped: axe-core: {why}");
        }
        Self(found.ok())
    }

    /// Fails with what is wrong in the `state` that the page is in.
    pub async fn looks_at(&self, person: &Person, state: &str) {
        let Some(source) = &self.0 else { return };
        if person.run("return String(!!window.axe)").await != "true" {
            person.evaluate(source).await;
        }
        // Components are looked at as pages of their own: their frames let nobody in. What moves is
        // looked at when it stands still.
        person
            .evaluate(&format!(
                "window.wrong = null; \
                 Promise.all(document.getAnimations().map(moving => moving.finished.catch(() => 0))).then(() => \
                 axe.run(document, {{ iframes: false, resultTypes: ['violations'], rules: {MORE_RULES} }})).then(found => {{ \
                     window.wrong = JSON.stringify(found.violations.map(v => [v.id, v.help, ...v.nodes.map(n => \
                         n.target.join(' ') + ': ' + n.failureSummary)])); \
                 }}, failure => {{ window.wrong = JSON.stringify([[String(failure)]]) }})"
            ))
            .await;
        person.until("return typeof window.wrong === 'string'", 0).await;
        let wrong: Value = serde_json::from_str(&person.run("return window.wrong").await).unwrap();
        assert!(wrong.as_array().is_some_and(Vec::is_empty), "{state}: {wrong:#}");
    }
}

fn source() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/axe");
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if !file.is_file() {
        let output = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output()
            .map_err(|_| "no npm here".to_owned())?;
        if !output.status.success() {
            return Err("npm ci in tests/axe failed".to_owned());
        }
    }
    fs::read_to_string(file).map_err(|error| error.to_string())
}
