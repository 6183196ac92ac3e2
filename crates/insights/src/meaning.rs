//! What a filter means for each insight: some count events, some follow whole sessions.
//!
//! A session that is cut down to the events of one component has that component as its only visit: it
//! would begin there, end there and bounce. So insights about sessions choose sessions and see them whole.

use crate::Filter;

/// Everything that can be asked, as far as a filter's meaning depends on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Insight {
    Summary,
    Visits,
    Journey,
    Time,
    Popularity,
    Funnel,
    Activity,
    Paths,
    SessionLengths,
    Sessions,
    Session,
    Bounce,
    EntryPoints,
    ExitPoints,
    ActiveUsers,
    Errors,
    Loads,
    Cost,
}

/// What [`Filter::components`] and [`Filter::hide_demo`] choose. The other parts of a filter choose
/// whole sessions (`entry`, `session`) or all events of one person (`user`) for every insight.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FilterMeaning {
    /// Single events: those of the components, those that no demo journey made.
    Events,
    /// Whole sessions: those that visit one of the components, those without a visit by a demo journey.
    Sessions,
    /// Steps from or to one of the components, of whole sessions without a visit by a demo journey.
    Transitions,
}

impl Insight {
    #[must_use]
    pub fn filter_meaning(self) -> FilterMeaning {
        match self {
            Self::Summary
            | Self::Visits
            | Self::Time
            | Self::Popularity
            | Self::Activity
            | Self::ActiveUsers
            | Self::Errors
            | Self::Loads
            | Self::Cost => FilterMeaning::Events,
            Self::Funnel
            | Self::Paths
            | Self::SessionLengths
            | Self::Sessions
            | Self::Session
            | Self::Bounce
            | Self::EntryPoints
            | Self::ExitPoints => FilterMeaning::Sessions,
            Self::Journey => FilterMeaning::Transitions,
        }
    }
}

impl FilterMeaning {
    /// What a filter keeps, for the person who reads the answer: the rest of a sentence that begins with
    /// *Counts*. None when it keeps everything, or all of one person. `chosen` is what its components are
    /// called, `entry` what the component is called that sessions begin with.
    #[must_use]
    pub fn keeps(self, filter: &Filter, chosen: &str, entry: &str) -> Option<String> {
        let is_chosen = !filter.components.is_empty();
        let begin = filter.entry.as_ref().map(|_| format!("begin with {entry}"));
        let mut sessions: Vec<String> = begin.into_iter().collect();
        match self {
            Self::Events => {
                let of = if is_chosen { format!(" of {chosen}") } else { String::new() };
                let by = if filter.hide_demo { " that no demo journey made" } else { "" };
                let mut all = of + by;
                if filter.entry.is_some() {
                    let comma = if all.is_empty() { "" } else { "," };
                    all.push_str(&format!("{comma} in sessions that begin with {entry}"));
                }
                return (!all.is_empty()).then(|| format!("only the events{all}"));
            }
            Self::Sessions if is_chosen => sessions.push(format!("visit {chosen}")),
            Self::Sessions | Self::Transitions => {}
        }
        if filter.hide_demo {
            sessions.push("play no demo journey".to_owned());
        }
        let whole = (!sessions.is_empty())
            .then(|| format!("whole sessions that {}", sessions.join(" and ")));
        if self == Self::Transitions && is_chosen {
            let within = whole.map_or_else(String::new, |whole| format!(", in {whole}"));
            return Some(format!("only steps from or to {chosen}{within}"));
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_told_as_what_it_keeps() {
        let none = Filter::default();
        let one = Filter { components: vec!["a".into()], ..Filter::default() };
        let demo = Filter { hide_demo: true, ..Filter::default() };
        let all = Filter { hide_demo: true, entry: Some("e".into()), ..one.clone() };
        for (insight, filter, told) in [
            (Insight::Visits, &none, None),
            (Insight::Bounce, &none, None),
            (Insight::Journey, &none, None),
            (Insight::Visits, &one, Some("only the events of A")),
            (Insight::ExitPoints, &one, Some("whole sessions that visit A")),
            (Insight::Journey, &one, Some("only steps from or to A")),
            (Insight::Visits, &demo, Some("only the events that no demo journey made")),
            (Insight::Journey, &demo, Some("whole sessions that play no demo journey")),
            (
                Insight::Time,
                &Filter { entry: Some("e".into()), ..Filter::default() },
                Some("only the events in sessions that begin with E"),
            ),
            (
                Insight::Time,
                &all,
                Some(
                    "only the events of A that no demo journey made, in sessions that begin with E",
                ),
            ),
            (
                Insight::Bounce,
                &all,
                Some("whole sessions that begin with E and visit A and play no demo journey"),
            ),
            (
                Insight::Journey,
                &all,
                Some(
                    "only steps from or to A, in whole sessions that begin with E and play no demo journey",
                ),
            ),
        ] {
            let keeps = insight.filter_meaning().keeps(filter, "A", "E");
            assert_eq!(keeps.as_deref(), told, "{insight:?}");
        }
    }
}
