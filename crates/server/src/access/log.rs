//! One JSON line per request: what was asked for, what it got and how long that took. Nothing that
//! may hold a secret: no query, no body, no header but the two that are named.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use serde::Serialize;
use tracking::limit::shorten;

use crate::{
    access::{Access, HTTP_REQUEST, Lines, address::shown},
    clock::now_ms,
    guard::client::Client,
    observe::RequestId,
    web::App,
};

/// Bytes of a path, a user agent or a referrer that are kept.
const LENGTH: usize = 256;
/// What nginx calls a client that went away before the answer.
const CLIENT_CLOSED: u16 = 499;

#[derive(Serialize)]
struct Line {
    timestamp: u64,
    event: &'static str,
    request_id: String,
    level: &'static str,
    method: String,
    path: String,
    status: u16,
    duration_ms: f64,
    user_agent: String,
    referrer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
}

/// Written when it is dropped, so that a request that is given up has its line too.
struct Written {
    line: Line,
    start: Instant,
    lines: Lines,
}

impl Drop for Written {
    fn drop(&mut self) {
        // Thousandths are as fine as it gets.
        self.line.duration_ms = (self.start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        self.line.level = match self.line.status {
            500.. => "error",
            400.. => "warn",
            _ => "info",
        };
        if let Ok(text) = serde_json::to_string(&self.line) {
            self.lines.write(text);
        }
    }
}

pub async fn log(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Access { lines: Some(lines), client_ip, salt } = &app.config.access else {
        return next.run(request).await;
    };
    let client = request.extensions().get::<Client>();
    let ip = client.and_then(|client| shown(client.ip, *client_ip, *salt));
    let id = request.extensions().get::<RequestId>();
    let mut written = Written {
        line: Line {
            timestamp: now_ms(),
            event: HTTP_REQUEST,
            request_id: id.map_or_else(String::new, |id| id.0.to_string()),
            level: "info",
            method: shorten(request.method().as_str(), 16),
            path: shorten(request.uri().path(), LENGTH),
            status: CLIENT_CLOSED,
            duration_ms: 0.0,
            user_agent: shorten(&text(request.headers(), &header::USER_AGENT), LENGTH),
            referrer: shorten(&bare(&text(request.headers(), &header::REFERER)), LENGTH),
            ip,
        },
        start: Instant::now(),
        lines: lines.clone(),
    };
    let response = next.run(request).await;
    written.line.status = response.status().as_u16();
    response
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let value = headers.get(name).map(header::HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

/// An address without what may be secret in it: query, fragment, user and password.
fn bare(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
            let host = host.rsplit('@').next().unwrap_or_default();
            if rest.contains('/') {
                format!("{scheme}://{host}/{path}")
            } else {
                format!("{scheme}://{host}")
            }
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_referrer_keeps_scheme_host_and_path() {
        for (url, kept) in [
            ("https://a.example/b?token=1#c", "https://a.example/b"),
            ("https://me:pw@a.example/b@c", "https://a.example/b@c"),
            ("https://me:pw@a.example", "https://a.example"),
            ("https://a.example?x=/", "https://a.example"),
            ("/local?x", "/local"),
            ("", ""),
        ] {
            assert_eq!(bare(url), kept);
        }
    }
}
