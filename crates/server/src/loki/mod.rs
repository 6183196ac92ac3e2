//! Loki over HTTP: one connection with its credentials, for all that push, ask and delete there.

mod delete;
mod failure;
mod push;
mod query;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use thiserror::Error;
use tokio::sync::Notify;
use tracking::LabelMode;

pub use delete::{Deletions, Progress};
pub use failure::{Failure, Reason};
pub use push::Pushed;
pub use query::{Count, Line, nanoseconds};

/// How long Loki may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
const API: &str = "/loki/api/v1/";
const PUSH: &str = "/loki/api/v1/push";

/// Where Loki is and how it knows us.
#[derive(Clone)]
pub struct LokiSettings {
    /// With or without the path of the push endpoint.
    pub url: String,
    pub username: Option<String>,
    pub password: Option<String>,
    /// `X-Scope-OrgID`.
    pub tenant: Option<String>,
    pub job: String,
    pub labels: LabelMode,
    /// How far back a deletion reaches: at least as long as Loki keeps anything.
    pub keeps_days: u64,
    /// How long after an erasure events that were already on their way may still reach Loki.
    pub settle: Duration,
    /// How often Loki is asked how far it is.
    pub look_again: Duration,
}

impl LokiSettings {
    #[must_use]
    pub fn new(url: String) -> Self {
        Self {
            url,
            username: None,
            password: None,
            tenant: None,
            job: tracking::Settings::default().job,
            labels: LabelMode::Metadata,
            keeps_days: 366,
            settle: Duration::from_secs(60),
            look_again: Duration::from_secs(5 * 60),
        }
    }
}

#[derive(Debug, Error)]
pub enum LokiError {
    #[error("LOKI_URL must be an http or https address without query and fragment")]
    Url,
    #[error(
        "LOKI_URL has a user or a password in it: set LOKI_USERNAME and LOKI_PASSWORD, and leave the \
         address without them"
    )]
    Credentials,
    #[error("the labels' job must be letters, digits, - and _ only")]
    Job,
    #[error("the client for Loki cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    #[error("Loki cannot be reached")]
    Unreachable,
    #[error("Loki answers HTTP {0}")]
    Status(u16),
    #[error("Loki's answer cannot be read")]
    Unreadable,
}

/// A connection to Loki; clones share it.
#[derive(Clone)]
pub struct Loki {
    client: Client,
    /// Where its endpoints are: ends with a slash.
    api: Url,
    settings: Arc<LokiSettings>,
    wake: Arc<Notify>,
}

impl Loki {
    /// # Errors
    /// When the settings make no client.
    pub fn new(settings: LokiSettings) -> Result<Self, LokiError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if settings.job.is_empty() || !settings.job.bytes().all(is_plain) {
            return Err(LokiError::Job);
        }
        // Several parts of a program may want to; the first is as good as the others.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(TIMEOUT)
            // A redirect could carry the credentials elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(LokiError::Client)?;
        let base = settings.url.trim_end_matches('/');
        let base = base.strip_suffix(PUSH).unwrap_or(base);
        if base.contains('@') {
            return Err(LokiError::Credentials);
        }
        let api = Url::parse(&format!("{base}{API}"))
            .ok()
            .filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.query().is_none()
                    && url.fragment().is_none()
            })
            .ok_or(LokiError::Url)?;
        Ok(Self { client, api, settings: Arc::new(settings), wake: Arc::default() })
    }

    pub fn settings(&self) -> &LokiSettings {
        &self.settings
    }

    /// There is something to erase.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    fn address(&self, endpoint: &str) -> Url {
        let mut url = self.api.clone();
        url.set_path(&format!("{}{endpoint}", url.path()));
        url
    }

    /// With what Loki knows us by.
    fn known(&self, request: RequestBuilder) -> RequestBuilder {
        let request = match (&self.settings.username, &self.settings.password) {
            (Some(user), password) => request.basic_auth(user, password.as_ref()),
            (None, _) => request,
        };
        match &self.settings.tenant {
            Some(tenant) => request.header("X-Scope-OrgID", tenant),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, LokiError> {
        // Its own text names the address, and with it the user.
        let response = self.known(request).send().await.map_err(|_| LokiError::Unreachable)?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(response),
            status => Err(LokiError::Status(status.as_u16())),
        }
    }
}

/// The body of an answer.
async fn read(mut answer: Response, max_bytes: usize) -> Result<Vec<u8>, LokiError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| LokiError::Unreachable)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(LokiError::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_stand_beside_each_other_whatever_path_was_named() {
        for url in [
            "https://logs.example",
            "https://logs.example/",
            "https://logs.example/loki/api/v1/push/",
        ] {
            let loki = Loki::new(LokiSettings::new(url.into())).unwrap();
            for endpoint in ["push", "delete", "query", "query_range"] {
                let expected = format!("https://logs.example/loki/api/v1/{endpoint}");
                assert_eq!(loki.address(endpoint).as_str(), expected);
            }
        }
    }

    #[test]
    fn settings_that_could_widen_a_selector_or_leak_are_refused() {
        let loki = |change: &dyn Fn(&mut LokiSettings)| {
            let mut settings = LokiSettings::new("http://loki:3100".into());
            change(&mut settings);
            Loki::new(settings)
        };
        for url in ["", "loki", "ftp://loki", "http://u:p@loki", "http://loki?x=1", "http://loki#x"]
        {
            assert!(loki(&|s| s.url = url.into()).is_err(), "{url}");
        }
        for job in ["", "a\"b", "a}", "a b"] {
            assert!(loki(&|s| s.job = job.into()).is_err(), "{job}");
        }
    }
}
