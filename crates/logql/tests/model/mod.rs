//! What the tracker writes: one of each event, and the fields of its line.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeSet;

use tracking::{
    Component, DropReason, ErrorKind, Event, EventId, Record, SessionId, Timestamp, UserSecret,
    event::{COMPONENT_LOADED, name},
};

/// One of each event, with every field it can have. The `match` makes a new event fail here.
pub fn one_of_each() -> Vec<Event> {
    let events = vec![
        Event::SessionStart { previous_session_id: Some(SessionId::new(1, 1)) },
        Event::ComponentVisit {
            url: String::new(),
            referrer: String::new(),
            visit_index: 1,
            is_entry: true,
            prev_component: "a".into(),
            prev_component_name: "A".into(),
        },
        Event::ComponentResume { visit_index: 1 },
        Event::ComponentExit {
            duration_ms: 1,
            next_component: "a".into(),
            is_last: true,
            session_elapsed_ms: 1,
        },
        Event::ComponentInteraction {
            interaction_type: COMPONENT_LOADED.into(),
            load_time_ms: Some(1),
            details: None,
        },
        Event::ComponentError {
            error_kind: ErrorKind::Http,
            error_message: String::new(),
            error_stack: String::new(),
            suppressed: 1,
        },
        Event::TrackingDropped { dropped_reason: DropReason::Corrupt, dropped_count: 1 },
    ];
    let mut names: Vec<_> = events.iter().map(Event::name).collect();
    names.dedup();
    assert_eq!(names, name::ALL);
    events
}

/// `{"a":1,"b":"x"}` -> a, b. Lines are flat but for `details`, which is none here.
pub fn fields(event: Event) -> BTreeSet<String> {
    let record = Record {
        event_id: EventId(1),
        timestamp: Timestamp(1_764_000_000_000),
        user_id: UserSecret::new(1).user_id(),
        session_id: SessionId::new(1, 1),
        seq: 1,
        component: Component::new("a", "A"),
        demo: true,
        event,
    };
    let line = record.to_line().unwrap();
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
