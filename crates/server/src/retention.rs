//! Deletes what is too old, a little at a time.

use std::time::Duration;

use crate::{
    clock::now_ms,
    observe::Metrics,
    store::{Bound, Store},
};

/// How often somebody looks.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Rest between two steps: events come first.
const BREATH: Duration = Duration::from_millis(100);
/// No sink takes anything older: seven days, as Loki has it.
const TAKEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Works until it is dropped.
pub async fn work(store: Store, keep: Duration, sinks: Vec<&'static str>, metrics: Metrics) {
    loop {
        let now_ms = now_ms();
        let ago = |age: Duration| {
            now_ms.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
        };
        let bound = Bound {
            before_ms: ago(keep),
            unsent_before_ms: ago(keep.max(TAKEN)),
            sinks: sinks.clone(),
        };
        let rest = match store.forget_old(bound).await {
            Ok(0) => LOOK_AGAIN,
            Ok(events) => {
                metrics.deleted(events);
                BREATH
            }
            Err(failure) => {
                tracing::warn!("old events stay for now: {failure}");
                LOOK_AGAIN
            }
        };
        tokio::time::sleep(rest).await;
    }
}
