//! Each question and its query.

use tracking::event::{COMPONENT_LOADED, HIDDEN, name};

use crate::{
    expected::tiers,
    field,
    scope::{Scope, Span, matcher},
};

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Panel {
    TotalVisits,
    VisitsByComponent,
    Journey,
    AverageTime,
    ActiveUsers,
    Sessions,
    Timeline,
    SessionP95,
    SessionAverage,
    /// Sessions that took at least the first and less than the second number of seconds.
    SessionLength(u64, Option<u64>),
    BounceRate,
    EntryPoints,
    ExitPoints,
    UserFlow,
    Interactions,
    Errors,
    ErrorTimeline,
    LatestErrors,
    LoadMedian,
    LoadP95,
    LoadAgainstExpectation,
    Drops,
    DropTimeline,
    /// All that one session did, line by line. Set [`Scope::session_id`].
    SessionLines,
}

/// Limits between the bars of the session length distribution, in seconds.
const LENGTHS: [u64; 5] = [10, 60, 300, 900, 3_600];

impl Panel {
    pub const ALL: [Self; 29] = [
        Self::TotalVisits,
        Self::VisitsByComponent,
        Self::Journey,
        Self::AverageTime,
        Self::ActiveUsers,
        Self::Sessions,
        Self::Timeline,
        Self::SessionP95,
        Self::SessionAverage,
        Self::SessionLength(0, Some(LENGTHS[0])),
        Self::SessionLength(LENGTHS[0], Some(LENGTHS[1])),
        Self::SessionLength(LENGTHS[1], Some(LENGTHS[2])),
        Self::SessionLength(LENGTHS[2], Some(LENGTHS[3])),
        Self::SessionLength(LENGTHS[3], Some(LENGTHS[4])),
        Self::SessionLength(LENGTHS[4], None),
        Self::BounceRate,
        Self::EntryPoints,
        Self::ExitPoints,
        Self::UserFlow,
        Self::Interactions,
        Self::Errors,
        Self::ErrorTimeline,
        Self::LatestErrors,
        Self::LoadMedian,
        Self::LoadP95,
        Self::LoadAgainstExpectation,
        Self::Drops,
        Self::DropTimeline,
        Self::SessionLines,
    ];

    /// The bars of the session length distribution.
    #[must_use]
    pub fn session_lengths() -> Vec<Self> {
        Self::ALL.into_iter().filter(|panel| matches!(panel, Self::SessionLength(..))).collect()
    }

    /// Whether [`Scope::component`] counts. A session is more than one component: kept to one, it
    /// would have no entry and no length.
    #[must_use]
    pub fn by_component(self) -> bool {
        match self {
            Self::TotalVisits
            | Self::VisitsByComponent
            | Self::Journey
            | Self::AverageTime
            | Self::ActiveUsers
            | Self::Timeline
            | Self::UserFlow
            | Self::Interactions
            | Self::Errors
            | Self::ErrorTimeline
            | Self::LatestErrors
            | Self::LoadMedian
            | Self::LoadP95
            | Self::LoadAgainstExpectation => true,
            Self::Sessions
            | Self::SessionP95
            | Self::SessionAverage
            | Self::SessionLength(..)
            | Self::BounceRate
            | Self::EntryPoints
            | Self::ExitPoints
            | Self::Drops
            | Self::DropTimeline
            | Self::SessionLines => false,
        }
    }

    /// Whether the answer is log lines rather than numbers.
    #[must_use]
    pub fn is_lines(self) -> bool {
        matches!(self, Self::LatestErrors | Self::SessionLines)
    }

    /// Whether the answer is numbers over time rather than one number for the whole range.
    #[must_use]
    pub fn is_timeline(self) -> bool {
        matches!(self, Self::Timeline | Self::ErrorTimeline | Self::DropTimeline)
    }

