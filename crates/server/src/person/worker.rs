//! Takes every erasure through Loki, however often Loki fails and this server starts again.

use std::time::Duration;

use rusqlite::{Transaction, params};
use tracking::UserId;

use crate::{
    clock::now_ms,
    loki::{Deletions, Loki, LokiError, Progress},
    store::{Store, StoreError},
};

/// Erasures looked at in one turn.
const TURN: i64 = 100;
/// The longest rest; a new erasure ends it.
const REST_MS: u64 = 60 * 60 * 1_000;
const FIRST_WAIT_MS: u64 = 5_000;
const LONGEST_WAIT_MS: u64 = 60 * 60 * 1_000;
/// How often Loki may not know a deletion before it is asked for it again.
const UNKNOWN: u32 = 3;

struct Pending {
    user: UserId,
    until_ms: u64,
    asked_at_s: Option<u64>,
    tries: u32,
}

/// What a turn has found out about one of them.
enum Step {
    /// Too early to ask.
    Wait {
        until_ms: u64,
    },
    Asked {
        at_s: u64,
    },
    Going,
    Unknown,
    Failed,
    Done,
}

/// Works until it is dropped.
pub async fn work(store: Store, loki: Loki) {
    loop {
        let rest_ms = match turn(&store, &loki).await {
            Ok(rest_ms) => rest_ms,
            Err(failure) => {
                tracing::warn!("erasures at Loki: {failure}");
                FIRST_WAIT_MS
            }
        };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(rest_ms)) => {}
            () = loki.woken() => {}
        }
    }
}

/// One look at all that is due; comes back with how long there is nothing to do.
async fn turn(store: &Store, loki: &Loki) -> Result<u64, StoreError> {
    let now = now_ms();
    let due = store.read(move |file| due(file, now)).await?;
    let mut deletions = None;
    for pending in due {
        if pending.asked_at_s.is_some() && deletions.is_none() {
            deletions = Some(loki.deletions().await);
        }
        let step = step(loki, &pending, deletions.as_ref()).await;
        let look_again = loki.settings().look_again;
        store.change(move |file| note(file, &pending, &step, look_again)).await?;
    }
    let next = store.read(|file| {
        let next: Option<i64> = file.query_row(
            "SELECT MIN(next_try) FROM erased WHERE at_loki = 'pending'",
            [],
            |row| row.get(0),
        )?;
        Ok(next.and_then(|ms| u64::try_from(ms).ok()))
    });
    Ok(next.await?.map_or(REST_MS, |at_ms| at_ms.saturating_sub(now_ms()).clamp(10, REST_MS)))
}

fn due(file: &Transaction<'_>, now_ms: u64) -> Result<Vec<Pending>, StoreError> {
    let mut statement = file.prepare_cached(
        "SELECT user_id, until, asked_at, tries FROM erased
         WHERE at_loki = 'pending' AND next_try <= ?1 ORDER BY next_try LIMIT ?2",
    )?;
    let mut rows = statement.query(params![signed(now_ms), TURN])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let user: String = row.get(0)?;
        // What is not an id by its type can never become a selector.
        let Ok(user) = UserId::parse(&user) else { continue };
        due.push(Pending {
            user,
            until_ms: unsigned(row.get(1)?),
            asked_at_s: row.get::<_, Option<i64>>(2)?.map(unsigned),
            tries: row.get(3)?,
        });
    }
    Ok(due)
}

async fn step(
    loki: &Loki,
    pending: &Pending,
    deletions: Option<&Result<Deletions, LokiError>>,
) -> Step {
    let (user, failed) = (&pending.user, |error: &LokiError| {
        tracing::warn!("an erasure at Loki has to wait: {error}");
        Step::Failed
    });
    match (pending.asked_at_s, deletions) {
        (Some(at_s), Some(Ok(deletions))) => match deletions.progress(user, at_s) {
            Progress::Done => Step::Done,
            Progress::Going => Step::Going,
            Progress::Unknown => Step::Unknown,
        },
        (Some(_), Some(Err(error))) => failed(error),
        (Some(_), None) => Step::Unknown,
        (None, _) => {
            // Whole seconds, which must not end in the future nor before the last event.
            let settle_ms = u64::try_from(loki.settings().settle.as_millis()).unwrap_or(u64::MAX);
            let from_ms = pending.until_ms.saturating_add(settle_ms) / 1_000 * 1_000 + 1_000;
            let now_ms = now_ms();
            if now_ms < from_ms {
                return Step::Wait { until_ms: from_ms };
            }
            let at_s = now_ms / 1_000;
            match loki.delete(user, at_s).await {
                Ok(()) => Step::Asked { at_s },
                Err(error) => failed(&error),
            }
        }
    }
}

fn note(
    file: &Transaction<'_>,
    pending: &Pending,
    step: &Step,
    look_again: Duration,
) -> Result<(), StoreError> {
    let now_ms = now_ms();
    let later = now_ms.saturating_add(u64::try_from(look_again.as_millis()).unwrap_or(u64::MAX));
    let tries = pending.tries.saturating_add(1);
    let (asked_at_s, next_ms, tries) = match step {
        Step::Wait { until_ms } => (None, *until_ms, 0),
        Step::Asked { at_s } => (Some(*at_s), later, 0),
        Step::Going | Step::Done => (pending.asked_at_s, later, 0),
        Step::Unknown if tries >= UNKNOWN => (None, now_ms, 0),
        Step::Unknown => (pending.asked_at_s, later, tries),
        Step::Failed => (pending.asked_at_s, now_ms + wait_ms(tries), tries),
    };
    let at_loki = if matches!(step, Step::Done) { "done" } else { "pending" };
    file.execute(
        "UPDATE erased SET at_loki = ?2, asked_at = ?3, next_try = ?4, tries = ?5
         WHERE user_id = ?1",
        params![pending.user.as_str(), at_loki, asked_at_s.map(signed), signed(next_ms), tries],
    )?;
    Ok(())
}

fn wait_ms(tries: u32) -> u64 {
    FIRST_WAIT_MS.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST_WAIT_MS)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
