//! Believable random sessions, for tests of whatever answers the same questions.

use proptest::{collection::vec, prelude::*};
use tracking::{
    Component, ErrorKind, Event, EventId, Record, SessionId, Timestamp, UserSecret,
    event::{COMPONENT_LOADED, ENTRY, EXIT, HIDDEN},
};

const COMPONENTS: [(&str, &str); 5] = [
    ("welcome", "Welcome"),
    ("user-list", "Users"),
    ("user-detail", "A user"),
    ("crash-test", "Crash \"test\""),
    ("wetter-ü", "Wetter ü"),
];

/// One look at one component.
#[derive(Clone, Debug)]
struct Look {
    component: usize,
    /// Visible stretches, each ended by an exit.
    stretches_ms: Vec<u64>,
    load_ms: Option<u64>,
    error: Option<u8>,
    /// The name is another one than usual.
    renamed: bool,
    demo: bool,
}

fn look() -> impl Strategy<Value = Look> {
    (
        0..COMPONENTS.len(),
        vec(0_u64..5_000, 0..4),
        proptest::option::of(0_u64..900),
        proptest::option::weighted(0.2, any::<u8>()),
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.2),
    )
        .prop_map(|(component, stretches_ms, load_ms, error, renamed, demo)| Look {
            component,
            stretches_ms,
            load_ms,
            error,
            renamed,
            demo,
        })
}

/// Up to 12 sessions of up to 3 users, starting in the `span_ms` after `start_ms`, in no order.
pub fn records(start_ms: u64, span_ms: u64) -> impl Strategy<Value = Vec<Record>> {
    let session = (0_u128..3, 0..span_ms.max(1), vec(look(), 0..6));
    vec(session, 0..12)
        .prop_map(move |sessions| {
            let mut records = Vec::new();
            for (index, (user, offset_ms, looks)) in (0_u128..).zip(sessions) {
                let mut session = Session::new(index, user, start_ms + offset_ms);
                session.play(&looks);
                records.append(&mut session.records);
            }
            records
        })
        .prop_shuffle()
}

struct Session {
    index: u128,
    user: u128,
    started_ms: u64,
    now_ms: u64,
    seq: u64,
    demo: bool,
    records: Vec<Record>,
}

impl Session {
    fn new(index: u128, user: u128, started_ms: u64) -> Self {
        let records = Vec::new();
        Self { index, user, started_ms, now_ms: started_ms, seq: 0, demo: false, records }
    }

    fn push(&mut self, component: Component, event: Event) {
        self.records.push(Record {
            event_id: EventId((self.index << 64) | u128::from(self.seq)),
            timestamp: Timestamp(self.now_ms),
            user_id: UserSecret::new(self.user).user_id(),
            session_id: SessionId::new(self.started_ms, self.index << 64),
            seq: self.seq,
            component,
            demo: self.demo,
            event,
        });
        self.seq += 1;
    }

    fn play(&mut self, looks: &[Look]) {
        self.push(Component::dashboard(), Event::SessionStart { previous_session_id: None });
        let mut previous: Option<Component> = None;
        for (index, look) in looks.iter().enumerate() {
            self.demo = look.demo;
            let (hash, name) = COMPONENTS[look.component % COMPONENTS.len()];
            let component = Component::new(hash, if look.renamed { "Aaa" } else { name });
            let before = previous.unwrap_or_else(|| Component::new(ENTRY, ENTRY));
            self.push(
                component.clone(),
                Event::ComponentVisit {
                    url: "http://localhost/".into(),
                    referrer: String::new(),
                    visit_index: index as u64 + 1,
                    is_entry: index == 0,
                    prev_component: before.hash,
                    prev_component_name: before.name,
                },
            );
            self.happen(&component, look);
            let next = looks
                .get(index + 1)
                .map_or(EXIT, |next| COMPONENTS[next.component % COMPONENTS.len()].0);
            self.look(&component, look, index as u64 + 1, next);
            previous = Some(component);
        }
    }

    fn happen(&mut self, component: &Component, look: &Look) {
        let interaction = |interaction_type: &str, load_time_ms| Event::ComponentInteraction {
            interaction_type: interaction_type.into(),
            load_time_ms,
            details: None,
        };
        if look.load_ms.is_some() {
            self.push(component.clone(), interaction(COMPONENT_LOADED, look.load_ms));
        }
        if let Some(number) = look.error {
            self.push(component.clone(), interaction("clicked", None));
            self.push(
                component.clone(),
                Event::ComponentError {
                    error_kind: ErrorKind::Exception,
                    error_message: format!("failure {number}"),
                    error_stack: String::new(),
                    suppressed: 0,
                },
            );
        }
    }

    fn look(&mut self, component: &Component, look: &Look, visit_index: u64, next: &str) {
        for (stretch, &duration_ms) in look.stretches_ms.iter().enumerate() {
            if stretch > 0 {
                self.push(component.clone(), Event::ComponentResume { visit_index });
            }
            self.now_ms += duration_ms;
            let is_final = stretch + 1 == look.stretches_ms.len();
            let next_component = if is_final { next } else { HIDDEN };
            self.push(
                component.clone(),
                Event::ComponentExit {
                    duration_ms,
                    next_component: next_component.into(),
                    is_last: next_component == EXIT,
                    session_elapsed_ms: self.now_ms - self.started_ms,
                },
            );
        }
    }
}
