//! One request to the server's `/api`, and whether it was our server that answered it.

use gloo_net::http::{Request, Response};
use serde::Deserialize;

/// Who answered, and what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// Our server's answer: JSON.
    Json(String),
    /// Our server says no, in its own sentence where it has one.
    Refused {
        status: u16,
        sentence: Option<String>,
    },
    /// Somebody else answered: static hosting, a development server without ours behind it, a host that
    /// answers every address with its start page.
    NotOurs,
    /// The request was sent on to another page, as gateways do when somebody has to sign in again.
    Redirected,
    Unreachable,
}

pub async fn get(url: &str) -> Reply {
    reply(Request::get(url).send().await).await
}

/// Asks for something to be done.
pub async fn post(url: &str) -> Reply {
    reply(Request::post(url).send().await).await
}

async fn reply(answer: Result<Response, gloo_net::Error>) -> Reply {
    let Ok(response) = answer else { return Reply::Unreachable };
    if response.redirected() {
        return Reply::Redirected;
    }
    let kind = response.headers().get("Content-Type");
    let status = response.status();
    match response.text().await {
        Ok(text) => Reply::of(status, kind.as_deref(), text),
        Err(_) => Reply::Unreachable,
    }
}

impl Reply {
    fn of(status: u16, kind: Option<&str>, text: String) -> Self {
        #[derive(Deserialize)]
        struct No {
            error: String,
        }
        // The rate limit answers before the rest of the server, as plain text.
        let is_ours = kind.is_some_and(is_json) || status == 429;
        match status {
            200..=299 if is_ours => Self::Json(text),
            400..=599 if is_ours => {
                let no = serde_json::from_str(&text).ok();
                Self::Refused { status, sentence: no.map(|No { error }| error) }
            }
            _ => Self::NotOurs,
        }
    }
}

/// `application/json`, whatever follows it.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Option<&str> = Some("application/json; charset=utf-8");
    const HTML: Option<&str> = Some("text/html");

    fn of(status: u16, kind: Option<&str>, text: &str) -> Reply {
        Reply::of(status, kind, text.to_owned())
    }

    #[test]
    fn only_json_is_an_answer_of_our_server() {
        assert_eq!(of(200, JSON, "[]"), Reply::Json("[]".to_owned()));
        let says_no = of(400, JSON, r#"{"error":"from is not a number"}"#);
        let sentence = Some("from is not a number".to_owned());
        assert_eq!(says_no, Reply::Refused { status: 400, sentence });
        assert_eq!(of(401, JSON, "[]"), Reply::Refused { status: 401, sentence: None });
        assert_eq!(of(429, None, "slow down"), Reply::Refused { status: 429, sentence: None });
        for (status, kind) in [
            (200, HTML),
            (200, None),
            (204, None),
            (404, HTML),
            (404, Some("text/plain")),
            (405, None),
            (500, Some("text/plain; charset=utf-8")),
            (501, HTML),
            (502, HTML),
            (504, Some("application/jsonp")),
        ] {
            assert_eq!(of(status, kind, "<html>"), Reply::NotOurs, "{status} {kind:?}");
        }
    }
}
