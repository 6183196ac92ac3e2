//! Which address leads where, and what holds for all of them.

mod folder;
#[cfg(feature = "page")]
pub(crate) mod inside;
mod name;
mod negotiate;
mod page;
mod policy;
mod registry;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{
    Config, access,
    answers::{self, Bounds, FromLoki, Source},
    guard::{client, host, limit, origin, secure, token},
    observe::{self, Metrics},
    person, push,
    registry::Registries,
    sample,
    store::Store,
};

const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// What every request may need.
pub struct App {
    pub store: Store,
    /// Where answers come from.
    pub answers: Box<dyn Source>,
    pub config: Config,
    pub metrics: Metrics,
    pub registries: Registries,
    pub limits: limit::Limits,
    pub sample: sample::Progress,
}

impl App {
    #[must_use]
    pub fn new(store: Store, config: Config, metrics: Metrics) -> Self {
        let limits = limit::Limits::new(config.client_rate, config.total_rate, config.person_rate);
        let answers: Box<dyn Source> = match &config.insights_from {
            None => Box::new(store.clone()),
            Some(loki) => Box::new(FromLoki::new(loki.clone(), Bounds::default(), metrics.clone())),
        };
        let registries = Registries::open(&config);
        let known = registries.clone();
        store.tell_apart(config.max_unknown, Arc::new(move |hash| known.knows(hash)));
        let sample = sample::Progress::default();
        Self { store, answers, config, metrics, registries, limits, sample }
    }
}

/// All of the server behind its port.
pub fn router(app: Arc<App>) -> Router {
    let with_token = from_fn_with_state(app.clone(), token::check);
    let no_store = always(header::CACHE_CONTROL, "no-store");
    let operator = Router::new()
        .route("/api/insights/{question}", get(answers::answer))
        .route("/api/insights/cost", get(answers::cost::answer))
        .route("/api/sample", get(sample::state).post(sample::fill))
        .route("/api/sinks", get(observe::sinks))
        .route("/api", any(no_such_answer))
        .route("/api/{*rest}", any(no_such_answer))
        .route("/metrics", get(observe::metrics))
        .layer(with_token)
        .layer(no_store.clone());
    let writers = Router::new()
        .route("/loki/api/v1/push", post(push::push))
        .merge(access::routes().layer(no_store.clone()));
    let guarded = |routes: Router<Arc<App>>| {
        routes
            .layer(from_fn_with_state(app.clone(), origin::check))
            .layer(from_fn_with_state(app.clone(), limit::check))
    };
    // Outside of the guards: a page elsewhere reads why it was refused, and asks first at no cost.
    let writers = guarded(writers).layer(origin::cors(&app.config));
    let limited = from_fn_with_state(app.clone(), limit::check_person);
    let persons = person::routes().layer(limited).layer(no_store);
    let guarded = guarded(operator.merge(persons)).merge(writers);
    let mut open = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(observe::ready));
    if registry::is_ours(&app) {
        open = open.route("/registry.json", get(registry::registry));
    }
    guarded
        .merge(open)
        .layer(always(header::CONTENT_SECURITY_POLICY, policy::NOTHING))
        .route_layer(from_fn_with_state(app.clone(), observe::measure))
        .with_state(app.clone())
        .merge(page::page(&app))
        .layer(always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "same-origin"))
        .layer(always(HeaderName::from_static("permissions-policy"), PERMISSIONS))
        .layer(from_fn_with_state(app.clone(), host::check))
        .layer(from_fn_with_state(app.clone(), secure::check))
        .layer(from_fn_with_state(app.clone(), access::log))
        .layer(from_fn(observe::name))
        .layer(from_fn_with_state(app, client::know))
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn no_such_answer() -> Response {
    error(StatusCode::NOT_FOUND, "there is no such address under /api")
}

/// How `/api` says no: `{"error":"sentence"}`.
pub fn error(status: StatusCode, sentence: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": sentence }))).into_response()
}
