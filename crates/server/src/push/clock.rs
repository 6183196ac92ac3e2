//! A page's clock may be wrong. What it says of the moment of sending tells by how much, and its events are put
//! where they belong on our clock.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use tracking::limit;

/// Smaller differences are left alone: a request may be on its way for so long.
const TOLERATED_MS: u64 = 60 * 1_000;
/// How late an event may come home.
const AGE_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
/// 2020: an earlier clock was never set.
const NEVER_SET_BEFORE_MS: u64 = 1_577_836_800_000;

/// Our clock, and a page's, when it sent a request.
#[derive(Clone, Copy)]
pub struct Clock {
    now_ms: u64,
    sent_ms: Option<u64>,
    /// Milliseconds that the page's clock lacks; 0 when it is right, or nothing is known about it.
    skew_ms: i64,
}

impl Clock {
    /// `query` is that of the request: `sent` is the page's clock in Unix milliseconds.
    pub fn of(query: Option<&str>, now_ms: u64) -> Self {
        let parameters = query.unwrap_or_default().split('&');
        let sent = parameters.filter_map(|parameter| parameter.strip_prefix("sent=")).next_back();
        let sent_ms = sent.and_then(|text| text.parse().ok());
        Self { now_ms, sent_ms, skew_ms: sent_ms.map_or(0, |sent_ms| skew_ms(sent_ms, now_ms)) }
    }

    /// A page that says nothing sent no earlier than its newest event.
    pub fn not_before(self, newest_ms: Option<u64>) -> Self {
        match (self.sent_ms, newest_ms) {
            (None, Some(newest_ms)) => {
                Self { skew_ms: skew_ms(newest_ms, self.now_ms).min(0), ..self }
            }
            _ => self,
        }
    }

    /// Whether the page's clock is ours; none if it did not say.
    pub fn agrees(self) -> Option<bool> {
        self.sent_ms.map(|_| self.skew_ms == 0)
    }

    /// Milliseconds to add to the page's clock, where that is worth a word.
    pub fn skew_ms(self) -> Option<i64> {
        (self.skew_ms != 0).then_some(self.skew_ms)
    }

    /// When on our clock an event happened at `at_ms` of the page's; `None` when that is too long ago.
    pub fn place(self, at_ms: u64) -> Option<u64> {
        let latest = self.now_ms.saturating_add(TOLERATED_MS);
        let taken = self.now_ms.saturating_sub(AGE_MS)..=latest;
        let shifted = at_ms.saturating_add_signed(self.skew_ms);
        // The clock may have been set between the event and the sending: then the event's own time is right.
        if let Some(ms) = [shifted, at_ms].into_iter().find(|ms| taken.contains(ms)) {
            return Some(ms);
        }
        let never_set = self.sent_ms.is_some() && at_ms < NEVER_SET_BEFORE_MS;
        // All that is known is that it has happened.
        (shifted > latest || at_ms > latest || never_set).then_some(self.now_ms)
    }
}

fn skew_ms(page_ms: u64, now_ms: u64) -> i64 {
    if page_ms.abs_diff(now_ms) <= TOLERATED_MS {
        return 0;
    }
    i64::try_from(i128::from(now_ms) - i128::from(page_ms)).unwrap_or(i64::MIN)
}

/// `line` with another time; what the page said stays as `client_timestamp`, where there is room for it. `None`
/// when it would be too long, or is no object.
pub fn restamp(line: &str, at_ms: u64) -> Option<String> {
    let Fields(fields) = serde_json::from_str(line).ok()?;
    let write = |with_original: bool| {
        let mut new = String::with_capacity(line.len() + 48);
        for (name, value) in &fields {
            if *name == CLIENT_TIMESTAMP {
                continue;
            }
            new.push(if new.is_empty() { '{' } else { ',' });
            new.push_str(&serde_json::to_string(name).ok()?);
            new.push(':');
            if *name != "timestamp" {
                new.push_str(value.get());
                continue;
            }
            new.push_str(&at_ms.to_string());
            if with_original {
                new.push_str(&format!(",\"{CLIENT_TIMESTAMP}\":{}", value.get()));
            }
        }
        new.push('}');
        (new.len() <= limit::LINE).then_some(new)
    };
    write(true).or_else(|| write(false))
}

const CLIENT_TIMESTAMP: &str = "client_timestamp";

