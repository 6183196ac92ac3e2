//! The way on: every stored event is handed to each sink, in the order in which it was stored; to Loki, what
//! happened long ago goes beside that in the order in which it happened. Nothing is forgotten: a sink's place
//! is part of the store.

mod loki;
mod part;
mod stdout;

pub use loki::TOO_OLD_MS;

use std::{sync::Arc, time::Duration};

use tracking::event::DASHBOARD;

use crate::{
    clock::now_ms,
    loki::Loki,
    observe::{Metrics, Of},
    store::{Cut, Knows, Next, Store, StoreError, Why},
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

/// Bytes of lines that a backlog brings to Loki in a second at most: a quarter of what it takes by default.
const BACKLOG_BYTES: usize = 1 << 20;

/// Where events go.
#[derive(Clone)]
pub enum Sink {
    Loki {
        /// Boxed for its size beside nothing.
        loki: Box<Loki>,
        /// Which components may be labels.
        knows: Knows,
    },
    /// One JSON line per event, for a log agent.
    Stdout,
}

impl Sink {
    /// A Loki where the components that `knows` says yes to are labels.
    pub fn loki(loki: Loki, knows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::Loki {
            loki: Box::new(loki),
            knows: Arc::new(move |hash: &str| hash == DASHBOARD || knows(hash)),
        }
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loki { .. } => LOKI,
            Self::Stdout => STDOUT,
        }
    }

    fn cut(&self) -> Cut {
        let (now_ms, max_bytes) = (now_ms(), BATCH_BYTES);
        match self {
            Self::Loki { knows, .. } => {
                Cut { now_ms, max_bytes, by_age: true, knows: knows.clone() }
            }
            Self::Stdout => Cut { now_ms, max_bytes, by_age: false, knows: Arc::new(|_| true) },
        }
    }
}

/// What hands on the events of one sink.
#[derive(Clone)]
struct Worker {
    store: Store,
    sink: Sink,
    metrics: Metrics,
}

/// Works until it is dropped. What is of now and what happened long ago leave beside each other.
pub async fn work(store: Store, sink: Sink, metrics: Metrics) {
    let worker = Worker { store, sink, metrics };
    match worker.sink {
        Sink::Loki { .. } => {
            tokio::join!(worker.clone().live(), worker.late());
        }
        Sink::Stdout => worker.live().await,
    }
}

impl Worker {
    async fn live(self) {
        loop {
            // A question is cheap beside the writer; only a batch is worth a turn of it.
            let turn = async {
                let name = self.sink.name();
                if !self.store.has_next_batch(name).await? {
                    return Ok(None);
                }
                self.deliver(self.store.next_batch(name, self.sink.cut()).await?).await
            };
            match self.told(turn.await) {
                Ok(Some(_)) => {}
                Ok(None) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(()) => tokio::time::sleep(AFTER_FAILURE).await,
            }
        }
    }

    async fn late(self) {
        let mut is_under_way = false;
        loop {
            let turn = async {
                let name = self.sink.name();
                if !is_under_way && !self.store.late_is_due(name, now_ms()).await? {
                    return Ok(None);
                }
                self.deliver(self.store.next_late(name, self.sink.cut()).await?).await
            };
            let sent = self.told(turn.await);
            is_under_way = matches!(sent, Ok(Some(_)));
            let rest = match sent {
                // Loki's limits are for all that comes to it.
                Ok(Some(bytes)) => Duration::from_millis(milliseconds(bytes)),
                Ok(None) => LOOK_AGAIN,
                Err(()) => AFTER_FAILURE,
            };
            tokio::time::sleep(rest).await;
        }
    }

    /// The bytes of lines that were handed on; nothing when there was nothing to do.
    async fn deliver(&self, next: Next) -> Result<Option<usize>, StoreError> {
        let batch = match next {
            Next::Nothing => return Ok(None),
            Next::Sorted => return Ok(Some(0)),
            Next::Batch(batch) => batch,
        };
        let report = match &self.sink {
            Sink::Loki { loki, .. } => {
                loki::Delivery::new(&self.store, loki, &self.metrics).run(&batch).await
            }
            Sink::Stdout => stdout::deliver(&batch).await,
        };
        let name = self.sink.name();
        self.store.batch_done(name, &batch, report, now_ms()).await?;
        for (of, why) in [(Of::Streams, Why::Stream), (Of::Clock, Why::TooNew)] {
            let troubles = self.metrics.troubles();
            if troubles.is_open(name, of) && !self.store.holds(name, why).await? {
                troubles.well(name, of, now_ms());
            }
        }
        Ok(Some(batch.events.iter().map(|event| event.line.len()).sum()))
    }

    fn told<T>(&self, result: Result<T, StoreError>) -> Result<T, ()> {
        result.map_err(|failure| {
            tracing::error!("outbox to {}: {failure}", self.sink.name());
        })
    }
}

/// How long a backlog may take for so many bytes.
fn milliseconds(bytes: usize) -> u64 {
    u64::try_from(bytes.saturating_mul(1_000) / BACKLOG_BYTES).unwrap_or(u64::MAX)
}
