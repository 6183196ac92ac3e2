//! One session, step by step.

use serde::{Deserialize, Serialize};
use tracking::{Event, Record, event::COMPONENT_LOADED};

use crate::{
    Range,
    select::{in_order, in_range},
};

/// No person gets beyond it; what comes after so many events is left out.
pub const MAX_EVENTS: usize = 5_000;

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Story {
    pub session_id: String,
    pub user_id: String,
    /// Time of the first event, visit or not.
    pub started_ms: u64,
    /// Time of the last event.
    pub ended_ms: u64,
    /// In the order in which they began.
    pub visits: Vec<Visit>,
    /// What belongs to no visit: to the page itself, or to a visit before the range.
    pub other: Vec<Moment>,
    /// There are more than [`MAX_EVENTS`] events; these are the first.
    pub cut: bool,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Visit {
    /// The component's hash.
    pub component: String,
    pub name: String,
    pub start_ms: u64,
    /// When it was left for the last time. One that has no exit yet goes on to the next visit or to
    /// the session's end.
    pub end_ms: u64,
    /// How long it could be seen: what its exits say, and the time since the last one they do not.
    pub stay_ms: u64,
    /// When nobody could see it, between two stretches.
    pub hidden: Vec<Range>,
    /// In their order. May come after the visit: its component goes on behind the next one.
    pub moments: Vec<Moment>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Load,
    Interaction,
    Error,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Moment {
    pub at_ms: u64,
    pub kind: Kind,
    /// The interaction's type, or the error's message.
    pub text: String,
    pub load_time_ms: Option<u64>,
}

/// A visit as far as it is read.
struct Open {
    visit: Visit,
    /// It can be seen since then.
    seen_ms: Option<u64>,
    /// It was left then, perhaps to come back.
    hidden_ms: Option<u64>,
}

/// The session's events in range, in their order, as visits and what happened in them; none when
/// there are no such events. An event belongs to the latest visit to its component.
#[must_use]
pub fn session(records: &[Record], range: Range, session_id: &str) -> Option<Story> {
    let mut events: Vec<&Record> = in_range(records, range)
        .filter(|record| record.session_id.as_str() == session_id)
        .collect();
    in_order(&mut events);
    let cut = events.len() > MAX_EVENTS;
    events.truncate(MAX_EVENTS);
    let (first, last) = (events.first()?, events.last()?);
    let mut story = Story {
        session_id: session_id.to_owned(),
        user_id: first.user_id.as_str().to_owned(),
        started_ms: first.timestamp.0,
        ended_ms: last.timestamp.0,
        visits: Vec::new(),
        other: Vec::new(),
        cut,
    };
    let mut visits: Vec<Open> = Vec::new();
    for record in events {
        read(record, &mut visits, &mut story.other);
    }
    let mut next_ms = story.ended_ms;
    for open in visits.iter_mut().rev() {
        if let Some(seen_ms) = open.seen_ms {
            open.visit.end_ms = next_ms.max(open.visit.end_ms);
            open.visit.stay_ms = open.visit.stay_ms.saturating_add(next_ms.saturating_sub(seen_ms));
        }
        next_ms = open.visit.start_ms;
    }
    story.visits = visits.into_iter().map(|open| open.visit).collect();
    Some(story)
}

fn read(record: &Record, visits: &mut Vec<Open>, other: &mut Vec<Moment>) {
    let at_ms = record.timestamp.0;
    let component = &record.component.hash;
    if let Event::ComponentVisit { .. } = record.event {
        let visit = Visit {
            component: component.clone(),
            name: record.component.name.clone(),
            start_ms: at_ms,
            end_ms: at_ms,
            stay_ms: 0,
            hidden: Vec::new(),
            moments: Vec::new(),
        };
        visits.push(Open { visit, seen_ms: Some(at_ms), hidden_ms: None });
        return;
    }
    let open = visits.iter_mut().rfind(|open| open.visit.component == *component);
    match &record.event {
        Event::ComponentExit { duration_ms, .. } => {
            let Some(Open { visit, seen_ms, hidden_ms }) = open else { return };
            visit.stay_ms = visit.stay_ms.saturating_add(*duration_ms);
            // The last exit of a hidden visit says where it led to; it was left before.
            if seen_ms.take().is_some() {
                visit.end_ms = at_ms;
                *hidden_ms = Some(at_ms);
            }
        }
        Event::ComponentResume { .. } => {
            let Some(Open { visit, seen_ms, hidden_ms }) = open else { return };
            // Still seen: it began in a tab that nobody looked at.
            if let Some(from_ms) = hidden_ms.take().or(*seen_ms) {
                visit.hidden.push(Range::new(from_ms, at_ms));
            }
            *seen_ms = Some(at_ms);
            visit.end_ms = at_ms;
        }
        event => {
            if let Some(moment) = moment(at_ms, event) {
                open.map_or(other, |open| &mut open.visit.moments).push(moment);
            }
        }
    }
}

fn moment(at_ms: u64, event: &Event) -> Option<Moment> {
    let (kind, text, load_time_ms) = match event {
        Event::ComponentInteraction { interaction_type, load_time_ms, .. } => {
            let is_load = interaction_type == COMPONENT_LOADED;
            let kind = if is_load { Kind::Load } else { Kind::Interaction };
            (kind, interaction_type, *load_time_ms)
        }
        Event::ComponentError { error_message, .. } => (Kind::Error, error_message, None),
        _ => return None,
    };
    Some(Moment { at_ms, kind, text: text.clone(), load_time_ms })
}
