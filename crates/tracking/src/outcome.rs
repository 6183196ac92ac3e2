//! What a receiver's answer means for the batch it was given.

use crate::time::Timestamp;

/// How sending one batch ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    Accepted,
    /// At least one entry will never be accepted (400, 413, 422).
    Rejected {
        status: u16,
    },
    /// The credentials are missing or wrong (401, 403).
    Unauthorized {
        status: u16,
    },
    /// Try again later: 408, 425, 429, 5xx and whatever else says that the receiver is not ready.
    Retry {
        status: u16,
        retry_after_ms: Option<u64>,
    },
    /// Something between us and the receiver answered in its place: a sign-in page, a start page. No status for a
    /// redirect, which a browser hides.
    Intercepted {
        status: Option<u16>,
    },
    /// No answer at all: refused, cut or timed out.
    Unreachable,
}

/// A receiver may ask for patience, but not for more than this: 10 min.
pub const MAX_RETRY_AFTER_MS: u64 = 10 * 60 * 1000;

/// What is seen of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// `None` for a redirect that was not followed.
    pub status: Option<u16>,
    /// The answer comes from another address than the one that was asked.
    pub redirected: bool,
    pub content_type: Option<&'a str>,
    /// The header's text, in seconds or as an HTTP date.
    pub retry_after: Option<&'a str>,
}

impl Answer<'_> {
    /// A receiver writes text or JSON; a page is written for a person.
    fn is_page(&self) -> bool {
        let essence = self.content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        ["text/html", "application/xhtml+xml"]
            .iter()
            .any(|page| essence.trim().eq_ignore_ascii_case(page))
    }
}

impl Outcome {
    /// Only a receiver's own answer settles a batch: it takes events with a 204 and nothing else, and refuses them
    /// for good with text or JSON, never with a page or from another address.
    #[must_use]
    pub fn of(answer: &Answer<'_>, now: Timestamp) -> Self {
        let intercepted = Self::Intercepted { status: answer.status };
        let Some(status) = answer.status.filter(|_| !answer.redirected) else { return intercepted };
        match status {
            // A proxy's page about a receiver that is down asks for patience all the same. 511 is an access
            // point's that wants a sign-in.
            408 | 425 | 429 | 500..=510 | 512..=599 => Self::Retry {
                status,
                retry_after_ms: answer.retry_after.and_then(|text| retry_after_ms(text, now)),
            },
            _ if answer.is_page() => intercepted,
            204 => Self::Accepted,
            200..=399 | 407 | 511 => intercepted,
            400 | 413 | 422 => Self::Rejected { status },
            401 | 403 => Self::Unauthorized { status },
            _ => Self::Retry {
                status,
                retry_after_ms: answer.retry_after.and_then(|text| retry_after_ms(text, now)),
            },
        }
    }
}

/// What a `Retry-After` header asks for, in seconds or as an HTTP date; at most [`MAX_RETRY_AFTER_MS`].
#[must_use]
pub fn retry_after_ms(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    let ms = match text.parse::<u64>() {
        Ok(seconds) => seconds.saturating_mul(1000),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            let at = at.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
            u64::try_from(at.as_millis()).ok()?.saturating_sub(now.0)
        }
    };
    Some(ms.min(MAX_RETRY_AFTER_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, retry_after: Option<&str>, content_type: Option<&str>) -> Outcome {
        let now = Timestamp(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        let answer = Answer { status: Some(status), redirected: false, content_type, retry_after };
        Outcome::of(&answer, now)
    }

    #[test]
    fn every_status_has_its_meaning() {
        let retry = |status, retry_after_ms| Outcome::Retry { status, retry_after_ms };
        for (status, header, outcome) in [
            (204, None, Outcome::Accepted),
            (400, None, Outcome::Rejected { status: 400 }),
            (413, None, Outcome::Rejected { status: 413 }),
            (422, None, Outcome::Rejected { status: 422 }),
            (401, None, Outcome::Unauthorized { status: 401 }),
            (403, Some("5"), Outcome::Unauthorized { status: 403 }),
            (404, None, retry(404, None)),
            (408, None, retry(408, None)),
            (425, None, retry(425, None)),
            (429, Some("2"), retry(429, Some(2_000))),
            (429, Some("soon"), retry(429, None)),
            (429, Some("-1"), retry(429, None)),
            (503, Some("Sun, 06 Nov 1994 08:49:47 GMT"), retry(503, Some(10_000))),
            (503, Some("Sun, 06 Nov 1994 08:49:07 GMT"), retry(503, Some(0))),
            (503, Some("99999999999999999999"), retry(503, None)),
            (503, Some("86400"), retry(503, Some(MAX_RETRY_AFTER_MS))),
        ] {
            assert_eq!(of(status, header, None), outcome, "{status} {header:?}");
            let json = of(status, header, Some("application/json"));
            assert_eq!(json, outcome, "{status} {header:?} with JSON");
        }
    }

    #[test]
    fn only_a_204_of_the_receiver_itself_takes_events() {
        let intercepted = |status| Outcome::Intercepted { status: Some(status) };
        for status in [200, 201, 202, 203, 205, 206, 207, 226, 299, 301, 302, 304, 307, 308, 511] {
            for kind in [None, Some("application/json"), Some("text/html")] {
                assert_eq!(of(status, None, kind), intercepted(status), "{status} {kind:?}");
            }
        }
        for moved in [
            Answer { status: None, ..Answer::default() },
            Answer { status: Some(204), redirected: true, ..Answer::default() },
            Answer { status: Some(400), redirected: true, ..Answer::default() },
        ] {
            let outcome = Outcome::of(&moved, Timestamp(0));
            assert_eq!(outcome, Outcome::Intercepted { status: moved.status });
        }
    }

    #[test]
    fn a_page_refuses_nothing_for_good() {
        for status in [204, 400, 401, 403, 404, 405, 410, 413, 418, 422] {
            for kind in ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"] {
                let intercepted = Outcome::Intercepted { status: Some(status) };
                assert_eq!(of(status, None, Some(kind)), intercepted, "{status} {kind}");
            }
        }
        // A proxy's page about a receiver that is down.
        let asked = Outcome::Retry { status: 503, retry_after_ms: Some(7_000) };
        assert_eq!(of(503, Some("7"), Some("text/html")), asked);
    }
}
