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
    fn the_shipped_config_is_the_default() {
        assert_eq!(Config::parse(include_str!("../static/config.json")), Ok(Config::default()));
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
