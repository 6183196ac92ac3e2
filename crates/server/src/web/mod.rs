//! Which address leads where, and what holds for all of them.

mod host;
mod page;
mod registry;
mod token;

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{Config, access, answers, person, push, store::Store};

/// What every request may need.
pub struct App {
    pub store: Store,
    pub config: Config,
}

/// All of the server behind its port.
pub fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/api/insights/{question}", get(answers::answer))
        .route("/api", any(no_such_answer))
        .route("/api/{*rest}", any(no_such_answer))
        .layer(middleware::from_fn_with_state(app.clone(), token::check))
        .layer(always(header::CACHE_CONTROL, "no-store"));
    let me =
        person::routes().merge(access::routes()).layer(always(header::CACHE_CONTROL, "no-store"));
    let mut router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/loki/api/v1/push", post(push::push));
    if app.config.registry.is_some() {
        router = router.route("/registry.json", get(registry::registry));
    }
    let router = router
        .merge(api)
        .merge(me)
        .with_state(app.clone())
        .merge(page::page(app.config.dist.as_deref().unwrap_or(Path::new("./dist"))))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "same-origin"));
    let router = if app.config.listen.ip().is_loopback() {
        router.layer(middleware::from_fn(host::check))
    } else {
        router
    };
    router.layer(middleware::from_fn_with_state(app, access::log))
}

fn always(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn no_such_answer() -> Response {
    error(StatusCode::NOT_FOUND, "there is no such address under /api")
}

/// How `/api` says no: `{"error":"sentence"}`.
pub fn error(status: StatusCode, sentence: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": sentence }))).into_response()
}
