//! `/api/sample`: a believable month for a store that has nothing yet, on the machine of who looks at it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use simulate::{Plan, Simulation, bundle, places};

use crate::{
    clock::now_ms,
    push,
    store::{Row, StoreError},
    web::{App, error},
};

/// The components that come with the page.
const REGISTRY: &str = include_str!("../../../static/registry.json");
const USERS: usize = 1_000;
const DAYS: u32 = 30;
const SEED: u64 = 7;
const HOUR_MS: u64 = 60 * 60 * 1_000;
/// Bytes that are checked in one go, and events that are stored in one.
const BODY: usize = 256 * 1024;
const COMMIT: usize = 500;

/// How far a filling is. There is one at a time.
pub struct Progress {
    users: usize,
    of: u32,
    running: AtomicBool,
    days: AtomicU32,
    failed: AtomicBool,
}

impl Progress {
    /// Of so many people and days.
    #[must_use]
    pub fn of(users: usize, days: u32) -> Self {
        let (running, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { users, of: days, running, days: AtomicU32::new(0), failed }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::of(USERS, DAYS)
    }
}

#[derive(Serialize)]
struct Told {
    /// Whether `POST` would fill the store.
    offered: bool,
    running: bool,
    days: u32,
    of: u32,
    /// The latest one stopped before its end.
    failed: bool,
}

/// Only where the person at the browser is the operator: nobody else can reach the server, or answers
/// from the same Loki.
fn is_private(app: &App) -> bool {
    let config = &app.config;
    config.listen.ip().is_loopback()
        && config.hosts.is_empty()
        && config.proxies.is_empty()
        && config.insights_from.is_none()
}

async fn told(app: &App) -> Result<Told, StoreError> {
    let Progress { users: _, of, running, days, failed } = &app.sample;
    let running = running.load(Ordering::Relaxed);
    let offered = is_private(app) && !running && app.store.is_as_good_as_empty().await?;
    let (days, failed) = (days.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    Ok(Told { offered, running, days, of: *of, failed })
}

/// `GET`: whether it is offered, and how far it is.
pub async fn state(State(app): State<Arc<App>>) -> Response {
    match told(&app).await {
        Ok(told) => Json(told).into_response(),
        Err(failure) => unreadable(&failure),
    }
}

/// `POST`: begins, and says so at once; `GET` tells how it goes on.
pub async fn fill(State(app): State<Arc<App>>) -> Response {
    if !is_private(&app) {
        return error(
            StatusCode::NOT_FOUND,
            "sample data is only for a server that nobody but this machine can reach",
        );
    }
    if app.sample.running.swap(true, Ordering::SeqCst) {
        return error(StatusCode::CONFLICT, "sample data is being made already");
    }
    match app.store.is_as_good_as_empty().await {
        Ok(true) => {}
        Ok(false) => {
            app.sample.running.store(false, Ordering::SeqCst);
            return error(
                StatusCode::CONFLICT,
                "there are events already; sample data would mix with them",
            );
        }
        Err(failure) => {
            app.sample.running.store(false, Ordering::SeqCst);
            return unreadable(&failure);
        }
    }
    app.sample.days.store(0, Ordering::Relaxed);
    app.sample.failed.store(false, Ordering::Relaxed);
    let worker = app.clone();
    tokio::spawn(async move {
        if let Err(failure) = work(&worker).await {
            tracing::error!("sample data: {failure}");
            worker.sample.failed.store(true, Ordering::Relaxed);
        }
        worker.sample.running.store(false, Ordering::SeqCst);
    });
    let told = Told { offered: false, running: true, days: 0, of: app.sample.of, failed: false };
    (StatusCode::ACCEPTED, Json(told)).into_response()
}

fn unreadable(failure: &StoreError) -> Response {
    tracing::error!("sample data: {failure}");
    error(StatusCode::INTERNAL_SERVER_ERROR, "the events cannot be read")
}

async fn work(app: &App) -> Result<(), StoreError> {
    let current = app.registries.refreshed().await;
    let own = current.text().and_then(|text| std::str::from_utf8(&text.plain).ok());
    let own = own.and_then(|text| places(text).ok());
    let places = match own {
        Some(places) => places,
        None => places(REGISTRY).map_err(StoreError::Write)?,
    };
    let now_ms = now_ms();
    let Progress { users, of: days, .. } = app.sample;
    let plan = Plan { users, days, seed: SEED, end_ms: now_ms - now_ms % HOUR_MS };
    let mut simulation = Simulation::new(plan, places);
    loop {
        // A day at a time, beside the requests and never in their way.
        let next = move || {
            let pushes = simulation.next();
            let bodies = pushes.map(|pushes| bundle(&pushes, BODY));
            let rows = bodies.map(|bodies| {
                bodies.iter().flat_map(|body| push::rows(body, now_ms)).collect::<Vec<Row>>()
            });
            (simulation, rows)
        };
        let (after, rows) =
            tokio::task::spawn_blocking(next).await.map_err(|_| StoreError::Stopped)?;
        simulation = after;
        let Some(mut rows) = rows else { return Ok(()) };
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(COMMIT));
            app.store.insert(std::mem::replace(&mut rows, rest), now_ms).await?;
        }
        app.sample.days.fetch_add(1, Ordering::Relaxed);
    }
}
