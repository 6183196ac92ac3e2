//! The tracker's state in words, for the chip, the privacy panel and the Live page.

use std::{collections::HashMap, rc::Rc};

use tracking::{Outcome, Tracker};

use crate::store::tracking::{LiveEvent, Place};

pub fn live_events(tracker: &Tracker) -> Rc<Vec<LiveEvent>> {
    let places: HashMap<_, _> = tracker.places().map(|(id, moves)| (id.0, moves)).collect();
    let rows = tracker.recent().rev().map(|frozen| LiveEvent {
        place: match places.get(&frozen.event_id.0) {
            Some(true) => Place::OnItsWay,
            Some(false) => Place::Waiting,
            None => Place::Gone,
        },
        timestamp_ms: frozen.timestamp.0,
        event: frozen.event,
        component: frozen.component.clone(),
        line: frozen.line.clone(),
    });
    Rc::new(rows.collect())
}

pub fn answer(outcome: Outcome) -> Rc<str> {
    match outcome {
        Outcome::Accepted => "accepted".into(),
        Outcome::Rejected { status }
        | Outcome::Unauthorized { status }
        | Outcome::Retry { status, .. } => format!("HTTP {status}").into(),
        Outcome::Intercepted { status: Some(status) } => {
            format!("HTTP {status}, not the server's").into()
        }
        Outcome::Intercepted { status: None } => "a redirect, not the server's".into(),
        Outcome::Unreachable => "no answer".into(),
    }
}

pub fn describe(outcome: Outcome, wait_ms: u64) -> String {
    let seconds = wait_ms.div_ceil(1000);
    match outcome {
        Outcome::Accepted => String::new(),
        Outcome::Rejected { status } => format!("Some events were refused ({status})."),
        Outcome::Unauthorized { status } => {
            format!("The server refuses our credentials ({status}). Next try in {seconds} s.")
        }
        Outcome::Retry { status, .. } => {
            format!("The server cannot take events now ({status}). Next try in {seconds} s.")
        }
        Outcome::Intercepted { .. } => format!(
            "Something between this page and the server answers in its place, perhaps a sign-in page. Next try in {seconds} s."
        ),
        Outcome::Unreachable => format!("The server does not answer. Next try in {seconds} s."),
    }
}
