//! `docs/queries.md`.

use std::fmt::Write;

use crate::{Expected, Panel, Scope, alert::Alert};

const DAY_S: u64 = 24 * 60 * 60;

/// Every panel and every alert with its query.
pub fn queries(job: &str, expected: &[Expected], alerts: &[Alert]) -> String {
    let mut text = String::from(
        "# Panels, alerts and their LogQL\n\n\
         Written by `cargo xtask grafana` from `crates/logql`; change it there.\n\n\
         The queries stand here for the last day and all components. In the dashboards, `$__range` and\n\
         `$__interval` take the place of the durations, and the variables that of job and component.\n\n\
         ## Panels\n",
    );
    let scope = Scope { expected, session_id: None, ..Scope::new(job, DAY_S) };
    for panel in Panel::ALL {
        let one = Scope { session_id: Some("SESSION_ID"), ..scope };
        let scope = if panel == Panel::SessionLines { &one } else { &scope };
        let about = panel.text();
        let filter =
            if panel.by_component() { "" } else { " Of all components, whatever is chosen." };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n### {}\n\n{}{filter}\n\n```logql\n{}\n```\n\n{}\n",
            about.title,
            about.counts,
            panel.query(scope),
            about.how
        );
    }
    text.push_str("\n## Alerts\n\nAn alert is true when its query returns anything.\n");
    for alert in alerts {
        let _ = write!(
            text,
            "\n### {}\n\n{}. Severity {}, after {} min.\n\n```logql\n{}\n```\n\nWhat to do: {}\n",
            alert.name,
            alert
                .summary
                .replace("{{ .Labels.component }}", "a component")
                .replace("{{ .Labels.dropped_reason }}", "by reason"),
            alert.severity.as_str(),
            alert.for_minutes,
            alert.expr,
            alert.action
        );
    }
    text
}
