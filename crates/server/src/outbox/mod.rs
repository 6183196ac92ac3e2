//! The way on: every stored event is handed to each sink, in the order in which it was stored. Nothing
//! is forgotten: a sink's place is part of the store.

mod loki;
mod stdout;

pub use loki::TOO_OLD_MS;

use std::time::Duration;

use crate::{
    clock::now_ms,
    loki::Loki,
    observe::Metrics,
    store::{Outgoing, Report, Store, StoreError},
};

/// How often the store is asked for news when nobody has told of any.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Rest after the store itself has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Bytes of lines in one batch. Loki takes 4 MB at most and answers oddly above 1 MB.
const BATCH_BYTES: usize = 400 * 1024;

/// The sinks' names in the store and in the numbers.
pub const LOKI: &str = "loki";
pub const STDOUT: &str = "stdout";

/// Where events go.
#[derive(Clone)]
pub enum Sink {
    /// Boxed for its size beside nothing.
    Loki(Box<Loki>),
    /// One JSON line per event, for a log agent.
    Stdout,
}

impl Sink {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loki(_) => LOKI,
            Self::Stdout => STDOUT,
        }
    }

    async fn deliver(&self, store: &Store, metrics: &Metrics, batch: &Outgoing) -> Report {
        match self {
            Self::Loki(loki) => loki::deliver(store, loki, metrics, batch).await,
            Self::Stdout => stdout::deliver(batch).await,
        }
    }
}

/// Works until it is dropped.
pub async fn work(store: Store, sink: Sink, metrics: Metrics) {
    let name = sink.name();
    loop {
        let rest = match turn(&store, &sink, &metrics, name).await {
            Ok(true) => continue,
            Ok(false) => LOOK_AGAIN,
            Err(failure) => {
                tracing::error!("outbox to {name}: {failure}");
                AFTER_FAILURE
            }
        };
        tokio::time::sleep(rest).await;
    }
}

/// Hands on one batch; false when there is none.
async fn turn(
    store: &Store,
    sink: &Sink,
    metrics: &Metrics,
    name: &'static str,
) -> Result<bool, StoreError> {
    // A question is cheap beside the writer; only a batch is worth a turn of it.
    if !store.has_next_batch(name).await? {
        return Ok(false);
    }
    let Some(batch) = store.next_batch(name, now_ms(), BATCH_BYTES).await? else {
        return Ok(false);
    };
    let report = sink.deliver(store, metrics, &batch).await;
    store.batch_done(name, batch.end, report, now_ms()).await?;
    Ok(true)
}
