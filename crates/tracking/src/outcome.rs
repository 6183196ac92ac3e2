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
    /// Try again later: 408, 425, 429, 5xx and whatever else is not an answer of a receiver.
    Retry {
        status: u16,
        retry_after_ms: Option<u64>,
    },
    /// No answer at all: refused, cut or timed out.
    Unreachable,
}

/// A receiver may ask for patience, but not for more than this: 10 min.
pub const MAX_RETRY_AFTER_MS: u64 = 10 * 60 * 1000;

impl Outcome {
    /// `retry_after` is the header's text, in seconds or as an HTTP date.
    #[must_use]
    pub fn from_status(status: u16, retry_after: Option<&str>, now: Timestamp) -> Self {
        match status {
            200..=299 => Self::Accepted,
            400 | 413 | 422 => Self::Rejected { status },
            401 | 403 => Self::Unauthorized { status },
            _ => Self::Retry {
                status,
                retry_after_ms: retry_after.and_then(|text| parse_retry_after(text, now)),
            },
        }
    }
}

fn parse_retry_after(text: &str, now: Timestamp) -> Option<u64> {
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

    #[test]
    fn every_status_has_its_meaning() {
        let now = Timestamp(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        let retry = |status, retry_after_ms| Outcome::Retry { status, retry_after_ms };
        for (status, header, outcome) in [
            (200, None, Outcome::Accepted),
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
            assert_eq!(Outcome::from_status(status, header, now), outcome, "{status} {header:?}");
        }
    }
}
