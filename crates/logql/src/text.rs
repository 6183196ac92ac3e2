//! What each panel is called, what it counts and why its query is as it is.

use crate::Panel;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text {
    pub title: String,
    /// What is counted.
    pub counts: &'static str,
    /// How the query comes to it.
    pub how: &'static str,
    /// Shown when there is nothing.
    pub empty: &'static str,
}

const NO_VISITS: &str = "No visits in this time range";
const NO_ENDED: &str = "No session ended in this time range";

impl Panel {
    #[must_use]
    pub fn text(self) -> Text {
        let (title, counts, how, empty) = match self {
            Self::TotalVisits => (
                "Total visits",
                "Components opened, all together.",
                "Without `sum` there would be one number for each stream.",
                NO_VISITS,
            ),
            Self::VisitsByComponent => (
                "Visits by component",
                "How often each component was opened.",
                "`component` is a label of the stream, so no line has to be read.",
                NO_VISITS,
            ),
            Self::Journey => (
                "Journey: from where to where",
                "Steps from one component to the next. (entry) stands for the start of a session.",
                "Each visit carries the component before it; every pair is counted.",
                NO_VISITS,
            ),
            Self::AverageTime => (
                "Average time per component",
                "Visible time of a component for each visit to it; a hidden tab does not count.",
                "A visit has as many exits as visible stretches, so the sum of all exits is divided by \
                 the number of visits. An average over exits would be too short.",
                NO_VISITS,
            ),
            Self::ActiveUsers => (
                "Active users",
                "Different people who opened at least one component. Above Loki's limit of series \
                 (500 by default) the answer is an error: choose a shorter range.",
                "The inner `count` makes one series for each user, the outer one counts the series.",
                NO_VISITS,
            ),
            Self::Sessions => (
                "Sessions",
                "Sessions that began in this range.",
                "Each session has exactly one visit with `is_entry`; nothing is grouped by session, so \
                 it works for any number of them.",
                NO_VISITS,
            ),
            Self::Timeline => (
                "Visits over time",
                "Visits per second.",
                "`rate` over one step of the chart, summed over all streams.",
                NO_VISITS,
            ),
            Self::SessionP95 => (
                "Session duration, 95th percentile",
                "95 of 100 sessions that ended took at most this long, from first to last sign of life.",
                "The last exit of a session carries how long it took. LogQL has no histograms; \
                 `quantile_over_time` reads the values themselves.",
                NO_ENDED,
            ),
            Self::SessionAverage => (
                "Session duration, average",
                "How long sessions took so far, also those still going on. Above Loki's limit of series \
                 (500 by default) the answer is an error: choose a shorter range.",
                "The longest time that any exit of a session carries. The inner `max` is needed: Loki may \
                 split a long range and would average the parts.",
                NO_ENDED,
            ),
            Self::SessionLength(..) => (
                "Session length",
                "Sessions that ended, by how long they took.",
                "One query for each bar: a numeric filter on what the last exit carries.",
                NO_ENDED,
            ),
            Self::BounceRate => (
                "Bounce rate",
                "Share of sessions that opened one component and no second one.",
                "Visits are numbered within their session: those that came to number 2, of those that came \
                 to number 1. `or vector(0)` stands in when nobody came to number 2.",
                NO_VISITS,
            ),
            Self::EntryPoints => (
                "Entry points",
                "The five components sessions begin with most often.",
                "Only the first visit of a session has `is_entry`.",
                NO_VISITS,
            ),
            Self::ExitPoints => (
                "Exit points",
                "The five components sessions end with most often, of the sessions that ended.",
                "Only the last exit of a session has `is_last`.",
                NO_ENDED,
            ),
            Self::UserFlow => (
                "User flow",
                "Where people go from each component. (exit) stands for the end of a session.",
                "Each exit carries where it led; exits because the tab was hidden lead nowhere.",
                NO_VISITS,
            ),
            Self::Interactions => (
                "Interactions",
                "What components report that people did in them.",
                "All interactions but the load itself, by component and type.",
                "No component reported an interaction in this time range",
            ),
            Self::Errors => (
                "Errors by component",
                "Errors of each component; (dashboard) is the page itself.",
                "Errors are a stream of their own; nothing has to be read.",
                "No errors in this time range",
            ),
            Self::ErrorTimeline => (
                "Errors over time",
                "Errors of each component in each step of the chart.",
                "As above, for each step.",
                "No errors in this time range",
            ),
            Self::LatestErrors => (
                "Latest errors",
                "Component, kind and message, newest first. Open a line for its stack.",
                "`line_format` shows three fields of the line; all of them stay with it.",
                "No errors in this time range",
            ),
            Self::LoadMedian => (
                "Load time, median",
                "Half of the loads of a component took at most this long.",
                "Only successful loads carry a time.",
                "No component was loaded in this time range",
            ),
            Self::LoadP95 => (
                "Load time, 95th percentile",
                "95 of 100 loads of a component took at most this long.",
                "Only successful loads carry a time.",
                "No component was loaded in this time range",
            ),
            Self::LoadAgainstExpectation => (
                "Load time against expectation",
                "How many times the registry's expected_load_time_ms the 95th percentile is. 1 is as \
                 expected.",
                "One part for the components with the same expectation, joined with `or`. Written from \
                 the registry by `cargo xtask grafana`.",
                "No component was loaded in this time range",
            ),
            Self::Drops => (
                "Events given up",
                "Events that the tracker or the receiver gave up, by reason.",
                "The tracker reports how many it gave up as soon as it can deliver again.",
                "Nothing was given up in this time range",
            ),
            Self::DropTimeline => (
                "Events given up over time",
                "When browsers reported that events were given up.",
                "As above, for each step of the chart.",
                "Nothing was given up in this time range",
            ),
            Self::SessionLines => (
                "One session",
                "All that one session did, in order. Enter its id above.",
                "The filter finds the session whether its id is a label or structured metadata.",
                "Enter a session's id above; error lines have one",
            ),
        };
        let title = match self {
            Self::SessionLength(from_s, to_s) => format!("{title}: {}", between(from_s, to_s)),
            _ => title.to_owned(),
        };
        Text { title, counts, how, empty }
    }
}

/// `10 s to 1 min`, `over 1 h`.
pub(crate) fn between(from_s: u64, to_s: Option<u64>) -> String {
    match to_s {
        Some(to_s) => format!("{} to {}", duration(from_s), duration(to_s)),
        None => format!("over {}", duration(from_s)),
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0 => "0".to_owned(),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
