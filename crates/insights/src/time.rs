//! How long components are looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{
    Range, bounded, percentile, rows,
    select::{by_session, largest_first},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ComponentTime {
    /// The component's hash.
    pub component: String,
    pub name: String,
    /// Visits in range.
    pub visits: u64,
    /// Sum of the durations of the component's exits.
    pub total_ms: u64,
    /// `total_ms / visits`, rounded down; none without visits.
    pub average_ms: Option<u64>,
    /// Half of the visits took at most this long; none when no visit has an exit yet.
    pub median_ms: Option<u64>,
    /// 95 of 100 visits took at most this long.
    pub p95_ms: Option<u64>,
    /// How many components are summed in this row, if it is the one for all others.
    #[serde(default, skip_serializing_if = "rows::is_none")]
    pub folded: u64,
}

#[derive(Default)]
struct Tally<'a> {
    name: &'a str,
    visits: u64,
    total_ms: u64,
    /// What each visit with an exit took.
    each_ms: Vec<u64>,
}

/// Time by component, for those with a visit or an exit in range, longest total first.
///
/// A visit can be visible in several stretches, each with an exit of its own. An exit belongs to
/// the latest visit before it in its session and range when that is to the same component; an exit
/// that belongs to no visit counts in `total_ms` only. Percentiles are over what each visit with
/// at least one exit took altogether.
#[must_use]
pub fn time(records: &[Record], range: Range) -> Vec<ComponentTime> {
    let sessions = by_session(records, range, |record| {
        matches!(record.event, Event::ComponentVisit { .. } | Event::ComponentExit { .. })
    });
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for events in sessions.into_values() {
        // The visit going on, and what it has taken so far, if anything.
        let mut current: Option<(&str, Option<u64>)> = None;
        for record in events {
            let component = record.component.hash.as_str();
            let tally = tallies.entry(component).or_default();
            tally.name = tally.name.max(&record.component.name);
            if let Event::ComponentExit { duration_ms, .. } = &record.event {
                tally.total_ms = tally.total_ms.saturating_add(*duration_ms);
                if let Some((_, taken)) = current.as_mut().filter(|(of, _)| *of == component) {
                    *taken = Some(taken.unwrap_or(0).saturating_add(*duration_ms));
                }
            } else {
                tally.visits += 1;
                close(&mut tallies, current.replace((component, None)));
            }
        }
        close(&mut tallies, current);
    }
    let times = tallies
        .into_iter()
        .map(|(component, mut tally)| ComponentTime {
            component: component.to_owned(),
            name: tally.name.to_owned(),
            visits: tally.visits,
            total_ms: tally.total_ms,
            average_ms: tally.total_ms.checked_div(tally.visits),
            median_ms: percentile(&mut tally.each_ms, 50),
            p95_ms: percentile(&mut tally.each_ms, 95),
            folded: 0,
        })
        .collect();
    bounded(largest_first(times, |entry: &ComponentTime| entry.total_ms))
}

fn close<'a>(tallies: &mut BTreeMap<&'a str, Tally<'a>>, visit: Option<(&'a str, Option<u64>)>) {
    if let Some((component, Some(taken_ms))) = visit {
        tallies.entry(component).or_default().each_ms.push(taken_ms);
    }
}
