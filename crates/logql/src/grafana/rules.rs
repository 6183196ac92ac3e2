//! Alerts, as Grafana provisions them and as Loki's ruler reads them.

use serde_json::{Value, json};

use crate::{Span, alert::Alert};

/// Longer than usual: Grafana Cloud counts what rules read again and again.
const EVERY: &str = "5m";
/// The data source that `grafana/provisioning/datasources` makes.
const DATASOURCE_UID: &str = "loki";

pub fn ruler(alerts: &[Alert]) -> Value {
    let rules: Vec<_> = alerts
        .iter()
        .map(|alert| {
            json!({
                "alert": alert.name,
                "expr": alert.expr,
                "for": format!("{}m", alert.for_minutes),
                "labels": { "severity": alert.severity.as_str() },
                "annotations": { "summary": alert.summary, "description": alert.action },
            })
        })
        .collect();
    json!({ "groups": [{ "name": "clm-dashboard", "interval": EVERY, "rules": rules }] })
}

pub fn grafana(alerts: &[Alert]) -> Value {
    let rules: Vec<_> = alerts.iter().map(rule).collect();
    json!({
        "apiVersion": 1,
        "groups": [{
            "orgId": 1,
            "name": "clm-dashboard",
            "folder": "CLM Dashboard",
            "interval": EVERY,
            "rules": rules,
        }],
    })
}

fn rule(alert: &Alert) -> Value {
    let seconds = match alert.range {
        Span::Seconds(seconds) => seconds,
        Span::Milliseconds(ms) => ms.div_ceil(1_000),
        Span::Range | Span::Interval => 3_600,
    };
    let range = json!({ "from": seconds, "to": 0 });
    json!({
        "uid": alert.name.to_lowercase(),
        "title": alert.name,
        "condition": "B",
        "for": format!("{}m", alert.for_minutes),
        // The expression returns something only when the alert is true.
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": { "severity": alert.severity.as_str() },
        "annotations": { "summary": alert.summary, "description": alert.action },
        "data": [
            {
                "refId": "A",
                "relativeTimeRange": range,
                "datasourceUid": DATASOURCE_UID,
                "model": {
                    "refId": "A",
                    "expr": alert.expr,
                    "queryType": "instant",
                    "editorMode": "code",
                },
            },
            {
                "refId": "B",
                "relativeTimeRange": range,
                "datasourceUid": "__expr__",
                "model": {
                    "refId": "B",
                    "type": "threshold",
                    "expression": "A",
                    "conditions": [{ "evaluator": { "type": "gt", "params": [0] } }],
                },
            },
        ],
    })
}
