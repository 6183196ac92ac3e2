//! Loki's own way to forget: a request to delete, and the list of such requests with their states.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Notify;
use tracking::{LabelMode, Outcome, Timestamp, UserId};

/// How long Loki may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of its answer that are read.
const MAX_ANSWER: usize = 16 << 20;
const PUSH: &str = "/loki/api/v1/push";
/// The push endpoint, seen from the delete endpoint.
const PUSH_BESIDE: &str = "push";
/// Bytes of a refusal that are read.
const MAX_REASON: usize = 4_096;
/// Loki takes times in seconds of exactly ten digits: from 2001 on.
const EARLIEST_S: u64 = 1_000_000_000;
const DAY_S: u64 = 24 * 60 * 60;

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
    #[error("LOKI_URL must be an http or https address without user, query or fragment")]
    Url,
    #[error("the labels' job must be letters, digits, - and _ only")]
    Job,
    #[error("the client for Loki cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    #[error("Loki cannot be reached")]
    Unreachable,
    #[error("Loki answers HTTP {0}")]
    Status(u16),
    #[error("Loki's list of deletions cannot be read")]
    List,
}

/// How a push ended, and Loki's own words about it.
#[derive(Debug)]
pub struct Pushed {
    pub outcome: Outcome,
    pub reason: String,
}

/// How far a deletion is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Loki knows nothing of it, or nothing any more.
    Unknown,
    Going,
    Done,
}

/// A connection to Loki; clones share it.
#[derive(Clone)]
pub struct Loki {
    client: Client,
    delete: Url,
    push: Url,
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
        let delete = Url::parse(&format!("{base}/loki/api/v1/delete"))
            .ok()
            .filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.query().is_none()
                    && url.fragment().is_none()
            })
            .ok_or(LokiError::Url)?;
        let push = delete.join(PUSH_BESIDE).map_err(|_| LokiError::Url)?;
        Ok(Self { client, delete, push, settings: Arc::new(settings), wake: Arc::default() })
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

    /// Names the entries of one user. An empty selector would make Loki refuse every later query,
    /// so it is made of nothing but our own job and an id that is 64 hex digits by its type.
    fn selector(&self, user: &UserId) -> String {
        let (job, user) = (&self.settings.job, user.as_str());
        match self.settings.labels {
            LabelMode::Metadata => format!("{{job=\"{job}\"}} | user_id=\"{user}\""),
            LabelMode::Stream => format!("{{job=\"{job}\", user_id=\"{user}\"}}"),
        }
    }

    fn start_s(&self, end_s: u64) -> u64 {
        end_s.saturating_sub(self.settings.keeps_days.saturating_mul(DAY_S)).max(EARLIEST_S)
    }

    /// Asks Loki to delete all that it has of `user` up to `end_s`.
    pub async fn delete(&self, user: &UserId, end_s: u64) -> Result<(), LokiError> {
        let start_s = self.start_s(end_s);
        let mut url = self.delete.clone();
        url.query_pairs_mut()
            .append_pair("query", &self.selector(user))
            .append_pair("start", &start_s.to_string())
            .append_pair("end", &end_s.to_string());
        self.send(self.client.post(url)).await.map(|_| ())
    }

    /// The deletions that Loki knows of.
    pub async fn deletions(&self) -> Result<Deletions, LokiError> {
        let mut answer = self.send(self.client.get(self.delete.clone())).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| LokiError::Unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(LokiError::List);
            }
            body.extend_from_slice(&chunk);
        }
        Deletions::read(&body).ok_or(LokiError::List)
    }

    /// Pushes a gzipped body.
    pub async fn push(&self, body: Vec<u8>, now: Timestamp) -> Pushed {
        let request = self
            .client
            .post(self.push.clone())
            .header("Content-Type", "application/json")
            .header("Content-Encoding", "gzip")
            .body(body);
        let Ok(mut response) = self.known(request).send().await else {
            return Pushed { outcome: Outcome::Unreachable, reason: String::new() };
        };
        let retry_after = response.headers().get("Retry-After").and_then(|v| v.to_str().ok());
        let outcome = Outcome::from_status(response.status().as_u16(), retry_after, now);
        let mut reason = Vec::new();
        while let Outcome::Rejected { .. } = outcome
            && let Ok(Some(chunk)) = response.chunk().await
            && reason.len() < MAX_REASON
        {
            reason.extend_from_slice(&chunk);
        }
        Pushed { outcome, reason: String::from_utf8_lossy(&reason).trim().to_owned() }
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

    async fn send(&self, request: RequestBuilder) -> Result<reqwest::Response, LokiError> {
        // Its own text names the address, and with it the user.
        let response = self.known(request).send().await.map_err(|_| LokiError::Unreachable)?;
        match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(response),
            status => Err(LokiError::Status(status.as_u16())),
        }
    }
}

