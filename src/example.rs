//! One event as it is sent, for who is asked to agree: made by what makes them all, so that no field is missing.

use tracking::{Component, Event, EventId, Record, SessionId, Timestamp, UserSecret};

/// The line of an event with made-up values, a field to a row.
#[must_use]
pub fn event() -> String {
    const MORNING: u64 = 1_764_000_000_000;
    let event = Event::ComponentExit {
        duration_ms: 12_000,
        next_component: "hero-content".to_owned(),
        is_last: false,
        session_elapsed_ms: 15_000,
    };
    let record = Record {
        event_id: EventId(0x0e1f_5a90_47c2_4be1_9d63_2ab7_f0c4_1d58),
        timestamp: Timestamp(MORNING + 15_000),
        user_id: UserSecret::new(0x5eed).user_id(),
        session_id: SessionId::new(MORNING, 0x1f0c_92d4_a8b3_7e65 << 64),
        seq: 4,
        component: Component::new("welcome", "Welcome Component"),
        demo: false,
        event,
    };
    rows(&record.to_line().unwrap_or_default())
}

/// A flat JSON object with a row for each field.
fn rows(line: &str) -> String {
    let (mut rows, mut is_text, mut is_escaped) = (String::new(), false, false);
    for c in line.chars() {
        if c == '}' && !is_text {
            rows.push('\n');
        }
        rows.push(c);
        match c {
            '{' | ',' if !is_text => rows.push_str("\n  "),
            ':' if !is_text => rows.push(' '),
            '"' if !is_escaped => is_text = !is_text,
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_an_event_that_the_server_takes_with_all_its_fields() {
        let shown = event();
        let read = Record::from_line(&shown).unwrap();
        let line = read.to_line().unwrap();
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&shown), value(&line));
        assert_eq!(shown.lines().count(), value(&line).as_object().unwrap().len() + 2);
        assert!(shown.lines().all(|row| row.len() < 90), "{shown}");
    }

    #[test]
    fn a_comma_or_a_quote_in_a_text_begins_no_row() {
        assert_eq!(
            rows(r#"{"a":"x, \"y\": {z}","b":1}"#),
            "{\n  \"a\": \"x, \\\"y\\\": {z}\",\n  \"b\": 1\n}"
        );
    }
}
