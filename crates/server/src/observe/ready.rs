//! `GET /readyz`: whether events can be taken right now.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::App;

/// How long the writer may take for a turn.
const PATIENCE: Duration = Duration::from_secs(2);

pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let sentence = match tokio::time::timeout(PATIENCE, app.store.probe()).await {
        Ok(Ok(())) => return "ready\n".into_response(),
        Ok(Err(failure)) => {
            tracing::warn!("not ready: {failure}");
            "the store cannot be written\n"
        }
        Err(_) => "the store takes too long\n",
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], sentence).into_response()
}
