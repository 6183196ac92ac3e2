//! The way of sessions, step by step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Record, event::EXIT};

use crate::{
    Range,
    select::{by_session, is_visit, largest_first},
};

/// How many sessions went from one component to the next as their `step`th step.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PathStep {
    /// 1 for the step away from a session's first visit in range.
    pub step: u64,
    /// A component's hash.
    pub from: String,
    /// A component's hash, or `(exit)`.
    pub to: String,
    pub sessions: u64,
}

/// The first `steps` steps of each session: from its nth visit in range to the one after, or to
/// `(exit)` from its last. By step, then most first, then by `from`, `to`.
#[must_use]
pub fn paths(records: &[Record], range: Range, steps: u64) -> Vec<PathStep> {
    let mut counts: BTreeMap<(u64, &str, &str), u64> = BTreeMap::new();
    for visits in by_session(records, range, is_visit).into_values() {
        for (step, visit) in (1..=steps).zip(&visits) {
            let next = usize::try_from(step).ok().and_then(|next| visits.get(next));
            let to = next.map_or(EXIT, |next| next.component.hash.as_str());
            *counts.entry((step, &visit.component.hash, to)).or_default() += 1;
        }
    }
    let paths = counts
        .into_iter()
        .map(|((step, from, to), sessions)| PathStep {
            step,
            from: from.to_owned(),
            to: to.to_owned(),
            sessions,
        })
        .collect();
    // Earlier steps are "larger" than any count.
    largest_first(paths, |path: &PathStep| (u64::MAX - path.step, path.sessions))
}
