//! `GET /registry.json`: the registry in use.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    registry::Source,
    web::{App, negotiate},
};

const NO_CACHE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-cache")];

pub async fn registry(State(app): State<Arc<App>>, asked: HeaderMap) -> Response {
    let current = app.registries.refreshed().await;
    let Some(text) = current.text() else { return none(&app).await };
    let gzip = text.gzip.as_ref().filter(|_| negotiate::takes(&asked, "gzip"));
    // Each form is a different text to a cache.
    let tag = format!("\"{}{}\"", text.tag, if gzip.is_some() { "g" } else { "" });
    let mut response = if negotiate::has(&asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = gzip.unwrap_or(&text.plain);
        ([(header::CONTENT_TYPE, "application/json")], body.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if gzip.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// There never was one.
async fn none(app: &App) -> Response {
    match app.registries.fault().await {
        Some(why) => {
            let sentence = format!("the registry {why}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, NO_CACHE, sentence).into_response()
        }
        None => (StatusCode::NOT_FOUND, NO_CACHE).into_response(),
    }
}

/// Whether the registry is served from here and not with the page's other files.
pub fn is_ours(app: &App) -> bool {
    *app.registries.source() != Source::Inside
}
