//! `GET /api/insights/cost`: what the chosen events weigh in the file and at Loki, and what pages sent.
//!
//! A question about this store itself, wherever the other answers come from.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use insights::{Cost, Insight, Weight};
use rusqlite::Transaction;
use tracking::LabelMode;

use crate::{
    answers::{
        Question,
        store::{
            counts::Numbers,
            read::{Count, count},
            scope::Scope,
        },
    },
    clock::now_ms,
    store::{
        StoreError,
        sheet::{self, Column, Columns, Kind, Part, Sheet},
    },
    web::{App, error},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

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
        let all: i64 = events.query_row("SELECT events FROM totals", [], |row| row.get(0))?;
        Ok((chosen(events, &question, labels)?, u64::try_from(all).unwrap_or(0)))
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
    let meaning = Insight::Cost.filter_meaning();
    let scope = Scope { events, range: question.range, filter: &question.filter, meaning };
    let by_session = labels == LabelMode::Stream;
    let weighed = count(&scope, Weighed { by_session, ..Weighed::default() })?;
    let Weighed { by_session: _, cost, days, streams, late } = weighed;
    Ok(Cost {
        user_days: days.values().map(Numbers::len).sum(),
        streams: cost.streams + streams.len() as u64,
        late_streams: Some(cost.late_streams.unwrap_or(0) + late.len() as u64),
        ..cost
    })
}

/// The event and the component's hash of a stream.
type Stream = (usize, String);

#[derive(Clone, Default)]
struct Weighed {
    /// Ids are labels: each session has streams of its own.
    by_session: bool,
    cost: Cost,
    /// Who had a visit on which UTC day.
    days: BTreeMap<u64, Numbers>,
    streams: BTreeSet<Stream>,
    /// Those of late events, by hour.
    late: BTreeSet<(Stream, u64)>,
}

impl Count for Weighed {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::NAMES)
            .and(Column::USER)
            .and(Column::WEIGHT)
            .of(Kind::Visit, &[Part::At])
    }

    fn needs_of_part(&self) -> Columns {
        let parts = [Part::What, Part::Bytes, Part::Late];
        let columns = Columns::default()
            .and(Column::NAMES)
            .and(Column::USER)
            .and(Column::ID_BYTES)
            .of(Kind::Visit, &[Part::At])
            .of(Kind::Rest, &[Part::Value]);
        Kind::ALL.into_iter().fold(columns, |all, kind| all.of(kind, &parts))
    }

    fn add(&mut self, sheet: &Sheet) {
        self.add_days(sheet);
        let weight = sheet
            .weight
            .as_ref()
            .map_or_else(|| Cow::Owned(sheet::Weight::of(sheet)), Cow::Borrowed);
        self.cost.events += weight.events;
        self.cost.line_bytes += weight.line_bytes;
        if self.by_session {
            self.cost.streams += weight.of_sessions;
            *self.cost.late_streams.get_or_insert(0) += weight.late_of_sessions;
            return;
        }
        let names = ("user_id".len() + "session_id".len()) as u64;
        self.cost.id_bytes += weight.id_bytes + names * weight.events;
        let stream = |(event, name): sheet::Stream| (event, sheet.names[name].hash.clone());
        self.streams.extend(weight.streams.iter().map(|&of| stream(of)));
        self.late.extend(weight.late.iter().map(|&(of, hour)| (stream(of), hour)));
    }

    fn merge(&mut self, other: Self) {
        let Self { by_session: _, cost, days, streams, late } = other;
        self.cost.events += cost.events;
        self.cost.visits += cost.visits;
        self.cost.line_bytes += cost.line_bytes;
        self.cost.id_bytes += cost.id_bytes;
        self.cost.streams += cost.streams;
        *self.cost.late_streams.get_or_insert(0) += cost.late_streams.unwrap_or(0);
        for (day, users) in days {
            self.days.entry(day).or_default().merge(&users);
        }
        self.streams.extend(streams);
        self.late.extend(late);
    }
}

impl Weighed {
    fn add_days(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        self.cost.visits += visits.len() as u64;
        for session in 0..sheet.sessions {
            let mut known = None;
            for at in visits.of(session) {
                let user = *visits.user.get(at).unwrap_or(&sheet.user[session]);
                let day = visits.at_ms[at] / DAY_MS;
                if known.replace((day, user)) != Some((day, user)) {
                    self.days.entry(day).or_default().add(user);
                }
            }
        }
    }
}
