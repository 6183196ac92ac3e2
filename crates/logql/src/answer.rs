//! What the server asks for its own answers, which are exact: lines to read, and numbers only where each
//! event stands once.
//!
//! An event that is sent again much later goes to the stream of late ones, and may stand in its first
//! stream too: see [`Home`].

use tracking::event::name;

use crate::{
    Scope, field,
    panel::{by, count, having},
    scope::{any, matcher, quoted},
};

/// Where an event can be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Home {
    Anywhere,
    /// In the stream of its event and component: once.
    InTime,
    /// In a stream for its hour, once; perhaps also in the other.
    Late,
}

impl Home {
    fn matcher(self) -> Option<String> {
        match self {
            Self::Anywhere => None,
            Self::InTime => Some(matcher(field::LATE, "=", "")),
            Self::Late => Some(matcher(field::LATE, "!=", "")),
        }
    }
}

/// The lines of `events` (of all when none is named) as they were written, of those that contain any of
/// `texts` if there are any. The texts are letters, digits and `_`.
#[must_use]
pub fn lines(scope: &Scope<'_>, events: &[&str], home: Home, texts: &[&str]) -> String {
    // Before the other filters: it is the cheapest.
    let containing = match texts {
        [] => String::new(),
        [text] => format!(" |= {}", quoted(text)),
        texts => format!(" |~ {}", quoted(&texts.join("|"))),
    };
    scope.streams(events, home.matcher()) + &containing + &scope.people()
}

/// Visits of each component and name, of those that came in time; with `only_entries`, of those that
/// begin a session. With `components`, only of these: a label names a component only if a registry has it,
/// the line names it always.
#[must_use]
pub fn visits(scope: &Scope<'_>, only_entries: bool, components: &[String]) -> String {
    let visits = scope.select_with(Some(name::COMPONENT_VISIT), Home::InTime.matcher());
    let visits = if only_entries {
        having(&visits, field::IS_ENTRY, "true")
    } else {
        format!("{visits} | json")
    };
    let visits = match components {
        [] => visits,
        [one] => format!("{visits} | {}", matcher(field::COMPONENT_HASH, "=", one)),
        some => format!("{visits} | {}", matcher(field::COMPONENT_HASH, "=~", &any(some))),
    };
    by(&[field::COMPONENT_HASH, field::COMPONENT_NAME], &count(&visits, scope.range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chosen, Span};

    #[test]
    fn lines_are_selected_by_stream_then_text_then_person() {
        let scope = Scope { component: Chosen::One("c"), user_id: Some("u"), ..Scope::new("j", 0) };
        for (events, home, texts, query) in [
            (&[][..], Home::Anywhere, &[][..], r#"{job="j", component="c"} | user_id="u""#),
            (
                &["e"],
                Home::InTime,
                &["x"],
                r#"{job="j", event="e", component="c", late=""} |= "x" | user_id="u""#,
            ),
            (
                &["e", "f"],
                Home::Late,
                &["x", "y"],
                r#"{job="j", event=~"e|f", component="c", late!=""} |~ "x|y" | user_id="u""#,
            ),
        ] {
            assert_eq!(lines(&scope, events, home, texts), query);
        }
    }

    #[test]
    fn visits_are_counted_where_each_stands_once() {
        let scope = Scope { range: Span::Milliseconds(1_500), ..Scope::new("j", 0) };
        assert_eq!(
            visits(&scope, false, &[]),
            r#"sum by (component_hash, component_name) (count_over_time({job="j", event="component_visit", late=""} | json [1500ms]))"#
        );
        assert_eq!(
            visits(&scope, true, &["a.b".to_owned()]),
            r#"sum by (component_hash, component_name) (count_over_time({job="j", event="component_visit", late=""} | json | is_entry="true" | component_hash="a.b" [1500ms]))"#
        );
        assert_eq!(
            visits(&scope, false, &["a.b".to_owned(), "c".to_owned()]),
            r#"sum by (component_hash, component_name) (count_over_time({job="j", event="component_visit", late=""} | json | component_hash=~"a\\.b|c" [1500ms]))"#
        );
    }
}
