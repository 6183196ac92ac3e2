//! Whose pages may write here: our own, and those of the origins that the operator allows.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::cors::CorsLayer;

use crate::{
    guard::{authority::Authority, host},
    push,
    settings::{Config, Origin},
    web::App,
};

/// How long a browser may remember that it may push.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells browsers what the allowed origins may send, and what of the answers their pages may read:
/// also of those that say no.
pub fn cors(config: &Config) -> CorsLayer {
    let allowed: Vec<HeaderValue> =
        config.origins.iter().filter_map(|origin| origin.as_str().parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::CONTENT_ENCODING])
        .expose_headers([header::RETRY_AFTER, push::SKEW])
        .max_age(REMEMBERED)
}

/// Refuses what a page of another origin wants to change. A browser sends `Origin` with all of
/// that; a program that sends none is not driven by somebody's page.
pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut origins = request.headers().get_all(header::ORIGIN).iter().map(HeaderValue::to_str);
    let is_allowed = match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(Ok(origin)), None) => is_allowed(origin, &request, &app.config),
        _ => false,
    };
    if is_reading || is_allowed {
        return next.run(request).await;
    }
    let sentence = "pages of that origin may not write here; the operator can add it with \
                    --allow-origin, or let the proxy pass the Host header on with its port\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}

fn is_allowed(origin: &str, request: &Request, config: &Config) -> bool {
    let Some(page) = Authority::of_origin(origin) else { return false };
    host::of(request).is_some_and(|host| is_same(&page, &host, request.headers()))
        // A development server passes another port on.
        || (config.listen.ip().is_loopback()
            && config.hosts.is_empty()
            && host::is_ours(&page, config))
        || origin.parse::<Origin>().is_ok_and(|origin| config.origins.contains(&origin))
}

/// Whether the page has the origin that the request was sent to. A proxy may have taken the scheme
/// away, and with it which port no port means.
fn is_same(page: &Authority, host: &Authority, headers: &HeaderMap) -> bool {
    let fits = match host.port {
        Some(port) => page.port == Some(port),
        None => matches!(page.port, Some(80 | 443)) || says_same_origin(headers),
    };
    page.name == host.name && fits
}

/// A proxy that drops the port leaves what the browser itself says of both; no page can write it.
fn says_same_origin(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}
