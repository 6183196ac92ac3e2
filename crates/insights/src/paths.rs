//! The way of sessions, step by step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Record, event::EXIT};

use crate::{
    Range, bounded_by_step, rows,
    select::{by_session, has_entry, is_visit, largest_first},
};

/// How many sessions went from one component to the next as their `step`th step.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PathStep {
    /// 1 for the step away from a session's first visit.
    pub step: u64,
    /// A component's hash.
    pub from: String,
    /// A component's hash, or `(exit)`.
    pub to: String,
    pub sessions: u64,
    /// How many ways are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

/// The first `steps` steps of each session that has its entry in range: from its nth visit in range to
/// the one after, or to `(exit)` from its last. By step, then most first, then by `from`, `to`. Of a
/// session that began before the range nobody can say which step is its first.
#[must_use]
pub fn paths(records: &[Record], range: Range, steps: u64) -> Vec<PathStep> {
    let mut counts: BTreeMap<(u64, &str, &str), u64> = BTreeMap::new();
    let sessions = by_session(records, range, is_visit).into_values();
    for visits in sessions.filter(|visits| has_entry(visits)) {
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
            folded: 0,
        })
        .collect();
    // Earlier steps are "larger" than any count.
    bounded_by_step(largest_first(paths, |path: &PathStep| (u64::MAX - path.step, path.sessions)))
}
