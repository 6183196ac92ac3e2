//! The files that Grafana and Loki read, and the table of queries in the docs.

mod dashboard;
mod guide;
mod rules;

use serde_json::Value;
use tracking::Settings;

use crate::Expected;

/// Where a file belongs, from the root of the repository, and what it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    pub path: String,
    pub text: String,
}

/// All files, for the components of this registry.
///
/// # Errors
/// When the registry is not JSON, or a file cannot be written down.
pub fn files(registry: &str) -> Result<Vec<File>, String> {
    let expected =
        expectations(registry).map_err(|error| format!("reading the registry: {error}"))?;
    let job = Settings::default().job;
    let mut files = Vec::new();
    for dashboard in dashboard::all(&expected) {
        let text = serde_json::to_string_pretty(&dashboard.json).map_err(|e| e.to_string())?;
        files.push(File {
            path: format!("grafana/dashboards/{}.json", dashboard.uid),
            text: text + "\n",
        });
    }
    let alerts = crate::alert::all(&job, &expected);
    files.push(File {
        path: "grafana/provisioning/alerting/clm-dashboard.yaml".to_owned(),
        text: yaml(&rules::grafana(&alerts))?,
    });
    // Without tenants, Loki's ruler looks for the rules of the tenant `fake`.
    files.push(File {
        path: "grafana/loki/rules/fake/clm-dashboard.yaml".to_owned(),
        text: yaml(&rules::ruler(&alerts))?,
    });
    files.push(File {
        path: "docs/queries.md".to_owned(),
        text: guide::queries(&job, &expected, &alerts),
    });
    Ok(files)
}

fn yaml(value: &Value) -> Result<String, String> {
    let text = serde_saphyr::to_string(value).map_err(|error| error.to_string())?;
    Ok(format!("# Written by `cargo xtask grafana`.\n{}\n", text.trim_end()))
}

fn expectations(registry: &str) -> serde_json::Result<Vec<Expected>> {
    let registry: Value = serde_json::from_str(registry)?;
    let components = registry["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(components
        .iter()
        .filter_map(|component| {
            Some(Expected {
                component: component["hash"].as_str()?.to_owned(),
                load_time_ms: component["balanced"]["expected_load_time_ms"].as_u64()?,
            })
        })
        .collect())
}
