//! How far sessions come along a path.

use insights::FunnelStep;

use super::Durations;
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone)]
struct Funnel<'a> {
    components: &'a [String],
    within_ms: Option<u64>,
    /// How many sessions reached each step, and how long after the one before.
    reached: Vec<(u64, Durations)>,
}

impl Count for Funnel<'_> {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::NAMES).of(Kind::Visit, &[Part::What, Part::At])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let is_step: Vec<Vec<bool>> = self
            .components
            .iter()
            .map(|component| sheet.names.iter().map(|name| name.hash == *component).collect())
            .collect();
        for session in 0..sheet.sessions {
            let mut steps = is_step.iter().zip(&mut self.reached);
            let mut step = steps.next();
            let mut previous_ms = None;
            let mut last_ms = u64::MAX;
            for at in visits.of(session) {
                let Some((is_step, (sessions, waits_ms))) = &mut step else { break };
                let at_ms = visits.at_ms[at];
                if at_ms > last_ms {
                    break;
                }
                if is_step[visits.what[at].name()] {
                    *sessions += 1;
                    if let Some(previous_ms) = previous_ms.replace(at_ms) {
                        waits_ms.add(at_ms.saturating_sub(previous_ms));
                    } else if let Some(within_ms) = self.within_ms {
                        last_ms = at_ms.saturating_add(within_ms);
                    }
                    step = steps.next();
                }
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for (ours, theirs) in self.reached.iter_mut().zip(other.reached) {
            ours.0 += theirs.0;
            ours.1.merge(theirs.1);
        }
    }
}

pub fn funnel(
    scope: &Scope<'_>,
    components: &[String],
    within_ms: Option<u64>,
) -> Answer<Vec<FunnelStep>> {
    let reached = vec![Default::default(); components.len()];
    let counted = count(scope, Funnel { components, within_ms, reached })?;
    let steps = components.iter().zip(counted.reached);
    let steps = steps.map(|(component, (sessions, waits_ms))| {
        let [median_ms_from_previous] = waits_ms.percentiles([50]);
        FunnelStep { component: component.clone(), sessions, median_ms_from_previous }
    });
    Ok(steps.collect())
}
