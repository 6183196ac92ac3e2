//! Events in.

use tracking::{Outcome, Timestamp};

use crate::loki::Loki;

/// Bytes of a refusal that are read.
const MAX_REASON: usize = 4_096;

/// How a push ended, and Loki's own words about it.
#[derive(Debug)]
pub struct Pushed {
    pub outcome: Outcome,
    pub reason: String,
}

impl Loki {
    /// Pushes a gzipped body.
    pub async fn push(&self, body: Vec<u8>, now: Timestamp) -> Pushed {
        let request = self
            .client
            .post(self.address("push"))
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
}
