//! Names in queries are names that the tracker writes.

#![allow(clippy::unwrap_used)]

mod model;

use logql::field;
use model::{fields, one_of_each};
use tracking::event::name;

#[test]
fn every_field_is_one_of_the_event_that_carries_it() {
    let of = |wanted: &str| {
        fields(one_of_each().into_iter().find(|event| event.name() == wanted).unwrap())
    };
    let table: [(&str, &[&str]); 5] = [
        (
            name::COMPONENT_VISIT,
            &[
                field::USER_ID,
                field::SESSION_ID,
                field::EVENT,
                field::COMPONENT_HASH,
                field::COMPONENT_NAME,
                field::DEMO,
                field::IS_ENTRY,
                field::PREV_COMPONENT,
                field::VISIT_INDEX,
            ],
        ),
        (
            name::COMPONENT_EXIT,
            &[field::DURATION_MS, field::IS_LAST, field::NEXT_COMPONENT, field::SESSION_ELAPSED_MS],
        ),
        (name::COMPONENT_INTERACTION, &[field::INTERACTION_TYPE, field::LOAD_TIME_MS]),
        (name::COMPONENT_ERROR, &[field::ERROR_KIND, field::ERROR_MESSAGE]),
        (name::TRACKING_DROPPED, &[field::DROPPED_COUNT, field::DROPPED_REASON]),
    ];
    for (event, names) in table {
        let fields = of(event);
        for name in names {
            assert!(fields.contains(*name), "{event} has no {name}");
        }
    }
}
