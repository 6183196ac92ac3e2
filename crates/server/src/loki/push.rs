//! Events in. Only Loki's own answer is an answer: something else may stand at its address.

use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER},
};
use tracking::Timestamp;

use crate::loki::{Failure, Loki, Reason};

/// Bytes of an answer that are read.
const MAX_REASON: usize = 4_096;

/// How a push ended.
#[derive(Debug)]
pub enum Pushed {
    Accepted,
    /// Loki says that it will never take at least one entry; it may have taken the others.
    Refused {
        status: u16,
        said: String,
    },
    /// It may be taken another time.
    Failed(Failure),
}

impl Loki {
    /// Pushes a gzipped body.
    pub async fn push(&self, body: Vec<u8>, now: Timestamp) -> Pushed {
        let request = self
            .client
            .post(self.address("push"))
            .header(CONTENT_TYPE, "application/json")
            .header("Content-Encoding", "gzip")
            .body(body);
        match self.known(request).send().await {
            Ok(response) => read(response, now).await,
            Err(error) => Pushed::Failed(Failure::of(Reason::of_error(&error), None, "")),
        }
    }
}

async fn read(mut response: Response, now: Timestamp) -> Pushed {
    let status = response.status().as_u16();
    if status == 204 {
        return Pushed::Accepted;
    }
    let headers = std::mem::take(response.headers_mut());
    let mut said = Vec::new();
    while said.len() < MAX_REASON
        && let Ok(Some(chunk)) = response.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(MAX_REASON);
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    match reason(status, &headers, &said) {
        Reason::Refused => Pushed::Refused { status, said },
        reason => {
            let retry_after_ms = retry_after_ms(&headers, now);
            Pushed::Failed(Failure { reason, status: Some(status), retry_after_ms, said })
        }
    }
}

/// [`Reason::Refused`] where Loki itself has refused an entry.
fn reason(status: u16, headers: &HeaderMap, said: &str) -> Reason {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_lokis = matches!(&*kind, "text/plain" | "application/json") && !looks_like_html(said);
    match status {
        300..=399 if headers.contains_key(LOCATION) || status != 304 => Reason::Redirect,
        400 | 413 | 422 if is_lokis => Reason::Refused,
        413 => Reason::TooLarge,
        401 | 403 => Reason::Credentials,
        404 | 405 | 410 => Reason::NotFound,
        429 if is_stream_limit(said) => Reason::StreamLimit,
        429 => Reason::RateLimit,
        500..=599 => Reason::ServerError,
        408 => Reason::Timeout,
        200..=399 | 400 | 422 => Reason::NotLoki,
        _ => Reason::Status,
    }
}

fn looks_like_html(said: &str) -> bool {
    let start: String = said.chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml")
}

/// One stream has too much, or is one too many: the others may go on.
fn is_stream_limit(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("stream limit") || said.contains("per stream") || said.contains("per_stream")
}

/// What the header asks for, in seconds or as a date.
fn retry_after_ms(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    tracking::retry_after_ms(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason_of(status: u16, kind: &str, said: &str) -> Reason {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        reason(status, &headers, said)
    }

    #[test]
    fn only_loki_refuses_for_good() {
        for (status, kind, said, expected) in [
            (400, "text/plain; charset=utf-8", "entry too far behind", Reason::Refused),
            (422, "application/json", "{\"message\":\"no stream\"}", Reason::Refused),
            (413, "text/plain", "request body too large", Reason::Refused),
            (400, "text/html", "<html>400 Bad Request", Reason::NotLoki),
            (400, "text/plain", "<!DOCTYPE html>", Reason::NotLoki),
            (400, "", "Client sent an HTTP request to an HTTPS server.", Reason::NotLoki),
            (422, "application/xml", "<error/>", Reason::NotLoki),
            (413, "text/html", "<html>", Reason::TooLarge),
            (200, "text/html", "please sign in", Reason::NotLoki),
            (200, "application/json", "{}", Reason::NotLoki),
            (301, "text/html", "", Reason::Redirect),
            (401, "", "", Reason::Credentials),
            (404, "text/plain", "404 page not found", Reason::NotFound),
            (429, "text/plain", "ingestion rate limit exceeded", Reason::RateLimit),
            (429, "text/plain", "Maximum active stream limit exceeded", Reason::StreamLimit),
            (429, "text/plain", "Per stream rate limit exceeded", Reason::StreamLimit),
            (503, "", "", Reason::ServerError),
            (418, "", "", Reason::Status),
        ] {
            assert_eq!(reason_of(status, kind, said), expected, "{status} {kind} {said}");
        }
    }
}
