//! Why Loki did not take something, in words for whoever runs it.

use std::{error::Error, io};

/// What stands between the server and Loki. The names are values of a label of `/metrics`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    ConnectionRefused,
    Dns,
    Tls,
    Timeout,
    Connection,
    Redirect,
    Credentials,
    NotFound,
    RateLimit,
    StreamLimit,
    TooNew,
    TooLarge,
    ServerError,
    NotLoki,
    Status,
    Refused,
}

impl Reason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionRefused => "connection_refused",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Redirect => "redirect",
            Self::Credentials => "credentials",
            Self::NotFound => "not_found",
            Self::RateLimit => "rate_limit",
            Self::StreamLimit => "stream_limit",
            Self::TooNew => "too_new",
            Self::TooLarge => "too_large",
            Self::ServerError => "server_error",
            Self::NotLoki => "not_loki",
            Self::Status => "status",
            Self::Refused => "refused",
        }
    }

    /// Of a request that got no answer.
    #[must_use]
    pub fn of_error(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(this) = cause {
            if let Some(reason) = Self::of_cause(this) {
                return reason;
            }
            cause = inner(this);
        }
        if error.is_timeout() { Self::Timeout } else { Self::Connection }
    }

    fn of_cause(cause: &(dyn Error + 'static)) -> Option<Self> {
        if cause.is::<rustls::Error>() {
            return Some(Self::Tls);
        }
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return Some(Self::ConnectionRefused);
        }
        // These have no types of their own.
        let text = cause.to_string();
        if text.starts_with("dns error") {
            return Some(Self::Dns);
        }
        text.starts_with("tls handshake").then_some(Self::Tls)
    }

    /// What happened, and what to do.
    fn words(self, status: Option<u16>) -> (String, &'static str) {
        let answers = |what: &str| {
            let status = status.map_or("an answer".to_owned(), |status| format!("HTTP {status}"));
            format!("Loki answers {status}{what}")
        };
        match self {
            Self::ConnectionRefused => (
                "Loki cannot be reached: the connection is refused".into(),
                "Check that Loki runs, and the host and port in LOKI_URL.",
            ),
            Self::Dns => (
                "Loki cannot be reached: its name is not known (DNS)".into(),
                "Check the host in LOKI_URL.",
            ),
            Self::Tls => (
                "Loki cannot be reached: there is no secure connection (TLS)".into(),
                "Check the certificate, and whether LOKI_URL should begin with http:// or https://.",
            ),
            Self::Timeout => {
                ("Loki does not answer in time".into(), "Check the network and how busy Loki is.")
            }
            Self::Connection => (
                "Loki cannot be reached: the connection breaks".into(),
                "Check the network, and whether LOKI_URL should begin with http:// or https://.",
            ),
            Self::Redirect => (
                answers(", a redirect, which is not followed"),
                "Set LOKI_URL to the address that Loki really has.",
            ),
            Self::Credentials => (
                answers(""),
                "Check LOKI_USERNAME, LOKI_PASSWORD and LOKI_TENANT: the credentials are missing or wrong.",
            ),
            Self::NotFound => (answers(": no Loki is there"), "Check the address in LOKI_URL."),
            Self::RateLimit => (
                answers(": too much at once"),
                "Raise Loki's limits (ingestion_rate_mb) when it lasts.",
            ),
            Self::StreamLimit => (
                answers(": it takes no new stream, or no more in one stream; other streams go on"),
                "Raise Loki's limits (max_global_streams_per_user) when it lasts.",
            ),
            Self::TooNew => (
                answers(": events are ahead of its clock, and wait for their time"),
                "Compare the clocks of this machine and of Loki's.",
            ),
            Self::TooLarge => (
                answers(": a request is too large for what stands before Loki"),
                "Let it take requests of 1 MB.",
            ),
            Self::ServerError => (answers(""), "Read Loki's own log."),
            Self::NotLoki => (
                answers(", but not as Loki does: something else answers at its address"),
                "Check LOKI_URL: a login page, a proxy or a port for TLS may answer there.",
            ),
            Self::Status => (answers(""), "Check LOKI_URL and what stands before Loki."),
            Self::Refused => (
                answers(": it refuses events for good, and they are set aside"),
                "Mend the cause, then send them again with `clm-server outbox retry-refused`.",
            ),
        }
    }
}

/// What is inside of an error; an [`io::Error`] skips that in its own answer.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let io = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    io.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
}

/// A request that came to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    pub reason: Reason,
    pub status: Option<u16>,
    /// What the answer asked for.
    pub retry_after_ms: Option<u64>,
    /// The answer's own words, some of them.
    pub said: String,
}

impl Failure {
    #[must_use]
    pub fn of(reason: Reason, status: Option<u16>, said: &str) -> Self {
        Self { reason, status, retry_after_ms: None, said: said.to_owned() }
    }

    /// What happened.
    #[must_use]
    pub fn text(&self) -> String {
        self.reason.words(self.status).0
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.reason.words(self.status).1
    }

    /// The answer's words as far as they name nobody: without labels, ids and what is not to be printed.
    #[must_use]
    pub fn quote(&self) -> String {
        quote(&self.said)
    }
}

/// Characters of an answer that are told.
const QUOTED: usize = 200;

fn quote(said: &str) -> String {
    let (mut text, mut depth) = (String::new(), 0_u32);
    for c in said.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    text.push_str("{..}");
                }
            }
            _ if depth > 0 => {}
            c if c.is_whitespace() => text.push(' '),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    let words = text.split_whitespace().map(|word| if is_id(word) { ".." } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect()
}

fn is_id(word: &str) -> bool {
    word.contains("session_") || word.chars().filter(char::is_ascii_hexdigit).count() >= 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_names_nobody() {
        let user = "ab".repeat(32);
        let said = format!(
            "entry for stream '{{job=\"j\", user_id=\"{user}\"}}' has\n timestamp too new \u{7}of {user}, session_1_2"
        );
        assert_eq!(quote(&said), "entry for stream '{..}' has timestamp too new of .. ..");
        assert_eq!(quote(&"x ".repeat(1_000)).chars().count(), QUOTED);
        assert_eq!(quote("never closed {user_id=\"me\""), "never closed");
    }

    #[test]
    fn every_reason_says_what_happened_and_what_to_do() {
        for reason in [Reason::Dns, Reason::Redirect, Reason::NotLoki, Reason::StreamLimit] {
            let failure = Failure::of(reason, Some(429), "");
            assert!(failure.text().starts_with("Loki "), "{}", failure.text());
            assert!(failure.advice().ends_with('.'), "{}", failure.advice());
        }
    }
}
