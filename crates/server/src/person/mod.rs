//! `/api/me`: what is stored of a person, given out or erased at their word.
//!
//! The proof is the secret that the page made and never sends with its events: whoever knows the
//! text whose SHA-256 is the user id is that user. It travels in a header only.

mod export;
mod follow;
mod proof;
mod worker;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

pub use follow::follow;
pub use worker::work;

use crate::{
    clock::now_ms,
    store::{AtLoki, Erasure, StoreError},
    web::{App, error},
};

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/me", get(export::export).delete(erase))
}

/// What the answers call the state of somebody's data.
#[derive(Clone, Copy, Serialize)]
enum Status {
    #[serde(rename = "stored")]
    Stored,
    #[serde(rename = "nothing stored")]
    Nothing,
    #[serde(rename = "erased")]
    Erased,
    #[serde(rename = "pending at Loki")]
    PendingAtLoki,
}

impl From<Erasure> for Status {
    fn from(erasure: Erasure) -> Self {
        match erasure.at_loki {
            AtLoki::None | AtLoki::Done => Self::Erased,
            AtLoki::Pending => Self::PendingAtLoki,
        }
    }
}

#[derive(Serialize)]
struct Gone<'a> {
    user_id: &'a str,
    status: Status,
    erased_at: u64,
    /// Removed by this request.
    events: usize,
    analytics: usize,
}

async fn erase(State(app): State<Arc<App>>, request: Request) -> Response {
    let user = match proof::user(&request) {
        Ok(user) => user,
        Err(refusal) => return refusal.into_response(),
    };
    let loki = app.config.loki.as_ref();
    match app.store.erase(user.clone(), now_ms(), loki.is_some()).await {
        Ok(erased) => {
            let status = Status::from(erased.erasure);
            if let (Status::PendingAtLoki, Some(loki)) = (status, loki) {
                loki.wake();
            }
            let code = match status {
                Status::PendingAtLoki => StatusCode::ACCEPTED,
                Status::Stored | Status::Nothing | Status::Erased => StatusCode::OK,
            };
            let gone = Gone {
                user_id: user.as_str(),
                status,
                erased_at: erased.erasure.at_ms,
                events: erased.events,
                analytics: erased.analytics,
            };
            (code, Json(gone)).into_response()
        }
        Err(failure) => failed(&failure, "nothing was erased; try again later"),
    }
}

fn failed(failure: &StoreError, sentence: &str) -> Response {
    tracing::error!("/api/me: {failure}");
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}
