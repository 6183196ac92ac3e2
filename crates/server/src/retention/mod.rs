//! Deletes what is too old, a little at a time.

mod doubt;

use std::time::{Duration, Instant};

use crate::{
    clock::now_ms,
    observe::Metrics,
    store::{Bound, Store, StoreError},
};
pub use doubt::{Believed, Witnesses};
use doubt::{Look, look};

/// How often somebody looks.
const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Rest between two steps: events come first.
const BREATH: Duration = Duration::from_millis(100);
/// No sink takes anything older: seven days, as Loki has it.
const TAKEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MINUTE_MS: u64 = 60 * 1_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// Works until it is dropped.
pub async fn work(store: Store, keep: Duration, sinks: Vec<&'static str>, metrics: Metrics) {
    let mut clock = Clock::default();
    loop {
        let rest = match step(&store, &mut clock, keep, &sinks).await {
            Ok(0) => LOOK_AGAIN,
            Ok(events) => {
                metrics.deleted(events);
                BREATH
            }
            // Said already.
            Err(StoreError::Unwell(_)) => LOOK_AGAIN,
            Err(failure) => {
                tracing::warn!("old events stay for now: {failure}");
                LOOK_AGAIN
            }
        };
        tokio::time::sleep(rest).await;
    }
}

async fn step(
    store: &Store,
    clock: &mut Clock,
    keep: Duration,
    sinks: &[&'static str],
) -> Result<usize, StoreError> {
    let Look { now_ms, doubt_ms, .. } = clock.look(store).await?;
    let ago =
        |age: Duration| now_ms.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
    let bound = Bound {
        before_ms: ago(keep),
        unsent_before_ms: ago(keep.max(TAKEN)),
        sure_ms: doubt_ms.is_none().then_some(now_ms),
        sinks: sinks.to_vec(),
    };
    store.forget_old(bound).await
}

/// What this run knows of the clock.
#[derive(Default)]
struct Clock {
    last: Option<(Instant, Believed)>,
    /// What stands in the store.
    kept: Option<Believed>,
    was_in_doubt: bool,
}

impl Clock {
    async fn look(&mut self, store: &Store) -> Result<Look, StoreError> {
        let clock_ms = now_ms();
        let (before, passed) = match self.last {
            Some((then, believed)) => (believed, then.elapsed()),
            None => {
                let believed = store.believed().await?;
                let first = Believed { now_ms: clock_ms, waited_ms: 0 };
                (believed.unwrap_or(first), Duration::ZERO)
            }
        };
        let now = Instant::now();
        let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let look = look(before, clock_ms, passed_ms, store.witnesses());
        // Many small steps may follow each other.
        let is_news = self.kept.is_none_or(|kept| {
            kept.now_ms.abs_diff(look.believed.now_ms) >= MINUTE_MS
                || (kept.waited_ms > 0) != (look.believed.waited_ms > 0)
        });
        if is_news {
            store.believe(look.believed).await?;
            self.kept = Some(look.believed);
        }
        self.last = Some((now, look.believed));
        self.tell(look);
        Ok(look)
    }

    /// Once when it begins, and once when it is over.
    fn tell(&mut self, Look { doubt_ms, .. }: Look) {
        let was_in_doubt = std::mem::replace(&mut self.was_in_doubt, doubt_ms.is_some());
        match doubt_ms {
            Some(doubt_ms) if !was_in_doubt => {
                let days = doubt_ms.unsigned_abs() / DAY_MS;
                let whither = if doubt_ms > 0 { "ahead" } else { "behind" };
                tracing::warn!(
                    "the clock of this machine is {days} days {whither} of what it was when the server \
                     last looked. Nothing is deleted for its age by that, but by the time before it, \
                     until pages on other machines agree with the clock, or the server has run with it \
                     for six hours. If the clock is wrong, set it right"
                );
            }
            None if was_in_doubt => {
                tracing::info!(
                    "the clock of this machine is confirmed: old events are deleted by it"
                );
            }
            _ => {}
        }
    }
}
