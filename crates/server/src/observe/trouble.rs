//! Trouble on the way to a sink: told when it begins, when its kind changes and when it is over, and not at
//! every try.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::loki::{Failure, Reason};

/// The same kind of trouble may come and go so often in this time before it is told no more.
const TELLINGS: usize = 5;
const WHILE_MS: u64 = 10 * 60 * 1_000;

/// Which successes end it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Of {
    /// The sink as a whole.
    Sink,
    /// Streams that take nothing.
    Streams,
    /// Events ahead of the sink's clock.
    Clock,
    /// What was set aside: it holds nothing up.
    Events,
}

impl Of {
    fn reason(reason: Reason) -> Self {
        match reason {
            Reason::StreamLimit => Self::Streams,
            Reason::TooNew => Self::Clock,
            Reason::Refused => Self::Events,
            _ => Self::Sink,
        }
    }
}

/// The latest trouble, for whoever asks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Trouble {
    pub reason: &'static str,
    pub status: Option<u16>,
    /// What happened.
    pub text: String,
    pub since_ms: u64,
    pub last_ms: u64,
    pub tries: u64,
    /// When it was over.
    pub until_ms: Option<u64>,
}

type Kind = (Reason, Option<u16>);

#[derive(Default)]
struct State {
    latest: BTreeMap<Of, Trouble>,
    /// Kinds that were told since the last success.
    open: Vec<(Of, Kind)>,
    /// When kinds were told.
    told: Vec<(Kind, u64)>,
}

/// Clones share what they know.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<BTreeMap<&'static str, State>>>);

impl Troubles {
    fn states(&self) -> MutexGuard<'_, BTreeMap<&'static str, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One try has failed.
    pub fn failed(&self, sink: &'static str, failure: &Failure, now_ms: u64) {
        let is_told = self.states().entry(sink).or_default().failed(failure, now_ms);
        if is_told {
            let (text, advice, said) = (failure.text(), failure.advice(), failure.quote());
            let said = if said.is_empty() { said } else { format!(" It says: \"{said}\"") };
            let waits = if failure.reason == Reason::Refused { "" } else { " Events wait." };
            tracing::error!("outbox to {sink}: {text}.{waits} {advice}{said}");
        }
    }

    /// One try went well.
    pub fn well(&self, sink: &'static str, of: Of, now_ms: u64) {
        let over = self.states().get_mut(sink).and_then(|state| state.well(of, now_ms));
        if let Some((text, for_ms)) = over {
            tracing::info!("outbox to {sink}: it goes on after {} s: {text}", for_ms / 1_000);
        }
    }

    /// Whether something of this kind is not over.
    #[must_use]
    pub fn is_open(&self, sink: &'static str, of: Of) -> bool {
        let states = self.states();
        let latest = states.get(sink).and_then(|state| state.latest.get(&of));
        latest.is_some_and(|trouble| trouble.until_ms.is_none())
    }

    /// What lasts, the sink's own first; else what was last.
    #[must_use]
    pub fn latest(&self, sink: &str) -> Option<Trouble> {
        let states = self.states();
        let all = || states.get(sink).into_iter().flat_map(|state| state.latest.values());
        let lasts = all().find(|trouble| trouble.until_ms.is_none());
        lasts.or_else(|| all().max_by_key(|trouble| trouble.last_ms)).cloned()
    }
}

impl State {
    /// Whether it is to be told.
    fn failed(&mut self, failure: &Failure, now_ms: u64) -> bool {
        let (of, kind) = (Of::reason(failure.reason), (failure.reason, failure.status));
        let latest = self.latest.entry(of).or_insert_with(|| Trouble {
            reason: "",
            status: None,
            text: String::new(),
            since_ms: now_ms,
            last_ms: now_ms,
            tries: 0,
            until_ms: None,
        });
        if latest.until_ms.take().is_some() {
            (latest.since_ms, latest.tries) = (now_ms, 0);
        }
        latest.reason = failure.reason.as_str();
        latest.status = failure.status;
        latest.text = failure.text();
        latest.last_ms = now_ms;
        latest.tries += 1;
        if of == Of::Events {
            latest.until_ms = Some(now_ms);
            let is_recent = |(told, at_ms): &(Kind, u64)| {
                *told == kind && now_ms.saturating_sub(*at_ms) < WHILE_MS
            };
            if !self.told.iter().any(is_recent) {
                self.open.retain(|(its, _)| *its != of);
            }
        }
        if self.open.contains(&(of, kind)) {
            return false;
        }
        self.open.push((of, kind));
        self.told.retain(|(_, at_ms)| now_ms.saturating_sub(*at_ms) < WHILE_MS);
        let often = self.told.iter().filter(|(told, _)| *told == kind).count();
        if often >= TELLINGS {
            return false;
        }
        self.told.push((kind, now_ms));
        true
    }

    /// What is over, and how long it was, if it was told.
    fn well(&mut self, of: Of, now_ms: u64) -> Option<(String, u64)> {
        let trouble = self.latest.get_mut(&of).filter(|trouble| trouble.until_ms.is_none())?;
        trouble.until_ms = Some(now_ms);
        let over = (trouble.text.clone(), now_ms.saturating_sub(trouble.since_ms));
        let told = &self.told;
        let was_told = self.open.iter().any(|(its, kind)| {
            *its == of
                && told.iter().any(|(told, at_ms)| told == kind && *at_ms >= trouble.since_ms)
        });
        self.open.retain(|(its, _)| *its != of);
        was_told.then_some(over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: Reason, status: u16) -> Failure {
        Failure::of(reason, Some(status), "")
    }

    #[test]
    fn each_kind_is_told_once_until_it_is_over() {
        let mut state = State::default();
        let (down, limit) = (failure(Reason::ServerError, 503), failure(Reason::RateLimit, 429));
        assert!(state.failed(&down, 1_000));
        assert!(!state.failed(&down, 2_000));
        assert!(state.failed(&limit, 3_000));
        assert!(!state.failed(&down, 4_000) && !state.failed(&limit, 5_000));
        let (text, for_ms) = state.well(Of::Sink, 61_000).unwrap();
        assert!(text.contains("429") && for_ms == 60_000, "{text} {for_ms}");
        assert_eq!(state.well(Of::Sink, 62_000), None);
        assert!(state.failed(&down, 63_000));
    }

    #[test]
    fn what_comes_and_goes_is_told_a_few_times_only() {
        let mut state = State::default();
        let limit = failure(Reason::RateLimit, 429);
        let told = (0..100_u64).filter(|second| {
            let told = state.failed(&limit, second * 1_000);
            assert_eq!(state.well(Of::Sink, second * 1_000 + 1).is_some(), told);
            told
        });
        assert_eq!(told.count(), TELLINGS);
        assert!(state.failed(&limit, WHILE_MS + 200_000));
    }

    #[test]
    fn streams_that_take_nothing_are_not_over_when_others_go_on() {
        let troubles = Troubles::default();
        troubles.failed("loki", &failure(Reason::StreamLimit, 429), 1_000);
        troubles.well("loki", Of::Sink, 2_000);
        assert!(troubles.is_open("loki", Of::Streams));
        assert_eq!(troubles.latest("loki").unwrap().until_ms, None);
        troubles.well("loki", Of::Streams, 3_000);
        assert_eq!(troubles.latest("loki").unwrap().until_ms, Some(3_000));
    }
}
