//! Whose pages may write here: our own, and those of the origins that the operator allows.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::cors::CorsLayer;

use crate::{guard::host, settings::Config, web::App};

/// How long a browser may remember that it may push.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells browsers what the allowed origins may send.
pub fn cors(config: &Config) -> CorsLayer {
    let allowed: Vec<HeaderValue> =
        config.origins.iter().filter_map(|origin| origin.as_str().parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING])
        .max_age(REMEMBERED)
}

/// Refuses what a page of another origin wants to change. A browser sends `Origin` with all of
/// that; a program that sends none is not driven by somebody's page.
pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_allowed = match request.headers().get(header::ORIGIN).map(HeaderValue::to_str) {
        None => true,
        Some(Ok(origin)) => is_allowed(origin, host::of(&request), &app.config),
        Some(Err(_)) => false,
    };
    if is_reading || is_allowed {
        return next.run(request).await;
    }
    let sentence = "pages of that origin may not; the operator can add it with --allow-origin\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}

fn is_allowed(origin: &str, host: Option<&str>, config: &Config) -> bool {
    let Some((_, authority)) = origin.split_once("://") else { return false };
    // A proxy may have taken the scheme away, and a development server the port.
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
        || (config.listen.ip().is_loopback()
            && config.hosts.is_empty()
            && host::is_ours(authority, config))
        || config.origins.iter().any(|allowed| allowed.as_str() == origin)
}
