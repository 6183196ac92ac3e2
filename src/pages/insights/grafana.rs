//! The query that gives a panel's answer in Grafana.

use insights::FilterMeaning;
use logql::{Chosen, Panel, Scope};

use crate::answers::{Asked, Question};

const JOB: &str = "clm-frontend";

/// The query, or why there is none.
pub fn query(question: Question, asked: &Asked) -> Result<String, &'static str> {
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
        ..Scope::new(JOB, span_ms.div_ceil(1_000))
    };
    Ok(if question == Question::Cost { scope.bytes() } else { panel.query(&scope) })
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
        let query = query(Question::Visits, &asked(filter)).unwrap();
        assert!(query.contains(r#"component="a""#) && query.contains("[1h]"), "{query}");
    }

    #[test]
    fn what_cannot_be_asked_has_no_query() {
        let filter = Filter { entry: Some("a".into()), ..Filter::default() };
        assert!(query(Question::Visits, &asked(filter)).is_err());
        assert!(query(Question::Funnel, &asked(Filter::default())).is_err());
        // Whole sessions are not those of one component.
        let filter = Filter { components: vec!["a".into()], ..Filter::default() };
        for question in [Question::Lengths, Question::Exits, Question::Paths, Question::Flows] {
            assert!(query(question, &asked(filter.clone())).is_err(), "{question:?}");
        }
        let filter = Filter { hide_demo: true, ..Filter::default() };
        assert!(query(Question::Entries, &asked(filter.clone())).is_err());
        assert!(query(Question::Visits, &asked(filter)).is_ok());
    }
}
