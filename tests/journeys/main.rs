//! Journeys of a person through the built page, in a real Chromium, against the real server, read
//! back from the real store. `cargo xtask test` builds what they need and says where it is.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod consent;
mod failures;
mod frames;
mod tracked;

use serde_json::Value;

/// One short text per stored event, in order.
fn told(rows: &[Value]) -> Vec<String> {
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
                other => format!("{other} {hash}"),
            }
        })
        .collect()
}

fn without_loads(told: Vec<String>) -> Vec<String> {
    told.into_iter().filter(|text| !text.starts_with("component_loaded")).collect()
}