/// The fields of an object in their order, values as they are written.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_764_000_000_000;
    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;

    /// Where an event of the page's moment `at` is put, when the page's clock said `sent` at sending.
    fn placed(sent: Option<u64>, at: u64) -> Option<u64> {
        let query = sent.map(|ms| format!("x=1&sent={ms}"));
        Clock::of(query.as_deref(), NOW).not_before(Some(at)).place(at)
    }

    #[test]
    fn an_event_is_as_old_as_the_page_says() {
        for off in [2 * MINUTE, 11 * MINUTE, 3 * 60 * MINUTE, 40 * DAY, 50 * 365 * DAY] {
            for age in [0, 1, 5_000, 3 * DAY] {
                for page in [NOW + off, NOW - off] {
                    assert_eq!(placed(Some(page), page - age), Some(NOW - age), "{off} {age}");
                }
            }
        }
    }

    #[test]
    fn a_small_difference_is_no_difference() {
        for off in [0, 1_000, 59_000] {
            for (page, at) in [(NOW + off, NOW + off), (NOW - off, NOW - off - 7)] {
                assert_eq!(placed(Some(page), at), Some(at));
                assert_eq!(Clock::of(Some(&format!("sent={page}")), NOW).skew_ms(), None);
            }
            assert_eq!(placed(None, NOW + off), Some(NOW + off));
        }
    }

    #[test]
    fn a_clock_that_was_set_between_event_and_sending_loses_nothing() {
        // It was right at the event, and wrong at the sending.
        assert_eq!(placed(Some(NOW - 40 * DAY), NOW - MINUTE), Some(NOW - MINUTE));
        assert_eq!(placed(Some(NOW + 40 * DAY), NOW - MINUTE), Some(NOW - MINUTE));
        // It was ahead at the event, and right or behind at the sending.
        assert_eq!(placed(Some(NOW), NOW + 40 * DAY), Some(NOW));
        assert_eq!(placed(Some(NOW - DAY), NOW + 40 * DAY), Some(NOW));
        // It began in 1970, and was set before the sending.
        assert_eq!(placed(Some(NOW), 5 * MINUTE), Some(NOW));
    }

    #[test]
    fn without_a_word_the_newest_event_is_the_page_s_clock() {
        let clock = Clock::of(None, NOW).not_before(Some(NOW + 60 * MINUTE));
        assert_eq!(clock.place(NOW + 60 * MINUTE), Some(NOW));
        assert_eq!(clock.place(NOW + 50 * MINUTE), Some(NOW - 10 * MINUTE));
        // An old event is old, whoever sends it.
        assert_eq!(placed(None, NOW - 29 * DAY), Some(NOW - 29 * DAY));
        assert_eq!(placed(None, NOW - 31 * DAY), None);
        assert_eq!(placed(Some(NOW), NOW - 31 * DAY), None);
        assert_eq!(placed(None, 5), None);
        // One absurd time does not take the others along.
        let clock = Clock::of(None, NOW).not_before(Some(u64::MAX));
        assert_eq!((clock.place(u64::MAX), clock.place(NOW - 7)), (Some(NOW), Some(NOW - 7)));
    }

    #[test]
    fn what_is_no_time_is_not_heard() {
        for query in
            ["sent=", "sent=x", "sent=-1", "sent=1e3", "sender=5", "sent=99999999999999999999"]
        {
            assert_eq!(Clock::of(Some(query), NOW).skew_ms(), None, "{query}");
        }
        assert_eq!(Clock::of(Some("sent=0"), NOW).skew_ms(), Some(1_764_000_000_000));
        assert!(
            Clock::of(Some(&format!("sent={}", u64::MAX)), NOW).skew_ms().is_some_and(|ms| ms < 0)
        );
    }

    #[test]
    fn a_line_keeps_everything_but_its_time() {
        for (line, stamped) in [
            (
                r#"{"event":"x","timestamp":5,"details":{"timestamp":5, "a":[1]},"n":1.50}"#,
                r#"{"event":"x","timestamp":7,"client_timestamp":5,"details":{"timestamp":5, "a":[1]},"n":1.50}"#,
            ),
            (r#"{ "t\u0069mestamp" : 5 }"#, r#"{"timestamp":7,"client_timestamp":5}"#),
            (
                r#"{"client_timestamp":1,"timestamp":5,"name":"ü\"\n"}"#,
                r#"{"timestamp":7,"client_timestamp":5,"name":"ü\"\n"}"#,
            ),
        ] {
            assert_eq!(restamp(line, 7).as_deref(), Some(stamped));
        }
        assert_eq!(restamp("[]", 7), None);
        let long = format!(r#"{{"timestamp":5,"x":"{}"}}"#, "x".repeat(limit::LINE - 24));
        assert_eq!(restamp(&long, 7), Some(long.replacen('5', "7", 1)));
        assert_eq!(restamp(&long, 7_000_000_000_000), None);
    }
}
