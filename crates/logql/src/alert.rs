//! What somebody should be woken for, or at least told.

use tracking::{
    DropReason,
    event::{DASHBOARD, name},
};

use crate::{
    Chosen, Expected, Panel, SLOW_FACTOR, Scope, Span, field,
    panel::{by, count, dropped, load_factors},
    scope::matcher,
};

/// The `job` that `grafana/alloy/config.alloy` gives to the server's own lines.
pub const SERVER_JOB: &str = "clm-server";
const WINDOW: Span = Span::Seconds(15 * 60);
const SILENCE: Span = Span::Seconds(60 * 60);
/// The `event` of its line about what waits, a label there too.
pub const OUTBOX: &str = "outbox";
/// Seconds that an event may wait for Loki.
const MAX_AGE: u64 = 10 * 60;
/// Errors in [`WINDOW`] below which a rate says nothing.
const FEW_ERRORS: u64 = 5;
/// The same for errors of the page itself.
const FEW_PAGE_ERRORS: u64 = 10;
/// Events lost in [`WINDOW`] that are no single closed laptop.
const FEW_DROPS: u64 = 20;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    /// In Loki's and Prometheus' style.
    pub name: &'static str,
    pub severity: Severity,
    /// True as soon as it returns anything.
    pub expr: String,
    pub range: Span,
    /// How long it must be true.
    pub for_minutes: u64,
    pub summary: &'static str,
    /// What to do.
    pub action: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    Warning,
    Critical,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// All alerts, for the events of `job` and components expected to load as `expected` says.
#[must_use]
pub fn all(job: &str, expected: &[Expected]) -> Vec<Alert> {
    let scope = Scope { range: WINDOW, expected, ..Scope::new(job, 0) };
    // The page itself has errors and no visits; it has an alert of its own.
    let of_components = |event| {
        let others = matcher(field::COMPONENT, "!=", DASHBOARD);
        by(&[field::COMPONENT], &count(&scope.select_with(Some(event), Some(others)), WINDOW))
    };
    let errors = of_components(name::COMPONENT_ERROR);
    let visits = of_components(name::COMPONENT_VISIT);
    let page = Scope { component: Chosen::One(DASHBOARD), ..scope };
    // Errors that repeat are counted instead of sent: that is no loss.
    let lost = matcher(field::DROPPED_REASON, "!=", DropReason::Repeated.as_str());
    let drops = dropped(&scope, WINDOW, Some(lost));
    let silent = format!("absent_over_time({{{}}} [{SILENCE}])", matcher(field::JOB, "=", job));
    let pushes = format!(
        "{{{}}} | json | {}",
        matcher(field::JOB, "=", SERVER_JOB),
        matcher(field::PATH, "=", "/loki/api/v1/push")
    );
    let waits = format!(
        "max by ({sink}) (last_over_time({{{job}, {event}}} | json | unwrap {age} | {clean} [{WINDOW}]))",
        sink = field::SINK,
        job = matcher(field::JOB, "=", SERVER_JOB),
        event = matcher(field::EVENT, "=", OUTBOX),
        age = field::AGE_SECONDS,
        clean = matcher(field::ERROR, "=", ""),
    );
    let mut alerts = vec![
        Alert {
            name: "ClmComponentErrors",
            severity: Severity::Critical,
            // A component that is open for hours and then breaks has errors and no visit: a quotient of
            // them has no value, which is neither more nor less than anything.
            expr: format!(
                "({errors} / {visits} > 0.2 or ({errors} unless {visits})) and {errors} >= {FEW_ERRORS}"
            ),
            range: WINDOW,
            for_minutes: 5,
            summary: "{{ .Labels.component }} reports errors: more than one for every five visits, or without a visit",
            action: "Open the Operations dashboard, choose the component and read its latest errors. \
                     Kind http or network: check that the component's address answers. Otherwise take \
                     back its last release.",
        },
        Alert {
            name: "ClmPageErrors",
            severity: Severity::Critical,
            expr: format!("{} >= {FEW_PAGE_ERRORS}", Panel::Errors.query(&page)),
            range: WINDOW,
            for_minutes: 5,
            summary: "The dashboard page itself reports errors",
            action: "Read the latest errors of (dashboard) on the Operations dashboard. Kind registry: \
                     the last change of the registry cannot be used. Otherwise take back the last release \
                     of the page.",
        },
        Alert {
            name: "ClmNoEvents",
            severity: Severity::Warning,
            expr: silent.clone(),
            range: SILENCE,
            for_minutes: 5,
            summary: "No event at all for an hour",
            action: "Open the dashboard, allow usage data and watch the Live page. Events leave the page \
                     but do not arrive: check the server's connection to Loki and its credentials. Nobody \
                     works at this hour: silence this alert for that time.",
        },
        Alert {
            name: "ClmEventsDoNotArrive",
            severity: Severity::Critical,
            // Both sides without labels, so that `and` finds them equal.
            expr: format!("sum(count_over_time({pushes} [{SILENCE}])) > 0 and sum({silent})"),
            range: SILENCE,
            for_minutes: 5,
            summary: "The server takes events in, but for an hour none came to Loki",
            action: "Read the server's log: Loki's address, credentials or limits. Nothing is lost while \
                     the server keeps its events; they follow once Loki takes them.",
        },
        Alert {
            name: "ClmOutboxWaits",
            severity: Severity::Critical,
            expr: format!("{waits} > {MAX_AGE}"),
            range: WINDOW,
            for_minutes: 5,
            summary: "The server's events wait for {{ .Labels.sink }} for more than ten minutes",
            action: "Read the server's log, the Live page or /api/sinks: each names what stands in the way, \
                     since when, and what to do. Nothing is lost for seven days; after that the oldest \
                     stay in the server's store alone.",
        },
        Alert {
            name: "ClmEventsDropped",
            severity: Severity::Warning,
            expr: format!("{drops} > {FEW_DROPS}"),
            range: WINDOW,
            for_minutes: 0,
            summary: "The tracker gave up events: {{ .Labels.dropped_reason }}",
            action: "rejected or too_large: the server or Loki refuses events, read the server's log. \
                     queue_full: browsers could not deliver for long, check that the server is reached. \
                     pending_full or corrupt: look at the newest release of the page. \
                     forgotten: somebody chose so on the Live page. \
                     flooded: a component said more than its budget, look at that component.",
        },
    ];
    if !expected.is_empty() {
        // Each part of the query compares for itself: `or` binds weaker than `>`.
        let slow: Vec<_> = load_factors(&scope)
            .into_iter()
            .map(|factor| format!("{factor} > {SLOW_FACTOR}"))
            .collect();
        alerts.push(Alert {
            name: "ClmSlowComponent",
            severity: Severity::Warning,
            expr: slow.join(" or "),
            range: WINDOW,
            for_minutes: 10,
            summary: "{{ .Labels.component }} loads three times slower than expected or worse",
            action: "Open the component's address by itself and see what it waits for. When it is as fast \
                     as it can be, raise expected_load_time_ms in the registry and run \
                     `cargo xtask grafana`.",
        });
    }
    alerts
}
