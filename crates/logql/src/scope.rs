//! What a query is about: whose events, and which stretch of time.

use std::fmt;

use crate::{expected::Expected, field};

/// The duration in a range selector.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Span {
    Seconds(u64),
    Milliseconds(u64),
    /// Grafana's `$__range`: all that the dashboard shows.
    Range,
    /// Grafana's `$__interval`: one step of a chart.
    Interval,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Range => f.write_str("$__range"),
            Self::Interval => f.write_str("$__interval"),
            Self::Milliseconds(ms) if ms % 1_000 == 0 => Self::Seconds(ms / 1_000).fmt(f),
            Self::Milliseconds(ms) => write!(f, "{ms}ms"),
            // Loki refuses a range of nothing.
            Self::Seconds(0) => f.write_str("1s"),
            Self::Seconds(s) if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            Self::Seconds(s) if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            Self::Seconds(s) if s % 60 == 0 => write!(f, "{}m", s / 60),
            Self::Seconds(s) => write!(f, "{s}s"),
        }
    }
}

/// The components a query keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chosen<'a> {
    All,
    One(&'a str),
    AnyOf(&'a [String]),
    /// Those a regular expression matches as a whole, such as a variable of a dashboard.
    Matching(&'a str),
}

#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub job: &'a str,
    /// Panels about whole sessions leave this aside, see [`Panel::by_component`](crate::Panel::by_component).
    pub component: Chosen<'a>,
    /// Only this user's events.
    pub user_id: Option<&'a str>,
    /// Only this session's events.
    pub session_id: Option<&'a str>,
    /// Without what the player of a demo journey did.
    pub hide_demo: bool,
    pub range: Span,
    /// One step of a timeline.
    pub step: Span,
    /// What [`Panel::LoadAgainstExpectation`](crate::Panel::LoadAgainstExpectation) measures against.
    pub expected: &'a [Expected],
}

impl<'a> Scope<'a> {
    /// Everything of the last `seconds`, in steps of a hundredth of it but at least a minute.
    #[must_use]
    pub fn new(job: &'a str, seconds: u64) -> Self {
        Self {
            job,
            component: Chosen::All,
            user_id: None,
            session_id: None,
            hide_demo: false,
            range: Span::Seconds(seconds),
            step: Span::Seconds((seconds / 6_000 * 60).max(60)),
            expected: &[],
        }
    }

    /// What a Grafana dashboard of ours fills in with its variables.
    #[must_use]
    pub fn grafana(expected: &'a [Expected]) -> Self {
        Self {
            job: "$job",
            component: Chosen::Matching("$component"),
            user_id: None,
            session_id: None,
            hide_demo: false,
            range: Span::Range,
            step: Span::Interval,
            expected,
        }
    }

    /// The stream selector of one event, with the filters this scope asks for behind it.
    pub(crate) fn select(&self, event: Option<&str>) -> String {
        self.select_with(event, None)
    }

    /// How many bytes the lines have that it is about.
    #[must_use]
    pub fn bytes(&self) -> String {
        format!("sum(bytes_over_time({} [{}]))", self.select(None), self.range)
    }

    /// With one more matcher.
    pub(crate) fn select_with(&self, event: Option<&str>, more: Option<String>) -> String {
        self.streams(event.as_slice(), more) + &self.people()
    }

    /// The selector of the streams of `events`, of all when none is named.
    pub(crate) fn streams(&self, events: &[&str], more: Option<String>) -> String {
        let mut matchers = vec![matcher(field::JOB, "=", self.job)];
        matchers.extend(match events {
            [] => None,
            [event] => Some(matcher(field::EVENT, "=", event)),
            events => Some(matcher(field::EVENT, "=~", &events.join("|"))),
        });
        matchers.extend(match self.component {
            Chosen::All => None,
            Chosen::One(component) => Some(matcher(field::COMPONENT, "=", component)),
            Chosen::AnyOf(components) => Some(matcher(field::COMPONENT, "=~", &any(components))),
            Chosen::Matching(pattern) => Some(matcher(field::COMPONENT, "=~", pattern)),
        });
        matchers.extend(more);
        format!("{{{}}}", matchers.join(", "))
    }

    /// The filters behind it: whose events.
    pub(crate) fn people(&self) -> String {
        let mut filters: String =
            [(field::USER_ID, self.user_id), (field::SESSION_ID, self.session_id)]
                .into_iter()
                .filter_map(|(name, value)| Some(format!(" | {}", matcher(name, "=", value?))))
                .collect();
        if self.hide_demo {
            let demo = field::DEMO;
            filters.push_str(&format!(r#" | json {demo}="{demo}" | {demo}!="true""#));
        }
        filters
    }

    pub(crate) fn of_all_components(self) -> Self {
        Self { component: Chosen::All, ..self }
    }
}

pub(crate) fn matcher(name: &str, operator: &str, value: &str) -> String {
    format!("{name}{operator}{}", quoted(value))
}

/// A pattern that matches each of `texts` and nothing else.
pub(crate) fn any(texts: &[String]) -> String {
    texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join("|")
}

/// A pattern that matches nothing but `text`.
pub(crate) fn literal(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// A LogQL string; its escapes are Go's.
pub(crate) fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            c if c.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"} or {b=\"\\"), r#""a\"} or {b=\"\\""#);
        assert_eq!(quoted("a\nb\u{1}ü"), r#""a\nb\u0001ü""#);
    }

    #[test]
    fn spans_read_as_a_person_writes_them() {
        let table = [
            (Span::Seconds(0), "1s"),
            (Span::Seconds(90), "90s"),
            (Span::Milliseconds(90_001), "90001ms"),
            (Span::Milliseconds(120_000), "2m"),
            (Span::Seconds(300), "5m"),
            (Span::Seconds(86_400), "1d"),
            (Span::Seconds(7_200), "2h"),
            (Span::Range, "$__range"),
            (Span::Interval, "$__interval"),
        ];
        for (span, text) in table {
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn a_person_and_a_component_narrow_the_selector() {
        let scope = Scope {
            component: Chosen::One("user-list"),
            user_id: Some("u"),
            session_id: Some("s"),
            ..Scope::new("j", 60)
        };
        assert_eq!(
            scope.select(Some("e")),
            r#"{job="j", event="e", component="user-list"} | user_id="u" | session_id="s""#
        );
        assert_eq!(
            Scope { hide_demo: true, ..Scope::new("j", 60) }.select(None),
            r#"{job="j"} | json demo="demo" | demo!="true""#
        );
        assert_eq!(Scope::new("j", 60).bytes(), r#"sum(bytes_over_time({job="j"} [1m]))"#);
        let two = ["a.b".to_owned(), "c|d".to_owned()];
        let scope = Scope { component: Chosen::AnyOf(&two), ..Scope::new("j", 60) };
        assert_eq!(scope.select(None), r#"{job="j", component=~"a\\.b|c\\|d"}"#);
    }
}
