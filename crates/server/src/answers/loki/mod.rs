//! Answers from Loki, where any number of servers bring their events.
//!
//! Most answers are the pure functions over lines that Loki selects, because LogQL has no exact word for
//! them: medians are interpolated, distinct users end at 500 series. Visits are counted by Loki itself.

mod counts;
mod lines;
mod needs;
mod stretches;

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::{
    answers::{Answering, Question, Source, Unanswered},
    clock::now_ms,
    loki::Loki,
    observe::Metrics,
};
use lines::Reader;

/// Questions asked at the same time; others wait.
const QUESTIONS: usize = 4;

/// What one question may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Lines in one request: Loki refuses to give more than 5,000.
    pub page: usize,
    /// Lines in all.
    pub lines: usize,
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { page: 5_000, lines: 100_000, time: Duration::from_secs(60) }
    }
}

/// A Loki that answers questions.
pub struct FromLoki {
    loki: Loki,
    bounds: Bounds,
    turns: Semaphore,
    metrics: Metrics,
}

impl FromLoki {
    #[must_use]
    pub fn new(loki: Loki, bounds: Bounds, metrics: Metrics) -> Self {
        Self { loki, bounds, turns: Semaphore::new(QUESTIONS), metrics }
    }

    async fn find(&self, question: Question) -> Result<Vec<u8>, Unanswered> {
        let _turn = self.turns.acquire().await.map_err(|_| Unanswered::Failed)?;
        let settings = self.loki.settings();
        let stretches = stretches::stretches(&question, settings.keeps_days, now_ms());
        if let Some(visits) = counts::visits(self, &question, &stretches).await? {
            return Ok(serde_json::to_vec(&visits)?);
        }
        let mut reader = self.reader();
        for query in needs::queries(&question, &settings.job) {
            reader.read(&query, &stretches).await?;
        }
        let records = reader.records;
        // As many as there may be take a moment.
        let defined = tokio::task::spawn_blocking(move || question.defined(&records));
        Ok(defined.await.map_err(|_| Unanswered::Failed)??)
    }

    fn reader(&self) -> Reader<'_> {
        Reader::new(&self.loki, self.bounds, &self.metrics)
    }
}

impl Source for FromLoki {
    fn answer(&self, question: Question) -> Answering<'_> {
        Box::pin(async move {
            let found = tokio::time::timeout(self.bounds.time, self.find(question));
            found.await.map_err(|_| Unanswered::Slow)?
        })
    }
}
