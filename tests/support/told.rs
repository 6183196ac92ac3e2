//! Stored events as short texts.

use serde_json::Value;

/// One short text per stored event, in order.
pub fn told(rows: &[Value]) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("?").to_owned();
            let hash = text("component_hash");
            match row["event"].as_str().unwrap() {
                "session_start" => "start".to_owned(),
                "component_visit" => format!("visit {hash} from {}", text("prev_component")),
                "component_exit" => format!("exit {hash} to {}", text("next_component")),
                "component_error" => format!("error {hash} {}", text("error_kind")),
                "component_interaction" => format!("{} {hash}", text("interaction_type")),
                "component_resume" => format!("resume {hash}"),
                "tracking_dropped" => {
                    format!("dropped {} {}", row["dropped_count"], text("dropped_reason"))
                }
                other => format!("{other} {hash}"),
            }
        })
        .collect()
}

pub fn without_loads(told: Vec<String>) -> Vec<String> {
    told.into_iter().filter(|text| !text.starts_with("component_loaded")).collect()
}
