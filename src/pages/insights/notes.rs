//! What a panel says in words beside its numbers: what a filter means for it, and what is summed.

use insights::{ComponentVisits, ErrorMessage, Filter, Insight, Row};

use super::query::Query;
use crate::{
    answers::{Answer, Question},
    charts::scale::{counted, grouped},
    registry::Registry,
};

/// Components without visits that are named; of more it is said how many.
const NAMED: usize = 5;

/// What the filters mean for this panel; nothing while none of them chooses events or sessions.
#[must_use]
pub fn filter(
    question: Question,
    filter: &Filter,
    query: &Query,
    registry: &Registry,
) -> Option<String> {
    let keeps = |insight: Insight| keeps(insight, filter, query, registry);
    let text = keeps(question.insight())?;
    Some(match keeps(Insight::Bounce).filter(|_| question == Question::Totals) {
        Some(sessions) => format!("Counts {text}; the bounce rate counts {sessions}."),
        None => format!("Counts {text}."),
    })
}

fn keeps(insight: Insight, filter: &Filter, query: &Query, registry: &Registry) -> Option<String> {
    let name = |hash: &str| {
        registry.find(hash).map_or_else(|| format!("“{hash}”"), |found| found.name.to_string())
    };
    let chosen = match (&query.component, &query.kind, filter.components.as_slice()) {
        (Some(hash), _, _) => name(hash),
        (None, Some(kind), _) => format!("a component of the category “{kind}”"),
        (None, None, [hash, ..]) => name(hash),
        (None, None, []) => String::new(),
    };
    let entry = filter.entry.as_deref().map(name).unwrap_or_default();
    insight.filter_meaning().keeps(filter, &chosen, &entry)
}

/// Whether a component has this hash in an address only. `(dashboard)` and `(other)` are in no registry and
/// have events all the same.
#[must_use]
pub fn is_unknown(hash: &str, registry: &Registry) -> bool {
    !hash.starts_with('(') && registry.find(hash).is_none()
}

/// Which of the chosen components are in no registry: why there is nothing.
#[must_use]
pub fn unknown(filter: &Filter, query: &Query, registry: &Registry) -> String {
    let component = query.component.iter().chain(&filter.entry);
    let unknown: Vec<String> = component
        .filter(|hash| is_unknown(hash, registry))
        .map(|hash| format!("The registry has no component “{hash}”. "))
        .collect();
    unknown.concat()
}

/// What the filters mean for a list of sessions.
#[must_use]
pub fn sessions(filter: &Filter, query: &Query, registry: &Registry) -> Option<String> {
    keeps(Insight::Sessions, filter, query, registry).map(|keeps| format!("Lists {keeps}."))
}

/// That there is a row for all others, and how many it stands for.
#[must_use]
pub fn folded(answer: &Answer) -> String {
    fn of<T: Row>(rows: &[T]) -> u64 {
        rows.iter().map(Row::folded).sum()
    }
    let (rows, what) = match answer {
        Answer::Counts(rows) => (of(rows), "more component"),
        Answer::Time(rows) => (of(rows), "more component"),
        Answer::Loads(rows) => (of(rows), "more component"),
        Answer::Errors(rows) => (of(rows), "more component"),
        Answer::Paths(rows) => (of(rows), "more path step"),
        Answer::Flows(rows) => (of(rows), "more pair"),
        Answer::Totals(_)
        | Answer::Activity(_)
        | Answer::Funnel(_)
        | Answer::Lengths(_)
        | Answer::Cost(_) => return String::new(),
    };
    match rows {
        0 => String::new(),
        rows => format!(" The row Other is the sum of {}.", counted(rows, what)),
    }
}

/// Which sessions a panel about whole sessions cannot count from their beginning.
#[must_use]
pub fn began(question: Question) -> &'static str {
    match question {
        Question::Paths | Question::Lengths => " Counts sessions that began in this time.",
        _ => "",
    }
}

