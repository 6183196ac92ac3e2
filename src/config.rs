//! Settings read at run time from `/config.json`.

use serde::Deserialize;
use tracking::{LabelMode, Private, Settings};

/// What `config.json` may hold. Everything is optional; units are in the names or comments.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    /// Where batches go: our own server, or any receiver of Loki's push format. Without a slash at its beginning it
    /// is beside the page, wherever that is served from.
    pub loki_url: String,
    /// Milliseconds.
    pub flush_interval: u64,
    /// Events.
    pub batch_size: usize,
    pub loki_username: Option<String>,
    pub loki_password: Option<String>,
    pub job: String,
    /// `metadata` or `stream`.
    pub labels: Labels,
    /// Texts that are taken out of what errors say, beside the built-in rules.
    pub scrub: Vec<String>,
    /// Texts after which the rest of the word is taken out, such as `customer=`.
    pub scrub_after: Vec<String>,
    /// Writes `[Analytics] ..` lines to the console.
    pub debug: bool,
}

/// Every key that is read.
const KEYS: [&str; 10] = [
    "lokiUrl",
    "flushInterval",
    "batchSize",
    "lokiUsername",
    "lokiPassword",
    "job",
    "labels",
    "scrub",
    "scrubAfter",
    "debug",
];

/// What to say of keys that nobody reads: a slip of the pen would go unnoticed.
#[must_use]
pub fn unread(keys: impl IntoIterator<Item = String>) -> Option<String> {
    let unread: Vec<_> = keys.into_iter().filter(|key| !KEYS.contains(&&**key)).collect();
    if unread.is_empty() {
        return None;
    }
    let mut text =
        format!("config.json: nobody reads {}. Known are {}.", unread.join(", "), KEYS.join(", "));
    if unread.iter().any(|key| key == "userId") {
        text.push_str(" A userId is not taken: who a person is stays in the browser, and the id is made there.");
    }
    Some(text)
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    #[default]
    Metadata,
    Stream,
}

impl Default for Config {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            loki_url: "loki/api/v1/push".to_owned(),
            flush_interval: settings.flush_interval_ms,
            batch_size: settings.batch_size,
            loki_username: None,
            loki_password: None,
            job: settings.job,
            labels: Labels::Metadata,
            scrub: Vec::new(),
            scrub_after: Vec::new(),
            debug: false,
        }
    }
}

impl Config {
    /// # Errors
    /// A sentence that names the place of the mistake.
    pub fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|error| {
            format!(
                "config.json is not as expected (line {}, column {})",
                error.line(),
                error.column()
            )
        })
    }

    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            job: self.job.clone(),
            labels: match self.labels {
                Labels::Metadata => LabelMode::Metadata,
                Labels::Stream => LabelMode::Stream,
            },
            // Bounds keep a slip of the pen from flooding a server or from never sending.
            batch_size: self.batch_size.clamp(1, 1_000),
            flush_interval_ms: self.flush_interval.clamp(100, 600_000),
            scrub: self.scrub(),
            ..Settings::default()
        }
    }

    fn scrub(&self) -> Vec<Private> {
        let texts = self.scrub.iter().cloned().map(Private::Text);
        texts.chain(self.scrub_after.iter().cloned().map(Private::After)).collect()
    }

    /// User name and password, when both are there.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &str)> {
        Some((self.loki_username.as_deref()?, self.loki_password.as_deref()?))
            .filter(|(user, password)| !user.is_empty() && !password.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("{}"), Ok(Config::default()));
    }

    /// Whatever an operator sets in it.
    #[test]
    fn the_shipped_file_can_be_read_and_every_key_of_it_is() {
        let shipped = include_str!("../static/config.json");
        assert!(Config::parse(shipped).is_ok());
        let keys: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_str(shipped).unwrap();
        assert_eq!(unread(keys.into_keys()), None);
    }

    #[test]
    fn every_known_key_is_read_and_every_other_is_named() {
        for key in KEYS {
            assert!(Config::parse(&format!(r#"{{"{key}":{{}}}}"#)).is_err(), "{key} is not read");
        }
        // A new field has to be named in `KEYS`.
        let Config {
            loki_url: _,
            flush_interval: _,
            batch_size: _,
            loki_username: _,
            loki_password: _,
            job: _,
            labels: _,
            scrub: _,
            scrub_after: _,
            debug: _,
        } = Config::default();
        let keys = ["debug", "lokiURL", "userId"].map(str::to_owned);
        let told = unread(keys).unwrap();
        assert!(told.starts_with("config.json: nobody reads lokiURL, userId. Known are lokiUrl, "));
        assert!(told.contains("A userId is not taken"));
    }

    #[test]
    fn settings_are_bounded_and_credentials_need_both_halves() {
        let config = Config::parse(
            r#"{"batchSize":0,"flushInterval":1,"lokiUsername":"u","labels":"stream"}"#,
        )
        .unwrap();
        let settings = config.settings();
        assert_eq!((settings.batch_size, settings.flush_interval_ms), (1, 100));
        assert_eq!(settings.labels, LabelMode::Stream);
        assert_eq!(config.credentials(), None);
        assert!(Config::parse(r#"{"labels":"five"}"#).is_err());
    }
}
