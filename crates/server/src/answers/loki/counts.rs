//! Visits, counted by Loki: of all their lines only those of visits that came home late are read, because
//! Loki may have these twice.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use insights::{ComponentVisits, Range, bounded, with_unvisited};
use logql::{
    Chosen, Scope, Span,
    answer::{self, Home},
    field,
};
use tracking::{Event, Record, event::name};

use crate::{
    answers::{
        Question, Subject, Unanswered,
        loki::{
            FromLoki,
            needs::{chosen, labels},
        },
    },
    loki::LokiError,
};

/// Late visits that are looked for in the other streams; with more, every line is read instead.
const MAX_LATE: usize = 1_000;
/// Ids in one query.
const IDS: usize = 50;

/// The answer, if it is a number of visits and Loki can tell it.
pub async fn visits(
    source: &FromLoki,
    question: &Question,
    stretches: &[Range],
) -> Result<Option<Vec<ComponentVisits>>, Unanswered> {
    let Question { filter, range, subject } = question;
    let only_entries = match subject {
        Subject::Visits { .. } => false,
        // LogQL has no "of sessions that".
        Subject::EntryPoints if filter.components.is_empty() && !filter.hide_demo => true,
        _ => return Ok(None),
    };
    let labels = labels(&filter.components);
    let component = chosen(&labels);
    let is_all = matches!(component, Chosen::All);
    // Nor "of sessions that began with", and a query has no room for very many components.
    if filter.entry.is_some() || is_all != filter.components.is_empty() {
        return Ok(None);
    }
    let scope = Scope {
        component,
        user_id: filter.user.as_deref(),
        session_id: filter.session.as_deref(),
        hide_demo: filter.hide_demo,
        ..Scope::new(&source.loki.settings().job, 0)
    };
    let mut counted = Counted::default();
    for &stretch in stretches {
        let range = Span::Milliseconds(stretch.to_ms - stretch.from_ms);
        let query = answer::visits(&Scope { range, ..scope }, only_entries, &filter.components);
        let counts = match source.metrics.of_loki(source.loki.counts(&query, stretch)).await {
            // Too many names for one answer, or a line that is no event.
            Err(LokiError::Status(400)) => return Ok(None),
            counts => counts?,
        };
        for mut series in counts {
            let mut label = |name| series.labels.remove(name).unwrap_or_default();
            counted.add(label(field::COMPONENT_HASH), label(field::COMPONENT_NAME), series.count);
        }
    }
    let Some(late) = late(source, &scope, stretches).await? else { return Ok(None) };
    for record in late.into_iter().filter(|record| range.contains(record.timestamp.0)) {
        if let Event::ComponentVisit { is_entry, .. } = record.event
            && (is_entry || !only_entries)
            // Its label may be the one of all that no registry has.
            && (filter.components.is_empty() || filter.components.contains(&record.component.hash))
        {
            counted.add(record.component.hash, record.component.name, 1);
        }
    }
    let counted = counted.largest_first();
    Ok(Some(match subject {
        Subject::Visits { known } => with_unvisited(counted, &filter.of_known(known)),
        _ => bounded(counted),
    }))
}

/// The visits that stand in the streams of late ones only; none when there are too many to tell.
async fn late(
    source: &FromLoki,
    scope: &Scope<'_>,
    stretches: &[Range],
) -> Result<Option<Vec<Record>>, Unanswered> {
    let visits = [name::COMPONENT_VISIT];
    let mut reader = source.reader();
    reader.read(&answer::lines(scope, &visits, Home::Late, &[]), stretches).await?;
    let mut late = reader.records;
    if late.len() > MAX_LATE {
        return Ok(None);
    }
    let mut twins = HashSet::new();
    for some in late.chunks(IDS) {
        let ids: Vec<_> = some.iter().map(|record| record.event_id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let mut reader = source.reader();
        reader.read(&answer::lines(scope, &visits, Home::InTime, &ids), stretches).await?;
        twins.extend(reader.records.into_iter().map(|twin| twin.event_id));
    }
    late.retain(|record| !twins.contains(&record.event_id));
    Ok(Some(late))
}

/// Visits by component, and the last of its names.
#[derive(Default)]
struct Counted(BTreeMap<String, (String, u64)>);

impl Counted {
    fn add(&mut self, component: String, name: String, visits: u64) {
        let entry = self.0.entry(component).or_default();
        if entry.0 < name {
            entry.0 = name;
        }
        entry.1 += visits;
    }

    fn largest_first(self) -> Vec<ComponentVisits> {
        let visits = self.0.into_iter();
        let mut visits: Vec<_> = visits
            .map(|(component, (name, visits))| ComponentVisits {
                component,
                name,
                visits,
                folded: 0,
            })
            .collect();
        // Equal ones stay in the order of their components.
        visits.sort_by_key(|of| Reverse(of.visits));
        visits
    }
}
