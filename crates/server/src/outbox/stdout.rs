//! Lines for a log agent. The agent reads what the pipe holds; what was written is out of our hands.

use std::{io::Write, time::Duration};

use crate::{
    access::plain,
    store::{Outgoing, Report},
};

/// Rest while nobody reads.
const AGAIN: Duration = Duration::from_secs(5);

/// Comes back when every line of the batch was written; a line may be written twice when its reader
/// went away in the middle.
pub async fn deliver(batch: &Outgoing) -> Report {
    let mut text = String::new();
    for event in &batch.events {
        text.push_str(&plain::json(event.line.to_string()));
        text.push('\n');
    }
    let mut said = false;
    while !write(text.clone()).await {
        if !said {
            tracing::warn!("outbox to stdout: nobody reads it; events wait");
            said = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
    Report { forwarded: batch.events.len(), ..Report::default() }
}

/// A pipe that is full blocks, and must not block the server's threads.
async fn write(text: String) -> bool {
    let written = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    });
    matches!(written.await, Ok(Ok(())))
}
