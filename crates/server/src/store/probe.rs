//! Whether events can be stored right now: done as a push and an answer would, and at most once a second.

use std::time::{Duration, Instant};

use crate::store::{Store, StoreError, schema};

/// How long a look is believed, as long as nothing happens.
const FRESH: Duration = Duration::from_secs(1);
/// How long the writer may take for a turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// What somebody saw.
pub struct Look {
    at: Instant,
    news: u64,
    seen: Result<(), String>,
}

impl Store {
    /// Whether events can be stored. Who asks while somebody looks gets the same answer.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub async fn is_ready(&self) -> Result<(), String> {
        let health = &self.shared.health;
        let mut last = self.last_look.lock().await;
        if let Some(look) = &*last
            && look.at.elapsed() < FRESH
            && look.news == health.news()
        {
            return look.seen.clone();
        }
        let seen = match tokio::time::timeout(PATIENCE, self.probe()).await {
            Ok(Ok(())) => health.check(),
            Ok(Err(failure)) => {
                let trouble = health.trouble();
                if trouble.is_none() && !health.is_failing() {
                    tracing::warn!("not ready: {failure}");
                }
                Err(trouble.unwrap_or_else(|| "the store cannot be written".into()))
            }
            Err(_) => Err("the store takes too long".into()),
        };
        *last = Some(Look { at: Instant::now(), news: health.news(), seen: seen.clone() });
        seen
    }

    async fn probe(&self) -> Result<(), StoreError> {
        if self.shared.health.is_failing() {
            self.change(|file| schema::take_room(file)).await?;
            self.change(|file| schema::give_room(file)).await?;
        }
        self.alone(|file| schema::try_insert(&mut file.connection)).await?;
        self.read_as(self.shared.prober.clone(), |file| schema::look(file)).await?;
        self.shared.health.wrote();
        Ok(())
    }
}
