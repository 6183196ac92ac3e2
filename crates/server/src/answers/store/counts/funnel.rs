//! How far sessions come along a path.

use insights::{FunnelChain, FunnelStep};

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
    chain: FunnelChain,
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
            let places = visits.of(session);
            let (what, at_ms) = (&visits.what[places.clone()], &visits.at_ms[places]);
            let is_step = |step: usize, at: usize| is_step[step][what[at].name()];
            let times_ms = self.chain.furthest(what.len(), is_step, |at| at_ms[at]);
            let mut previous_ms = None;
            for ((sessions, waits_ms), &at_ms) in self.reached.iter_mut().zip(times_ms) {
                *sessions += 1;
                if let Some(previous_ms) = previous_ms.replace(at_ms) {
                    waits_ms.add(at_ms.saturating_sub(previous_ms));
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
    let chain = FunnelChain::new(components.len(), within_ms);
    let reached = vec![Default::default(); components.len()];
    let counted = count(scope, Funnel { components, chain, reached })?;
    let steps = components.iter().zip(counted.reached);
    let steps = steps.map(|(component, (sessions, waits_ms))| {
        let [median_ms_from_previous] = waits_ms.percentiles([50]);
        FunnelStep { component: component.clone(), sessions, median_ms_from_previous }
    });
    Ok(steps.collect())
}