/// Which components nobody opened.
#[must_use]
pub fn unvisited(answer: &Answer) -> String {
    let Answer::Counts(rows) = answer else { return String::new() };
    let unvisited = || rows.iter().filter(|row| row.visits == 0);
    let named: Vec<&str> = unvisited().take(NAMED).map(|row| row.name.as_str()).collect();
    let more = unvisited().count() - named.len();
    match (named.as_slice(), more) {
        ([], _) => String::new(),
        (named, 0) => format!(" Nobody opened: {}.", named.join(", ")),
        (named, more) => {
            format!(" Nobody opened: {} and {} more.", named.join(", "), grouped(more as u64))
        }
    }
}

/// Whether nobody opened anything.
#[must_use]
pub fn is_nothing(answer: &Answer) -> bool {
    let is_none = |row: &ComponentVisits| row.visits == 0;
    matches!(answer, Answer::Counts(rows) if rows.iter().all(is_none))
}

/// Different messages, each once.
#[must_use]
pub fn messages(latest: &[ErrorMessage]) -> String {
    let one = |ErrorMessage { message, errors }: &ErrorMessage| match errors {
        1 => message.clone(),
        errors => format!("{message} (×{})", grouped(*errors)),
    };
    latest.iter().map(one).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, visits: u64, folded: u64) -> ComponentVisits {
        let component = name.to_lowercase();
        ComponentVisits { component, name: name.to_owned(), visits, folded }
    }

    #[test]
    fn a_filter_is_told_as_the_panel_takes_it() {
        let registry = Registry::parse(
            r#"{"components":[{"hash":"w","name":"Welcome","concrete":{"implementation":"w.html"}}]}"#,
        )
        .unwrap();
        let says = |question, address: &str| {
            let query = Query::parse(address);
            let filter = Filter {
                components: query.component.iter().chain(&query.kind).cloned().collect(),
                hide_demo: query.demo.is_some(),
                ..Filter::default()
            };
            super::filter(question, &filter, &query, &registry)
        };
        assert_eq!(says(Question::Exits, ""), None);
        for (question, address, told) in [
            (Question::Visits, "component=w", "Counts only the events of Welcome."),
            (Question::Exits, "component=w", "Counts whole sessions that visit Welcome."),
            (Question::Flows, "component=nope", "Counts only steps from or to “nope”."),
            (
                Question::Totals,
                "component=w",
                "Counts only the events of Welcome; the bounce rate counts whole sessions that visit Welcome.",
            ),
            (
                Question::Funnel,
                "type=Text&demo=hidden",
                "Counts whole sessions that visit a component of the category “Text” and play no demo journey.",
            ),
        ] {
            assert_eq!(says(question, address).as_deref(), Some(told));
        }
    }

    #[test]
    fn what_is_summed_and_what_nobody_opened_is_said() {
        let some = |rows| Answer::Counts(rows);
        let rows = some(vec![row("A", 2, 0), row("(other)", 5, 1_200)]);
        assert_eq!(folded(&rows), " The row Other is the sum of 1,200 more components.");
        assert_eq!(folded(&some(vec![row("A", 2, 0)])), "");
        assert_eq!(unvisited(&rows), "");
        assert_eq!(unvisited(&some(vec![row("A", 1, 0), row("B", 0, 0)])), " Nobody opened: B.");
        let many: Vec<_> = "BCDEFGH".chars().map(|c| row(&c.to_string(), 0, 0)).collect();
        assert!(is_nothing(&some(many.clone())) && !is_nothing(&rows));
        assert_eq!(unvisited(&some(many)), " Nobody opened: B, C, D, E, F and 2 more.");
    }

    #[test]
    fn the_same_message_is_told_once() {
        let latest = insights::messages(["b", "a", "b"]);
        assert_eq!(messages(&latest), "b (×2) · a");
    }
}