#[derive(Deserialize)]
struct Deletion {
    query: String,
    status: String,
    #[serde(default)]
    end_time: serde_json::Value,
}

/// What `GET` on the deletions answers.
pub struct Deletions(Vec<Deletion>);

impl Deletions {
    fn read(body: &[u8]) -> Option<Self> {
        // Loki writes `null` for an empty list.
        serde_json::from_slice::<Option<Vec<Deletion>>>(body)
            .ok()
            .map(|l| Self(l.unwrap_or_default()))
    }

    /// Done is done only when every request for this user is, and one of them reaches `end_s`.
    pub fn progress(&self, user: &UserId, end_s: u64) -> Progress {
        let ours: Vec<_> = self.0.iter().filter(|d| d.query.contains(user.as_str())).collect();
        let reaching: Vec<_> = ours.iter().filter(|d| d.reaches(end_s)).collect();
        if reaching.iter().all(|d| d.status.starts_with("cancel")) {
            Progress::Unknown
        } else if ours.iter().all(|d| d.status == "processed" || d.status.starts_with("cancel")) {
            Progress::Done
        } else {
            Progress::Going
        }
    }
}

impl Deletion {
    #[allow(clippy::cast_precision_loss)]
    fn reaches(&self, end_s: u64) -> bool {
        let end = match &self.end_time {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        // Its parts may end a moment short of the whole.
        end.is_some_and(|end| end + 1.0 >= end_s as f64)
    }
}

#[cfg(test)]
mod tests {
    use tracking::UserSecret;

    use super::*;

    fn loki(change: impl FnOnce(&mut LokiSettings)) -> Result<Loki, LokiError> {
        let mut settings = LokiSettings::new("http://loki:3100".into());
        change(&mut settings);
        Loki::new(settings)
    }

    #[test]
    fn the_selector_names_one_user_and_the_address_is_the_delete_endpoint() {
        let user = UserSecret::new(1).user_id();
        let metadata = loki(|s| s.url = "https://logs.example/loki/api/v1/push/".into()).unwrap();
        assert_eq!(metadata.delete.as_str(), "https://logs.example/loki/api/v1/delete");
        let expected = format!("{{job=\"clm-frontend\"}} | user_id=\"{}\"", user.as_str());
        assert_eq!(metadata.selector(&user), expected);
        let stream = loki(|s| s.labels = LabelMode::Stream).unwrap();
        let expected = format!("{{job=\"clm-frontend\", user_id=\"{}\"}}", user.as_str());
        assert_eq!(stream.selector(&user), expected);
    }

    #[test]
    fn the_start_is_a_time_that_loki_takes() {
        let end_s = 1_764_000_000;
        assert_eq!(loki(|_| ()).unwrap().start_s(end_s), end_s - 366 * DAY_S);
        assert_eq!(loki(|s| s.keeps_days = u64::MAX).unwrap().start_s(end_s), EARLIEST_S);
    }

    #[test]
    fn settings_that_could_widen_a_selector_or_leak_are_refused() {
        for url in ["", "loki", "ftp://loki", "http://u:p@loki", "http://loki?x=1", "http://loki#x"]
        {
            assert!(loki(|s| s.url = url.into()).is_err(), "{url}");
        }
        for job in ["", "a\"b", "a}", "a b"] {
            assert!(loki(|s| s.job = job.into()).is_err(), "{job}");
        }
    }

    #[test]
    fn done_is_what_loki_calls_processed_for_all_that_was_asked() {
        let user = UserSecret::new(1).user_id();
        let progress = |rows: &[(&str, f64)]| {
            let rows: Vec<_> = rows
                .iter()
                .map(|(status, end)| {
                    serde_json::json!({ "request_id": "a", "start_time": 1.0, "end_time": end,
                        "query": format!("{{job=\"j\"}} | user_id=\"{}\"", user.as_str()),
                        "status": status, "created_at": 9.0 })
                })
                .collect();
            let body = serde_json::to_vec(&rows).unwrap();
            Deletions::read(&body).unwrap().progress(&user, 1_000)
        };
        assert_eq!(progress(&[]), Progress::Unknown);
        assert_eq!(progress(&[("processed", 1_000.0)]), Progress::Done);
        assert_eq!(progress(&[("processed", 900.0)]), Progress::Unknown);
        assert_eq!(progress(&[("received", 1_000.0)]), Progress::Going);
        assert_eq!(progress(&[("50% Complete", 1_000.0)]), Progress::Going);
        assert_eq!(progress(&[("cancelled", 1_000.0)]), Progress::Unknown);
        assert_eq!(progress(&[("received", 900.0), ("processed", 1_000.0)]), Progress::Going);
        let other = UserSecret::new(2).user_id();
        assert_eq!(Deletions::read(b"null").unwrap().progress(&other, 1), Progress::Unknown);
        assert!(Deletions::read(b"{}").is_none());
    }
}
