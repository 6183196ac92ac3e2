//! One request from its beginning to its end: a name to find it by, and how long it took.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

use crate::web::App;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// 16 hex digits of our own: what a client calls its request is not written anywhere.
#[derive(Clone)]
pub struct RequestId(pub Arc<str>);

impl RequestId {
    fn new() -> Self {
        let mut bytes = [0; 8];
        // Without randomness all are called alike; no request fails for it.
        let _ = getrandom::fill(&mut bytes);
        Self(
            bytes
                .iter()
                .fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                })
                .into(),
        )
    }
}

/// Names the request for the logs and for the client.
pub async fn name(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = &*id.0);
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Counts the request and its time under its route.
pub async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let start = Instant::now();
    let response = next.run(request).await;
    // Files have no route of their own.
    let route = route.unwrap_or_else(|| "page".into());
    app.metrics.requested(route, response.status(), start.elapsed());
    response
}
