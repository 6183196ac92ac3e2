//! Asks the server for what it has of this browser's user, with the secret that proves who asks.

use gloo_net::http::{Request, RequestBuilder, Response};
use serde::Deserialize;
use web_sys::AbortSignal;

use crate::{config::Config, tracking};

/// An erasure is one step on the server; a long history needs its time to travel.
const PATIENCE_MS: u32 = 60_000;
const PUSH: &str = "loki/api/v1/push";

/// What the server says about our data.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum Status {
    #[serde(rename = "stored")]
    Stored,
    #[serde(rename = "nothing stored")]
    Nothing,
    #[serde(rename = "erased")]
    Erased,
    #[serde(rename = "pending at Loki")]
    PendingAtLoki,
}

/// All that the server has, as the file that is saved and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Mine {
    pub status: Status,
    pub entries: usize,
    pub file: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Erased {
    pub status: Status,
    #[serde(default)]
    events: u64,
    #[serde(default)]
    analytics: u64,
}

impl Erased {
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.events.saturating_add(self.analytics)
    }
}

/// The secret of this browser's user, if there is one.
#[must_use]
pub fn secret() -> Option<String> {
    tracking::secret()
}

/// The secrets of whom this browser was before tracking was turned off: what they sent can still be deleted.
#[must_use]
pub fn deletion_keys() -> Vec<String> {
    tracking::deletion_keys()
}

/// What was sent with it is deleted.
pub fn forget_deletion_key(key: &str) {
    tracking::keep_deletion_keys(deletion_keys().into_iter().filter(|kept| kept != key));
}

/// The person does not want to delete anything later.
pub fn forget_deletion_keys() {
    tracking::keep_deletion_keys([]);
}

/// # Errors
/// A sentence for the person at the screen.
pub async fn download(secret: &str) -> Result<Mine, String> {
    let response = ask(Request::get(&address().await), secret).await?;
    mine(text(response).await?).ok_or_else(strange)
}

/// # Errors
/// A sentence for the person at the screen.
pub async fn erase(secret: &str) -> Result<Erased, String> {
    let response = ask(Request::delete(&address().await), secret).await?;
    serde_json::from_str(&text(response).await?).map_err(|_| strange())
}

fn mine(file: String) -> Option<Mine> {
    #[derive(Deserialize)]
    struct Read {
        status: Status,
        #[serde(default)]
        events: Vec<serde::de::IgnoredAny>,
        #[serde(default)]
        analytics: Vec<serde::de::IgnoredAny>,
    }
    let read: Read = serde_json::from_str(&file).ok()?;
    Some(Mine { status: read.status, entries: read.events.len() + read.analytics.len(), file })
}

async fn ask(request: RequestBuilder, secret: &str) -> Result<Response, String> {
    let patience = AbortSignal::timeout_with_u32(PATIENCE_MS);
    request
        .header("X-CLM-User-Secret", secret)
        .abort_signal(Some(&patience))
        .send()
        .await
        .map_err(|_| unreachable())
}

async fn text(response: Response) -> Result<String, String> {
    match response.status() {
        200..=299 => response.text().await.map_err(|_| unreachable()),
        429 | 503 => Err("The server is busy.".to_owned()),
        status => Err(format!("The server answers HTTP {status}.")),
    }
}

fn unreachable() -> String {
    "The server does not answer.".to_owned()
}

fn strange() -> String {
    "The answer is not what was expected; is this our server?".to_owned()
}

/// Beside where the events go.
async fn address() -> String {
    beside(&tracking::fetch_config().await.unwrap_or_else(|_| Config::default()).loki_url)
}

fn beside(push: &str) -> String {
    let base = push.trim_end_matches('/').strip_suffix(PUSH);
    // `…/other-loki/api/v1/push` is somebody else's.
    let base = base.filter(|base| base.is_empty() || base.ends_with('/'));
    format!("{}api/me", base.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_beside_the_one_that_takes_the_events() {
        assert_eq!(beside("loki/api/v1/push"), "api/me");
        assert_eq!(beside("/loki/api/v1/push"), "/api/me");
        assert_eq!(
            beside("https://clm.example/x/loki/api/v1/push/"),
            "https://clm.example/x/api/me"
        );
        assert_eq!(beside("https://elsewhere.example/push"), "api/me");
        assert_eq!(beside("https://elsewhere.example/my-loki/api/v1/push"), "api/me");
    }

    #[test]
    fn what_the_server_says_is_read_and_a_cut_answer_is_none() {
        let file = r#"{"user_id":"x","status":"stored","events":[{},{}],"analytics":[{}]}"#;
        let read = mine(file.to_owned()).unwrap();
        assert_eq!((read.status, read.entries), (Status::Stored, 3));
        assert_eq!(mine(file[..40].to_owned()), None);
        let erased: Erased =
            serde_json::from_str(r#"{"status":"pending at Loki","events":4}"#).unwrap();
        assert_eq!((erased.status, erased.entries()), (Status::PendingAtLoki, 4));
    }
}
