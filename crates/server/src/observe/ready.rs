//! `GET /readyz`: whether events can be taken right now.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::web::App;

pub async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.store.is_ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(sentence) => {
            let headers = [(header::RETRY_AFTER, "5")];
            (StatusCode::SERVICE_UNAVAILABLE, headers, format!("{sentence}\n")).into_response()
        }
    }
}
