//! `GET /api/sinks`: how far each of the places is that stored events go on to, for the Live page.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    clock::now_ms,
    observe::Trouble,
    outbox,
    store::StoreError,
    web::{App, error},
};

#[derive(Serialize)]
struct Told {
    sink: &'static str,
    /// Events that it has taken, that wait for it, that it refused for good, and that are too old for it.
    forwarded: u64,
    waiting: u64,
    refused: u64,
    too_old: u64,
    /// How long the oldest of those that wait has waited.
    age_seconds: u64,
    /// The label of all events there, which every query names.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    /// What stands in the way, and since when; with `until_ms`, what stood there last.
    error: Option<Trouble>,
}

async fn told(app: &App) -> Result<Vec<Told>, StoreError> {
    let loki = app.config.loki.as_ref();
    let mut all = Vec::new();
    for sink in app.config.sinks() {
        let standing = app.store.standing(sink).await?;
        all.push(Told {
            sink,
            forwarded: standing.forwarded,
            waiting: standing.waiting,
            refused: standing.refused,
            too_old: standing.too_old,
            age_seconds: standing.age(now_ms()).as_secs(),
            job: loki.filter(|_| sink == outbox::LOKI).map(|loki| loki.settings().job.clone()),
            error: app.metrics.troubles().latest(sink),
        });
    }
    Ok(all)
}

pub async fn sinks(State(app): State<Arc<App>>) -> Response {
    match told(&app).await {
        Ok(all) => Json(all).into_response(),
        Err(failure) => {
            tracing::error!("the sinks cannot be told: {failure}");
            error(StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read")
        }
    }
}
