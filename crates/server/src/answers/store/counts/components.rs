//! Counts of each component.

use insights::{ComponentLoads, ComponentVisits, KnownComponent, bounded};

use super::{ByComponent, Durations, largest_first};
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone, Copy)]
enum Which {
    All,
    /// Those with which sessions begin.
    Entries,
    /// The last one of each session.
    Last,
}

#[derive(Clone)]
struct Visits {
    which: Which,
    components: ByComponent<u64>,
}

impl Count for Visits {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::NAMES).of(Kind::Visit, &[Part::What])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let mut counts = vec![0_u64; sheet.names.len()];
        match self.which {
            Which::All => visits.what.iter().for_each(|what| counts[what.name()] += 1),
            Which::Entries => visits
                .what
                .iter()
                .for_each(|what| counts[what.name()] += u64::from(what.is_entry())),
            Which::Last => (0..sheet.sessions)
                .filter_map(|session| visits.of(session).next_back())
                .for_each(|last| counts[visits.what[last].name()] += 1),
        }
        for (name, count) in sheet.names.iter().zip(counts).filter(|(_, count)| *count > 0) {
            *self.components.of(name) += count;
        }
    }

    fn merge(&mut self, other: Self) {
        self.components.merge(other.components, |ours, theirs| *ours += theirs);
    }
}

fn counted(scope: &Scope<'_>, which: Which) -> Answer<Vec<ComponentVisits>> {
    let counted = count(scope, Visits { which, components: ByComponent::default() })?;
    let components = counted.components.0.into_iter();
    let visits = components.map(|(component, (name, visits))| ComponentVisits {
        component,
        name,
        visits,
        folded: 0,
    });
    Ok(largest_first(visits.collect(), |entry| entry.visits))
}

pub fn visits(scope: &Scope<'_>, known: &[KnownComponent]) -> Answer<Vec<ComponentVisits>> {
    let visits = counted(scope, Which::All)?;
    Ok(insights::with_unvisited(visits, &scope.filter.of_known(known)))
}

pub fn entry_points(scope: &Scope<'_>) -> Answer<Vec<ComponentVisits>> {
    Ok(bounded(counted(scope, Which::Entries)?))
}

pub fn exit_points(scope: &Scope<'_>) -> Answer<Vec<ComponentVisits>> {
    Ok(bounded(counted(scope, Which::Last)?))
}

/// How many there are, and how long those took that say it.
#[derive(Clone, Default)]
struct Loads(ByComponent<(u64, Durations)>);

impl Count for Loads {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::NAMES).of(Kind::Load, &[Part::What, Part::Value])
    }

    fn add(&mut self, sheet: &Sheet) {
        let loads = sheet.all(Kind::Load);
        let mut all: Vec<(u64, Durations)> = vec![Default::default(); sheet.names.len()];
        for (what, value) in loads.what.iter().zip(&loads.value) {
            let (count, times_ms) = &mut all[what.name()];
            *count += 1;
            if let Some(ms) = value.checked_sub(1) {
                times_ms.add(ms);
            }
        }
        for (name, (count, times_ms)) in sheet.names.iter().zip(all) {
            if count > 0 {
                let (loads, known_ms) = self.0.of(name);
                *loads += count;
                known_ms.merge(times_ms);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0, |ours, theirs| {
            ours.0 += theirs.0;
            ours.1.merge(theirs.1);
        });
    }
}

pub fn loads(scope: &Scope<'_>) -> Answer<Vec<ComponentLoads>> {
    let Loads(components) = count(scope, Loads::default())?;
    let loads = components.0.into_iter().map(|(component, (name, (loads, times_ms)))| {
        let [median_ms, p95_ms] = times_ms.percentiles([50, 95]);
        ComponentLoads { component, name, loads, median_ms, p95_ms, folded: 0 }
    });
    Ok(bounded(largest_first(loads.collect(), |entry| entry.loads)))
}
