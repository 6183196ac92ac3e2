//! How far sessions come along a path.

use serde::{Deserialize, Serialize};
use tracking::Record;

use crate::{
    Range, percentile,
    select::{by_session, is_visit},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FunnelStep {
    /// The component's hash.
    pub component: String,
    /// Sessions that reached this step and all before it, in this order.
    pub sessions: u64,
    /// Median time from visiting the previous step to visiting this one; none for the first step
    /// and for steps nobody reached.
    pub median_ms_from_previous: Option<u64>,
}

/// One answer per step, with the usual meaning of a window (`windowFunnel` of ClickHouse).
///
/// A session is at the first step with any of its visits to it. From there it reaches each step with its
/// first visit to it after the visit that reached the step before; visits to others in between are
/// allowed. With `within_ms`, visits that come later than that after the one to the first step do not
/// count. Of all visits to the first step, the one counts from which the session comes furthest; of
/// several that come equally far, the first.
#[must_use]
pub fn funnel(
    records: &[Record],
    range: Range,
    components: &[String],
    within_ms: Option<u64>,
) -> Vec<FunnelStep> {
    let mut reached: Vec<(u64, Vec<u64>)> = vec![Default::default(); components.len()];
    let mut chain = FunnelChain::new(components.len(), within_ms);
    for visits in by_session(records, range, is_visit).into_values() {
        let is_step = |step: usize, at: usize| components[step] == visits[at].component.hash;
        let times_ms = chain.furthest(visits.len(), is_step, |at| visits[at].timestamp.0);
        let mut previous_ms = None;
        for ((sessions, waits_ms), &at_ms) in reached.iter_mut().zip(times_ms) {
            *sessions += 1;
            let wait_ms = previous_ms.replace(at_ms).map(|previous| at_ms.saturating_sub(previous));
            waits_ms.extend(wait_ms);
        }
    }
    components
        .iter()
        .zip(reached)
        .map(|(component, (sessions, mut waits_ms))| FunnelStep {
            component: component.clone(),
            sessions,
            median_ms_from_previous: percentile(&mut waits_ms, 50),
        })
        .collect()
}

/// Finds how far one session after the other comes. It looks at each visit at most once for each step,
/// however many visits to the first step there are.
#[derive(Clone, Debug)]
pub struct FunnelChain {
    within_ms: Option<u64>,
    /// For each step the first visit that can still reach it: a later start reaches no step earlier.
    next: Vec<usize>,
    times_ms: Vec<u64>,
    furthest_ms: Vec<u64>,
}

impl FunnelChain {
    #[must_use]
    pub fn new(steps: usize, within_ms: Option<u64>) -> Self {
        Self { within_ms, next: vec![0; steps], times_ms: Vec::new(), furthest_ms: Vec::new() }
    }

    /// When a session reached each step that it reached. Its visits are in their order; `is_step(step,
    /// visit)` says whether a visit is to the component of a step, `at_ms` when it was.
    pub fn furthest(
        &mut self,
        visits: usize,
        is_step: impl Fn(usize, usize) -> bool,
        at_ms: impl Fn(usize) -> u64,
    ) -> &[u64] {
        self.furthest_ms.clear();
        self.next.fill(0);
        while self.furthest_ms.len() < self.next.len() {
            if !self.follow(visits, &is_step, &at_ms) {
                break;
            }
            if self.times_ms.len() > self.furthest_ms.len() {
                std::mem::swap(&mut self.times_ms, &mut self.furthest_ms);
            }
            // Without a window, no start comes further than the first.
            if self.within_ms.is_none() {
                break;
            }
        }
        &self.furthest_ms
    }

    /// Follows the session from its next visit to the first step, if there is one.
    fn follow(
        &mut self,
        visits: usize,
        is_step: &impl Fn(usize, usize) -> bool,
        at_ms: &impl Fn(usize) -> u64,
    ) -> bool {
        self.times_ms.clear();
        let mut from = 0;
        let mut last_ms = u64::MAX;
        for (step, next) in self.next.iter_mut().enumerate() {
            let at = (from.max(*next)..visits).find(|&at| is_step(step, at)).unwrap_or(visits);
            // The next start begins behind this one; the other steps may be shared with it.
            *next = if step == 0 { at.saturating_add(1) } else { at };
            if at >= visits || at_ms(at) > last_ms {
                break;
            }
            if step == 0
                && let Some(within_ms) = self.within_ms
            {
                last_ms = at_ms(at).saturating_add(within_ms);
            }
            self.times_ms.push(at_ms(at));
            from = at + 1;
        }
        !self.times_ms.is_empty()
    }
}
