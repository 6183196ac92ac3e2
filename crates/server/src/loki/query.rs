//! Questions in LogQL.

use std::collections::BTreeMap;

use insights::Range;
use serde::Deserialize;
use tracking::{UserId, loki::Stream};

use crate::loki::{Loki, LokiError, read};

/// Bytes of an answer that are read: 5,000 of the longest lines.
const MAX_ANSWER: usize = 128 << 20;

/// 30 days: the longest range that Loki answers about by default.
const LOOK_BACK_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// A log line and when it happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    pub at_ns: u64,
    pub text: String,
}

/// One series of a metric query: its labels, and how many.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Count {
    pub labels: BTreeMap<String, String>,
    pub count: u64,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Sample {
    metric: BTreeMap<String, String>,
    /// Seconds, and the value as a text.
    value: (serde::de::IgnoredAny, String),
}

#[derive(Deserialize)]
struct Series {
    data: Vec<serde::de::IgnoredAny>,
}

impl Loki {
    /// The oldest `limit` lines from `from_ns` on and before `to_ns`, in no order.
    pub async fn lines(
        &self,
        query: &str,
        from_ns: u64,
        to_ns: u64,
        limit: usize,
    ) -> Result<Vec<Line>, LokiError> {
        let parameters = [
            ("query", query),
            ("start", &from_ns.to_string()),
            ("end", &to_ns.to_string()),
            ("limit", &limit.to_string()),
            ("direction", "forward"),
        ];
        let body = self.ask("query_range", &parameters).await?;
        // A stream in an answer has the form of a stream in a push.
        let answer: Answer<Stream<'_>> =
            serde_json::from_slice(&body).map_err(|_| LokiError::Unreadable)?;
        let mut lines = Vec::new();
        for entry in answer.data.result.into_iter().flat_map(|stream| stream.values) {
            let at_ns = entry.timestamp_ns.parse().map_err(|_| LokiError::Unreadable)?;
            lines.push(Line { at_ns, text: entry.line.into_owned() });
        }
        Ok(lines)
    }

    /// What a metric query over all of `range` counts; `query` has its length between brackets.
    pub async fn counts(&self, query: &str, range: Range) -> Result<Vec<Count>, LokiError> {
        // Loki's range has its end and lacks its beginning; ours has its beginning and lacks its end.
        let at_ns = nanoseconds(range.to_ms).saturating_sub(1).to_string();
        let body = self.ask("query", &[("query", query), ("time", &at_ns)]).await?;
        let answer: Answer<Sample> =
            serde_json::from_slice(&body).map_err(|_| LokiError::Unreadable)?;
        let count = |sample: Sample| {
            let count = sample.value.1.parse().map_err(|_| LokiError::Unreadable)?;
            Ok(Count { labels: sample.metric, count })
        };
        answer.data.result.into_iter().map(count).collect()
    }

    /// How many streams match `selector`, of the seven days before `now_ms`.
    pub async fn series(&self, selector: &str, now_ms: u64) -> Result<usize, LokiError> {
        const DAYS_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
        let (from_ms, to_ms) = (now_ms.saturating_sub(DAYS_MS), now_ms.saturating_add(60_000));
        let (from, to) = (nanoseconds(from_ms).to_string(), nanoseconds(to_ms).to_string());
        let body =
            self.ask("series", &[("match[]", selector), ("start", &from), ("end", &to)]).await?;
        let data: Series = serde_json::from_slice(&body).map_err(|_| LokiError::Unreadable)?;
        Ok(data.data.len())
    }

    /// Whether there is an event of `user` from the last [`LOOK_BACK_MS`].
    pub async fn has(&self, user: &UserId, now_ms: u64) -> Result<bool, LokiError> {
        let from_ns = nanoseconds(now_ms.saturating_sub(LOOK_BACK_MS));
        let lines = self.lines(&self.selector(user), from_ns, nanoseconds(now_ms), 1).await?;
        Ok(!lines.is_empty())
    }

    async fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>, LokiError> {
        let mut url = self.address(endpoint);
        url.query_pairs_mut().extend_pairs(parameters);
        read(self.send(self.client.get(url)).await?, MAX_ANSWER).await
    }
}

/// Loki's unit.
pub fn nanoseconds(ms: u64) -> u64 {
    ms.saturating_mul(1_000_000)
}
