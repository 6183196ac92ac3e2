//! How long components are looked at.

use insights::{ComponentTime, bounded};

use super::{ByComponent, Durations, largest_first};
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone, Default)]
struct Tally {
    /// Visits and exits.
    events: u64,
    visits: u64,
    total_ms: u64,
    /// What each visit with an exit took.
    each_ms: Durations,
}

impl Tally {
    fn add(&mut self, Self { events, visits, total_ms, each_ms }: Self) {
        self.events += events;
        self.visits += visits;
        self.total_ms = self.total_ms.saturating_add(total_ms);
        self.each_ms.merge(each_ms);
    }
}

#[derive(Clone, Default)]
struct Time(ByComponent<Tally>);

impl Count for Time {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::NAMES)
            .of(Kind::Visit, &[Part::What])
            .of(Kind::Exit, &[Part::What, Part::Value, Part::After])
    }

    fn add(&mut self, sheet: &Sheet) {
        let (visits, exits) = (sheet.all(Kind::Visit), sheet.all(Kind::Exit));
        let hashes = sheet.hashes();
        let mut tallies = vec![Tally::default(); sheet.names.len()];
        for what in &visits.what {
            let tally = &mut tallies[what.name()];
            tally.events += 1;
            tally.visits += 1;
        }
        for session in 0..sheet.sessions {
            let looks = visits.of(session);
            // The visit that the exits before belong to, and what it took.
            let mut current: Option<(usize, u64)> = None;
            for at in exits.of(session) {
                let (name, taken_ms) = (exits.what[at].name(), exits.value[at]);
                tallies[name].events += 1;
                tallies[name].total_ms = tallies[name].total_ms.saturating_add(taken_ms);
                let Some(visit) = exits.after[at].checked_sub(1).map(|nth| looks.start + nth)
                else {
                    continue;
                };
                let of = visits.what[visit].name();
                if hashes[of] != hashes[name] {
                    continue;
                }
                current = match current {
                    Some((last, before_ms)) if last == visit => {
                        Some((visit, before_ms.saturating_add(taken_ms)))
                    }
                    last => {
                        if let Some((last, taken_ms)) = last {
                            tallies[visits.what[last].name()].each_ms.add(taken_ms);
                        }
                        Some((visit, taken_ms))
                    }
                };
            }
            if let Some((last, taken_ms)) = current {
                tallies[visits.what[last].name()].each_ms.add(taken_ms);
            }
        }
        for (name, tally) in sheet.names.iter().zip(tallies) {
            if tally.events > 0 {
                self.0.of(name).add(tally);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0, Tally::add);
    }
}

pub fn time(scope: &Scope<'_>) -> Answer<Vec<ComponentTime>> {
    let Time(components) = count(scope, Time::default())?;
    let times = components.0.into_iter().map(|(component, (name, tally))| {
        let [median_ms, p95_ms] = tally.each_ms.percentiles([50, 95]);
        ComponentTime {
            component,
            name,
            visits: tally.visits,
            total_ms: tally.total_ms,
            average_ms: tally.total_ms.checked_div(tally.visits),
            median_ms,
            p95_ms,
            folded: 0,
        }
    });
    Ok(bounded(largest_first(times.collect(), |entry| entry.total_ms)))
}
