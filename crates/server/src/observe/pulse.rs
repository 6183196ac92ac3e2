//! A line per minute and sink for the log agent: how much waits, and for how long. An alert in Loki reads it.

use std::time::Duration;

use logql::alert::OUTBOX;
use serde::Serialize;

use crate::{access::Access, clock::now_ms, store::Store};

const EVERY: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Line {
    timestamp: u64,
    event: &'static str,
    level: &'static str,
    sink: &'static str,
    depth: u64,
    age_seconds: u64,
}

/// Works until it is dropped; the first line comes at once.
pub async fn pulse(store: Store, access: Access, sinks: Vec<&'static str>) {
    let Some(lines) = access.lines() else { return };
    loop {
        for &sink in &sinks {
            // A store that cannot be read is told of elsewhere.
            let Ok(standing) = store.standing(sink).await else { continue };
            let timestamp = now_ms();
            let line = Line {
                timestamp,
                event: OUTBOX,
                level: "info",
                sink,
                depth: standing.waiting,
                age_seconds: standing.age(timestamp).as_secs(),
            };
            if let Ok(text) = serde_json::to_string(&line) {
                lines.write(text);
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
