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

/// One answer per step. A session reaches a step with its first visit to it after the visit that
/// reached the step before; visits to others in between are allowed. With `within_ms`, visits that come
/// later than that after the one that reached the first step do not count.
#[must_use]
pub fn funnel(
    records: &[Record],
    range: Range,
    components: &[String],
    within_ms: Option<u64>,
) -> Vec<FunnelStep> {
    let mut reached: Vec<(u64, Vec<u64>)> = vec![Default::default(); components.len()];
    for visits in by_session(records, range, is_visit).into_values() {
        let mut steps = components.iter().zip(&mut reached);
        let mut step = steps.next();
        let mut previous_ms = None;
        let mut last_ms = u64::MAX;
        for visit in visits {
            let Some((component, (sessions, waits_ms))) = &mut step else { break };
            if visit.timestamp.0 > last_ms {
                break;
            }
            if **component == visit.component.hash {
                *sessions += 1;
                if let Some(previous_ms) = previous_ms.replace(visit.timestamp.0) {
                    waits_ms.push(visit.timestamp.0.saturating_sub(previous_ms));
                } else if let Some(within_ms) = within_ms {
                    last_ms = visit.timestamp.0.saturating_add(within_ms);
                }
                step = steps.next();
            }
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
