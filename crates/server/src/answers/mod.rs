//! `GET /api/insights/..`: the answers of the crate `insights`, from the store or from Loki.

mod address;
mod defined;
mod folded;
mod loki;
mod question;
mod store;

use std::{pin::Pin, sync::Arc};

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use thiserror::Error;

pub use folded::folded;
pub use loki::{Bounds, FromLoki};
pub use question::{Question, Subject};
pub use store::cost;

use address::BadQuestion;

use crate::{
    clock::now_ms,
    loki::LokiError,
    store::StoreError,
    web::{App, error},
};

/// Says of an answer what its JSON has no place for.
const NOTE: header::HeaderName = header::HeaderName::from_static("clm-note");

/// Where answers come from. Whatever it is, it is held to the definitions in `insights`.
pub trait Source: Send + Sync {
    /// The answer as JSON.
    fn answer(&self, question: Question) -> Answering<'_>;
}

pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Unanswered>> + Send + 'a>>;

#[derive(Debug, Error)]
pub enum Unanswered {
    #[error("the events cannot be read")]
    Store(#[from] StoreError),
    #[error("the events are at Loki, and that cannot be used at the moment: {0}")]
    Loki(#[from] LokiError),
    #[error("Loki takes too long: choose a shorter time range or a narrower filter")]
    Slow,
    #[error("that is over {0} events to read: choose a shorter time range or a narrower filter")]
    TooMany(usize),
    #[error("the answer cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("the server failed")]
    Failed,
}

impl Unanswered {
    fn status(&self) -> StatusCode {
        match self {
            Self::Store(_) | Self::Json(_) | Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Loki(LokiError::Unreachable) | Self::Slow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Loki(_) => StatusCode::BAD_GATEWAY,
            Self::TooMany(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl IntoResponse for Unanswered {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(failure) => tracing::error!("a question could not be answered: {failure}"),
            Self::TooMany(_) => {}
            failure => tracing::warn!("a question could not be answered: {failure}"),
        }
        let mut response = error(self.status(), &self.to_string());
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            let again = header::HeaderValue::from_static("5");
            response.headers_mut().insert(header::RETRY_AFTER, again);
        }
        response
    }
}

pub async fn answer(
    State(app): State<Arc<App>>,
    Path(subject): Path<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else {
        return error(StatusCode::BAD_REQUEST, "the parameters cannot be read");
    };
    let registry = app.registries.current();
    let question = match Question::parse(&subject, &parameters, now_ms()) {
        Ok(question) => question.with_known(&registry),
        Err(BadQuestion::Unknown) => {
            return error(StatusCode::NOT_FOUND, &BadQuestion::Unknown.to_string());
        }
        Err(bad) => return error(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    let note = question.unknown_components(&registry).and_then(|note| {
        let value = header::HeaderValue::from_str(&note).ok()?;
        Some([(NOTE, value)])
    });
    match app.answers.answer(question).await {
        Ok(json) => (note, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(unanswered) => unanswered.into_response(),
    }
}
