//! `GET /api/insights/..`: the answers of the crate `insights`, from the store.
//!
//! What SQL counts well is asked in SQL; for the rest, only the events it needs are read and given
//! to the pure function itself.

pub mod cost;
mod lines;
mod question;
mod scope;
mod sql;

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

pub use question::{Question, Subject};

use crate::{
    clock::now_ms,
    web::{App, error},
};

pub async fn answer(
    State(app): State<Arc<App>>,
    Path(subject): Path<String>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else {
        return error(StatusCode::BAD_REQUEST, "the parameters cannot be read");
    };
    let question = match Question::parse(&subject, &parameters, now_ms()) {
        Ok(question) => question,
        Err(question::BadQuestion::Unknown) => {
            return error(StatusCode::NOT_FOUND, &question::BadQuestion::Unknown.to_string());
        }
        Err(bad) => return error(StatusCode::BAD_REQUEST, &bad.to_string()),
    };
    match app.store.read(move |events| question.ask(events)).await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(failure) => {
            tracing::error!("a question could not be answered: {failure}");
            error(StatusCode::INTERNAL_SERVER_ERROR, "the events cannot be read")
        }
    }
}
