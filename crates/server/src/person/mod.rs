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

use tracking::UserId;

pub use follow::follow;
pub use worker::work;

use crate::{
    clock::now_ms,
    loki::LokiError,
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
    let now_ms = now_ms();
    let erased = match app.store.erase_known(user.clone(), now_ms, loki.is_some()).await {
        Ok(None) => match is_known_elsewhere(&app, &user).await {
            Ok(true) => app.store.erase(user.clone(), now_ms, true).await.map(Some),
            Ok(false) => Ok(None),
            Err(error) => return unreadable(&error),
        },
        erased => erased,
    };
    match erased {
        Ok(None) => Json(Gone {
            user_id: user.as_str(),
            status: Status::Nothing,
            erased_at: now_ms,
            events: 0,
            analytics: 0,
        })
        .into_response(),
        Ok(Some(erased)) => {
            // Asked again, it goes over the lines again: maybe that failed before.
            if (erased.analytics > 0 || erased.erasure.at_ms != now_ms)
                && let Err(failure) = app.config.access.erase(&user).await
            {
                tracing::error!("/api/me: lines of requests: {failure}");
                return unavailable("not all was erased; try again later");
            }
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

/// Where several servers hand their events on to one Loki, each of them may have seen somebody first. Loki is
/// asked for one event; whoever is unknown there too leaves nothing behind.
async fn is_known_elsewhere(app: &App, user: &UserId) -> Result<bool, LokiError> {
    match &app.config.insights_from {
        Some(loki) => app.metrics.of_loki(loki.has(user, now_ms())).await,
        None => Ok(false),
    }
}

fn unreadable(error: &LokiError) -> Response {
    tracing::warn!("/api/me: {error}");
    unavailable("Loki cannot be asked and nothing was erased; try again later")
}

fn failed(failure: &StoreError, sentence: &str) -> Response {
    tracing::error!("/api/me: {failure}");
    unavailable(sentence)
}

fn unavailable(sentence: &str) -> Response {
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}
