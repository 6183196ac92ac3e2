//! A component sees its own slice of the state and nothing else.

use js_sys::{JSON, Object, Reflect};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::{
    platform,
    store::{Clm, Status},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection<'a> {
    selected_user: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Monitor<'a> {
    active_component: Option<&'a str>,
    counts: Counts,
    metrics: Metrics,
    recent_events: Vec<RecentEvent<'a>>,
    components: Vec<Row<'a>>,
}

#[derive(Default, Serialize)]
struct Counts {
    total: usize,
    loading: usize,
    loaded: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Metrics {
    events: u64,
    heartbeats: u64,
    malformed: u64,
}

#[derive(Serialize)]
struct RecentEvent<'a> {
    component: &'a str,
    event: &'a str,
    at: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    hash: &'a str,
    name: &'a str,
    status: &'a str,
    load_time_ms: Option<u64>,
}

/// The slice's JSON, when `hash` has one.
fn json(hash: &str, clm: &Clm) -> Option<(String, String)> {
    let slice = clm.component(hash)?.slice.as_deref()?;
    let json = match slice {
        "selection" => {
            serde_json::to_string(&Selection { selected_user: clm.selected_user.as_deref() })
        }
        "monitor" => serde_json::to_string(&monitor(clm)),
        _ => return None,
    };
    Some((slice.to_owned(), json.ok()?))
}

fn monitor(clm: &Clm) -> Monitor<'_> {
    let listed = clm.registry().map_or(&[][..], |registry| &registry.components);
    let mut counts = Counts { total: listed.len(), ..Counts::default() };
    let mut components = Vec::new();
    for component in listed {
        let state = clm.opened(&component.hash);
        let status = match state.map(|state| &state.status) {
            None => "closed",
            Some(Status::Loading) => {
                counts.loading += 1;
                "loading"
            }
            Some(Status::Loaded) => {
                counts.loaded += 1;
                "loaded"
            }
            Some(Status::Failed { .. }) => {
                counts.failed += 1;
                "failed"
            }
        };
        components.push(Row {
            hash: &component.hash,
            name: &component.name,
            status,
            load_time_ms: state.and_then(|state| state.load_time_ms),
        });
    }
    Monitor {
        active_component: clm.active.as_deref(),
        counts,
        metrics: Metrics {
            events: clm.metrics.events,
            heartbeats: clm.metrics.heartbeats,
            malformed: clm.metrics.malformed,
        },
        recent_events: clm
            .recent_events
            .iter()
            .map(|event| RecentEvent {
                component: &event.component,
                event: &event.event,
                at: event.at_ms,
            })
            .collect(),
        components,
    }
}

/// Whether the slice of `hash` may differ between the two states.
pub fn changed(hash: &str, before: &Clm, after: &Clm) -> bool {
    match after.component(hash).and_then(|component| component.slice.as_deref()) {
        Some("selection") => before.selected_user != after.selected_user,
        Some("monitor") => before != after,
        _ => false,
    }
}

/// Sends `hash` its slice.
pub fn tell(hash: &str, clm: &Clm) {
    let Some((slice, json)) = json(hash, clm) else { return };
    let Ok(state) = JSON::parse(&json) else { return };
    #[allow(clippy::cast_precision_loss)]
    let timestamp = platform::now().wall.0 as f64;
    post(
        hash,
        &[
            ("type", "redux_state_update".into()),
            ("slice", slice.into()),
            ("state", state),
            ("timestamp", timestamp.into()),
        ],
    );
}

/// Tells `hash` which theme the person chose, if one was chosen.
pub fn tell_theme(hash: &str, clm: &Clm) {
    if let Some(theme) = clm.theme {
        post(hash, &[("type", "clm_theme".into()), ("theme", theme.as_str().into())]);
    }
}

fn post(hash: &str, fields: &[(&str, JsValue)]) {
    let message = Object::new();
    for (key, value) in fields {
        let _ = Reflect::set(&message, &(*key).into(), value);
    }
    if let Some(window) = super::windows::of(hash) {
        // A sandboxed frame has no origin to name; it gets nothing that others may not see.
        let _ = window.post_message(&message, "*");
    }
}