    /// Empty for [`Self::LoadAgainstExpectation`] when nothing is expected.
    #[must_use]
    pub fn query(self, scope: &Scope<'_>) -> String {
        let scope = if self.by_component() { *scope } else { scope.of_all_components() };
        let Scope { range, step, .. } = scope;
        let visits = scope.select(Some(name::COMPONENT_VISIT));
        let exits = scope.select(Some(name::COMPONENT_EXIT));
        let errors = scope.select(Some(name::COMPONENT_ERROR));
        match self {
            Self::TotalVisits => format!("sum({})", count(&visits, range)),
            Self::VisitsByComponent => by(&[field::COMPONENT], &count(&visits, range)),
            Self::Journey => by(
                &[field::PREV_COMPONENT, field::COMPONENT],
                &count(&format!("{visits} | json"), range),
            ),
            // A visit interrupted by a hidden tab has several exits: the sum of its exits is what it
            // took, and there are as many of these as visits.
            Self::AverageTime => format!(
                "{} / {} / 1000",
                by(
                    &[field::COMPONENT],
                    &over("sum_over_time", &format!("{exits} | json"), field::DURATION_MS, range)
                ),
                by(&[field::COMPONENT], &count(&visits, range))
            ),
            Self::ActiveUsers => {
                format!("count(count by ({}) ({}))", field::USER_ID, count(&visits, range))
            }
            Self::Sessions => {
                format!("sum({})", count(&having(&visits, field::IS_ENTRY, "true"), range))
            }
            Self::Timeline => format!("sum(rate({visits} [{step}]))"),
            Self::SessionP95 => format!(
                "{} by ({}) / 1000",
                quantile("0.95", &ended(&exits), field::SESSION_ELAPSED_MS, range),
                field::JOB
            ),
            // Loki may split the range: the inner maximum has to be taken again over the parts.
            Self::SessionAverage => format!(
                "avg(max by ({}) ({})) / 1000",
                field::SESSION_ID,
                over("max_over_time", &format!("{exits} | json"), field::SESSION_ELAPSED_MS, range)
            ),
            Self::SessionLength(from_s, to_s) => {
                let mut of = ended(&exits);
                of.push_str(&format!(" | {} >= {}", field::SESSION_ELAPSED_MS, from_s * 1000));
                if let Some(to_s) = to_s {
                    of.push_str(&format!(" | {} < {}", field::SESSION_ELAPSED_MS, to_s * 1000));
                }
                format!("sum({})", count(&of, range))
            }
            // Sessions that came to a second visit, of those that came to a first.
            Self::BounceRate => format!(
                "1 - (sum({}) or vector(0)) / sum({})",
                count(&having(&visits, field::VISIT_INDEX, "2"), range),
                count(&having(&visits, field::VISIT_INDEX, "1"), range)
            ),
            Self::EntryPoints => format!(
                "topk(5, {})",
                by(
                    &[field::COMPONENT_NAME],
                    &count(&having(&visits, field::IS_ENTRY, "true"), range)
                )
            ),
            Self::ExitPoints => {
                format!("topk(5, {})", by(&[field::COMPONENT_NAME], &count(&ended(&exits), range)))
            }
            Self::UserFlow => {
                let led_on =
                    format!("{exits} | json | {}", matcher(field::NEXT_COMPONENT, "!=", HIDDEN));
                by(&[field::COMPONENT, field::NEXT_COMPONENT], &count(&led_on, range))
            }
            Self::Interactions => {
                let own = matcher(field::INTERACTION_TYPE, "!=", COMPONENT_LOADED);
                let own =
                    format!("{} | json | {own}", scope.select(Some(name::COMPONENT_INTERACTION)));
                by(&[field::COMPONENT, field::INTERACTION_TYPE], &count(&own, range))
            }
            Self::Errors => by(&[field::COMPONENT], &count(&errors, range)),
            Self::ErrorTimeline => by(&[field::COMPONENT], &count(&errors, step)),
            Self::LatestErrors => format!(
                "{errors} | json | line_format \"{{{{.{}}}}} ({{{{.{}}}}}): {{{{.{}}}}}\"",
                field::COMPONENT_NAME,
                field::ERROR_KIND,
                field::ERROR_MESSAGE
            ),
            Self::LoadMedian => loads("0.5", &scope, None),
            Self::LoadP95 => loads("0.95", &scope, None),
            Self::LoadAgainstExpectation => load_factors(&scope).join(" or "),
            Self::Drops => dropped(&scope, range, None),
            Self::DropTimeline => dropped(&scope, step, None),
            Self::SessionLines => format!(
                "{} | json | line_format \"{{{{.{}}}}}  {{{{.{}}}}}\"",
                scope.select(None),
                field::EVENT,
                field::COMPONENT_NAME
            ),
        }
    }
}

pub(crate) fn count(of: &str, range: Span) -> String {
    format!("count_over_time({of} [{range}])")
}

pub(crate) fn by(labels: &[&str], of: &str) -> String {
    format!("sum by ({}) ({of})", labels.join(", "))
}

pub(crate) fn having(of: &str, name: &str, value: &str) -> String {
    format!("{of} | json | {}", matcher(name, "=", value))
}

fn ended(exits: &str) -> String {
    having(exits, field::IS_LAST, "true")
}

fn unwrap(of: &str, number: &str, range: Span) -> String {
    format!("{of} | unwrap {number} | {} [{range}]", matcher(field::ERROR, "=", ""))
}

fn over(function: &str, of: &str, number: &str, range: Span) -> String {
    format!("{function}({})", unwrap(of, number, range))
}

fn quantile(quantile: &str, of: &str, number: &str, range: Span) -> String {
    format!("quantile_over_time({quantile}, {})", unwrap(of, number, range))
}

/// A quantile of the load times of each component, of those in `tier` if any.
fn loads(q: &str, scope: &Scope<'_>, tier: Option<&str>) -> String {
    let tier = tier.map(|pattern| matcher(field::COMPONENT, "=~", pattern));
    let interactions = scope.select_with(Some(name::COMPONENT_INTERACTION), tier);
    let loaded = having(&interactions, field::INTERACTION_TYPE, COMPONENT_LOADED);
    format!("{} by ({})", quantile(q, &loaded, field::LOAD_TIME_MS, scope.range), field::COMPONENT)
}

/// How many times its expectation a component's load takes (p95). Components with the same
/// expectation are asked for together; `or` joins the parts.
pub(crate) fn load_factors(scope: &Scope<'_>) -> Vec<String> {
    tiers(scope.expected)
        .into_iter()
        .map(|(pattern, ms)| format!("{} / {ms}", loads("0.95", scope, Some(&pattern))))
        .collect()
}

/// Events given up by reason, of those that `filter` keeps.
pub(crate) fn dropped(scope: &Scope<'_>, range: Span, filter: Option<String>) -> String {
    let mut drops = format!("{} | json", scope.select(Some(name::TRACKING_DROPPED)));
    if let Some(filter) = filter {
        drops.push_str(" | ");
        drops.push_str(&filter);
    }
    by(&[field::DROPPED_REASON], &over("sum_over_time", &drops, field::DROPPED_COUNT, range))
}
