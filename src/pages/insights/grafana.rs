//! The query that gives a panel's answer in Grafana.

use insights::FilterMeaning;
use logql::{Chosen, Panel, Scope};

use crate::answers::{Asked, Question};

/// A query and what is different about its answer.
#[derive(Debug)]
pub struct Logql {
    pub query: String,
    pub note: &'static str,
}

/// What LogQL answers otherwise than the panel.
fn note(question: Question) -> &'static str {
    match question {
        Question::Totals => "The visits alone; the panels below have the other numbers.",
        Question::Activity => {
            "Visits per second, in steps that begin with UTC's hours; the columns are visits and begin with \
             this device's hours or days."
        }
        Question::Users => {
            "People of the whole range; each column is that for its own part. Loki refuses to count more \
             people than its max_query_series, 500 by default."
        }
        Question::Visits | Question::Errors => {
            "The same numbers. Components that no registry knows are one row there, (other), and none is \
             listed that has nothing."
        }
        Question::Time => {
            "The average of all visits, in seconds; the panel has totals too, and leaves out visits that \
             go on."
        }
        Question::Paths => {
            "Steps from one component to the next, wherever they are in a session; the panel counts \
             sessions step by step from their beginning."
        }
        Question::Flows => "The same numbers, without the steps to Leaves.",
        Question::Entries => "The same numbers, of the first five.",
        Question::Exits => {
            "The first five, of sessions that ended; the panel also counts where those are that go on."
        }
        Question::Lengths => {
            "How long 95 of 100 sessions stay at most, in seconds, of those that ended; LogQL has no bars \
             of lengths."
        }
        Question::Loads => "Loki's median may lie between two loads; the panel's is one of them.",
        Question::Cost => "The bytes of the lines alone.",
        Question::Funnel => "",
    }
}

/// The query for events with the label `job`, or why there is none.
pub fn query(question: Question, asked: &Asked, job: &str) -> Result<Logql, &'static str> {
    let panel = match question {
        Question::Totals => Panel::TotalVisits,
        Question::Activity => Panel::Timeline,
        Question::Users => Panel::ActiveUsers,
        Question::Visits => Panel::VisitsByComponent,
        Question::Time => Panel::AverageTime,
        Question::Paths => Panel::UserFlow,
        Question::Flows => Panel::Journey,
        Question::Entries => Panel::EntryPoints,
        Question::Exits => Panel::ExitPoints,
        Question::Lengths => Panel::SessionP95,
        Question::Errors => Panel::Errors,
        Question::Loads => Panel::LoadMedian,
        // Asked of all lines, below.
        Question::Cost => Panel::TotalVisits,
        Question::Funnel => return Err("LogQL cannot follow a session from step to step."),
    };
    // LogQL can leave out single events, and cannot choose whole sessions by one of their events.
    let is_about_part = !asked.filter.components.is_empty() || asked.filter.hide_demo;
    let counts_events = question.insight().filter_meaning() == FilterMeaning::Events;
    if asked.filter.entry.is_some() || (is_about_part && !(counts_events && panel.by_component())) {
        return Err("LogQL cannot ask this with these filters.");
    }
    let span_ms = asked.range.to_ms.saturating_sub(asked.range.from_ms);
    let scope = Scope {
        component: match asked.filter.components.as_slice() {
            [] => Chosen::All,
            [one] => Chosen::One(one),
            some => Chosen::AnyOf(some),
        },
        user_id: asked.filter.user.as_deref(),
        session_id: asked.filter.session.as_deref(),
        hide_demo: asked.filter.hide_demo,
        ..Scope::new(job, span_ms.div_ceil(1_000))
    };
    let query = if question == Question::Cost { scope.bytes() } else { panel.query(&scope) };
    Ok(Logql { query, note: note(question) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Source;
    use insights::{Filter, Range};

    fn asked(filter: Filter) -> Asked {
        Asked {
            range: Range::new(0, 3_600_000),
            filter,
            starts: Vec::new(),
            funnel: Vec::new(),
            within_ms: None,
            known: Vec::new(),
            of: Source::Server,
        }
    }

    #[test]
    fn a_filter_is_in_the_query() {
        let filter = Filter { components: vec!["a".into()], ..Filter::default() };
        let query = query(Question::Visits, &asked(filter), "j").unwrap();
        let query = query.query;
        assert!(
            query.contains(r#"job="j""#)
                && query.contains(r#"component="a""#)
                && query.contains("[1h]"),
            "{query}"
        );
    }

    #[test]
    fn what_cannot_be_asked_has_no_query() {
        let filter = Filter { entry: Some("a".into()), ..Filter::default() };
        assert!(query(Question::Visits, &asked(filter), "j").is_err());
        assert!(query(Question::Funnel, &asked(Filter::default()), "j").is_err());
        // Whole sessions are not those of one component.
        let filter = Filter { components: vec!["a".into()], ..Filter::default() };
        for question in [Question::Lengths, Question::Exits, Question::Paths, Question::Flows] {
            assert!(query(question, &asked(filter.clone()), "j").is_err(), "{question:?}");
        }
        let filter = Filter { hide_demo: true, ..Filter::default() };
        assert!(query(Question::Entries, &asked(filter.clone()), "j").is_err());
        assert!(query(Question::Visits, &asked(filter), "j").is_ok());
    }
}
