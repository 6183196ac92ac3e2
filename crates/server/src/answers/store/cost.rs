//! `GET /api/insights/cost`: what the chosen events weigh in the file and at Loki, and what pages sent.
//!
//! A question about this store itself, wherever the other answers come from.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use insights::{Cost, Weight};
use rusqlite::Transaction;
use tracking::{LabelMode, encode::LATE_AFTER_MS};

use crate::{
    answers::{
        Question,
        store::scope::{Scope, unsigned},
    },
    clock::now_ms,
    outbox::TOO_OLD_MS,
    store::StoreError,
    web::{App, error},
};

const STREAM: &str = "event || ' ' || component_hash";

pub async fn answer(
    State(app): State<Arc<App>>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let Ok(Query(parameters)) = query else {
        return error(StatusCode::BAD_REQUEST, "the parameters cannot be read");
    };
    // It takes what every question takes: a range and a filter.
    match Question::parse("summary", &parameters, now_ms()) {
        Err(bad) => error(StatusCode::BAD_REQUEST, &bad.to_string()),
        Ok(question) => match measured(&app, question).await {
            Ok(cost) => Json(cost).into_response(),
            Err(failure) => {
                tracing::error!("the cost could not be counted: {failure}");
                error(StatusCode::INTERNAL_SERVER_ERROR, "the events cannot be read")
            }
        },
    }
}

async fn measured(app: &App, question: Question) -> Result<Cost, StoreError> {
    let labels =
        app.config.loki.as_ref().map_or(LabelMode::Metadata, |loki| loki.settings().labels);
    let ask = move |events: &Transaction<'_>| {
        let all = "SELECT COALESCE(SUM(count), 0) FROM hours";
        let all = events.query_row(all, [], |row| unsigned(row, 0))?;
        Ok((chosen(events, &question, labels)?, all))
    };
    let (cost, all) = app.store.read(ask).await?;
    let file = Weight { bytes: app.store.bytes().await?, events: all };
    Ok(Cost { file: Some(file), sent: app.metrics.sent(), ..cost })
}

/// What the events of the question's range and filter weigh, held to [`insights::cost`]; how late they
/// came is known only here.
///
/// # Errors
/// When the events cannot be read.
pub fn chosen(
    events: &Transaction<'_>,
    question: &Question,
    labels: LabelMode,
) -> Result<Cost, StoreError> {
    let scope = Scope { events, range: question.range, filter: &question.filter };
    let (ids, stream) = match labels {
        LabelMode::Metadata => ("17 + LENGTH(user_id) + LENGTH(session_id)", STREAM.to_owned()),
        LabelMode::Stream => ("0", format!("{STREAM} || ' ' || session_id")),
    };
    let sql = format!(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE event = 'component_visit'),
             COUNT(DISTINCT user_id || (timestamp / 86400000)) FILTER (WHERE event = 'component_visit'),
             COALESCE(SUM(OCTET_LENGTH(line)), 0), COALESCE(SUM({ids}), 0),
             COUNT(DISTINCT {stream}),
             COUNT(DISTINCT {stream} || ' ' || (timestamp / 3600000)) FILTER (
                 WHERE received_at - timestamp > {LATE_AFTER_MS} AND received_at - timestamp <= {TOO_OLD_MS}
             )
         FROM events WHERE timestamp >= ?1 AND timestamp < ?2"
    );
    scope.one(&sql, |row| {
        Ok(Cost {
            events: unsigned(row, 0)?,
            visits: unsigned(row, 1)?,
            user_days: unsigned(row, 2)?,
            line_bytes: unsigned(row, 3)?,
            id_bytes: unsigned(row, 4)?,
            streams: unsigned(row, 5)?,
            late_streams: Some(unsigned(row, 6)?),
            ..Cost::default()
        })
    })
}
