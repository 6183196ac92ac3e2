//! One session after the other.

use serde::{Deserialize, Serialize};
use tracking::{Event, Record};

use crate::{
    Range,
    select::{by_session, is_visit},
};

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    pub session_id: String,
    pub user_id: String,
    /// Time of the session's first event in range.
    pub started_ms: u64,
    /// Time of its last event in range.
    pub ended_ms: u64,
    pub visits: u64,
    pub errors: u64,
    /// Sum of the durations of its exits.
    pub visible_ms: u64,
    /// Hash of the component of its first visit in range.
    pub entry: String,
    /// Hash of the component of its last visit in range.
    pub exit: String,
}

/// A whole text by the rule of [`fold`](crate::fold), decomposed as the platform does it.
pub type Fold = fn(&str) -> String;

/// Sessions with at least one visit in range, latest `started_ms` first, equal ones by descending
/// `session_id`: at most `limit` of them after leaving out `offset`.
///
/// With a `search` only those it finds: by the beginning of the user's id, of the session's id or of
/// one of that id's parts, or by a part of the name of a component it visits. What are the same letters
/// is decided by `fold`.
#[must_use]
pub fn sessions(
    records: &[Record],
    range: Range,
    search: &str,
    fold: Fold,
    limit: usize,
    offset: usize,
) -> Vec<Session> {
    let search = fold(search);
    let mut sessions: Vec<_> = by_session(records, range, |_| true)
        .into_iter()
        .filter(|(session_id, events)| found(&search, fold, session_id, events))
        .filter_map(|(session_id, events)| session(session_id, &events))
        .collect();
    sessions.sort_by(|a, b| (b.started_ms, &b.session_id).cmp(&(a.started_ms, &a.session_id)));
    sessions.into_iter().skip(offset).take(limit).collect()
}

fn found(search: &str, fold: Fold, session_id: &str, events: &[&Record]) -> bool {
    session_id.starts_with(search)
        || session_id.contains(&format!("_{search}"))
        || events.iter().any(|record| {
            record.user_id.as_str().starts_with(search)
                || (is_visit(record) && fold(&record.component.name).contains(search))
        })
}

fn session(session_id: &str, events: &[&Record]) -> Option<Session> {
    let first = events.first()?;
    let last = events.last()?;
    let mut visits = events.iter().filter(|record| is_visit(record));
    let entry = visits.next()?;
    let exit = visits.next_back().unwrap_or(entry);
    Some(Session {
        session_id: session_id.to_owned(),
        user_id: first.user_id.as_str().to_owned(),
        started_ms: first.timestamp.0,
        ended_ms: last.timestamp.0,
        visits: events.iter().filter(|record| is_visit(record)).count() as u64,
        errors: events
            .iter()
            .filter(|record| matches!(record.event, Event::ComponentError { .. }))
            .count() as u64,
        visible_ms: events.iter().fold(0, |sum, record| match record.event {
            Event::ComponentExit { duration_ms, .. } => duration_ms.saturating_add(sum),
            _ => sum,
        }),
        entry: entry.component.hash.clone(),
        exit: exit.component.hash.clone(),
    })
}
