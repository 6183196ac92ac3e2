//! The built page, from `--dist` or from inside the program: compressed ahead, cached by what its
//! names promise, and guarded by policies that go by the file that is served and not by how its address
//! is spelt.

use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::any,
};
use serde_json::Value;

#[cfg(feature = "page")]
use crate::web::inside;
use crate::{
    regular_file,
    web::{App, folder, name, policy},
};

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>CLM Dashboard</title><h1>The server runs, the page is not built yet</h1>\
    <p>Run <code>cargo xtask demo</code>, or point <code>--dist</code> at a built page, and reload.</p>";
/// What a browser never shows as a document of its own.
const NEVER_A_DOCUMENT: [&str; 9] =
    [".css", ".ico", ".jpg", ".js", ".json", ".png", ".wasm", ".webmanifest", ".woff2"];
/// Bytes of a file that the server itself reads.
const MAX_READ: u64 = 4 << 20;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Which file was found, beside the answer that carries it.
#[derive(Clone, Copy)]
pub struct Found {
    pub is_front: bool,
}

impl Found {
    pub fn tell(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

pub fn page(app: &Arc<App>) -> Router {
    Router::new().fallback(any(serve)).with_state(app.clone())
}

async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = name::of(request.uri().path());
    let mut response = match &name {
        Some(name) => file(&app, name.clone(), request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let found = response.extensions().get::<Found>().copied();
    if found.is_none()
        && response.status() == StatusCode::NOT_FOUND
        && name.as_deref() == Some("index.html")
    {
        response = (StatusCode::NOT_FOUND, Html(MISSING)).into_response();
    }
    let name = name.unwrap_or_default();
    let cache = match found {
        Some(_) if has_content_hash(&name) => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if found.is_some_and(|found| found.is_front) {
        guard_front(&app, response.headers_mut()).await;
    } else {
        guard_other(&name, response.headers_mut());
    }
    response
}

#[cfg(feature = "page")]
async fn file(app: &App, name: String, request: Request) -> Response {
    match app.config.dist.clone() {
        Some(folder) => folder::serve(folder, name, request).await,
        None => inside::serve(&name, request.headers()),
    }
}

#[cfg(not(feature = "page"))]
async fn file(app: &App, name: String, request: Request) -> Response {
    match app.config.dist.clone() {
        Some(folder) => folder::serve(folder, name, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Its policy is made anew each time, as the registry is read anew. A window of another origin that opened
/// the page keeps no hold on it; those that components open, to sign in somewhere, still find them.
async fn guard_front(app: &App, headers: &mut HeaderMap) {
    let html = read(app, "index.html").await;
    // A browser drops a byte order mark before the page sees the file.
    let config = serde_json::from_str(&read(app, "config.json").await).unwrap_or(Value::Null);
    let registry = app.registries.refreshed().await;
    let policy = policy::front(&html, registry.frame_origins(), &config);
    // Of letters that a header may hold; a page without a policy is not sent.
    let policy =
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(policy::NOTHING));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin-allow-popups"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
}

/// A component's page has an origin of its own, also towards its own scripts and styles. An opener
/// policy would keep a page with a sandbox from opening at all.
fn guard_other(name: &str, headers: &mut HeaderMap) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let may_run = match kind {
        Some(kind) => kind.contains("html") || kind.contains("xml"),
        // "Not modified" has no type, and its policy takes the place of the one that the browser has kept: with
        // a sandbox, a worker would have no origin any more and could send nothing.
        None => !NEVER_A_DOCUMENT.iter().any(|ending| name.ends_with(ending)),
    };
    let policy = if may_run { policy::COMPONENT } else { policy::FILE };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// A file of the page as the server itself needs it; nothing where there is none.
async fn read(app: &App, name: &'static str) -> String {
    let bytes = match app.config.dist.clone() {
        Some(folder) => {
            let read = move || regular_file::read(&Path::new(&folder).join(name), MAX_READ);
            tokio::task::spawn_blocking(read).await.ok().and_then(Result::ok)
        }
        #[cfg(feature = "page")]
        None => inside::read(name),
        #[cfg(not(feature = "page"))]
        None => None,
    };
    regular_file::text(&bytes.unwrap_or_default())
}

/// Whether the file's name holds `-` and about 16 hex digits (the build leaves zeros in front out) and then
/// something else: such a file never changes.
fn has_content_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('-').skip(1).any(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        (13..=16).contains(&digits) && part.len() > digits
    })
}

#[cfg(test)]
mod tests {
    use super::has_content_hash;

    #[test]
    fn a_content_hash_is_sixteen_hex_digits_in_the_file_name() {
        assert!(has_content_hash("clm-dashboard-0123456789abcdef.js"));
        assert!(has_content_hash("clm-dashboard-0123456789abcdef_bg.wasm"));
        assert!(has_content_hash("clm-dashboard-123456789abcdef_bg.wasm"));
        for changing in [
            "index.html",
            "snippets/gloo-0123456789abcdef/inline0.js",
            "a-0123456789ab.js",
            "a-0123456789abcdef0.js",
            "0123456789abcdef.js",
        ] {
            assert!(!has_content_hash(changing), "{changing}");
        }
    }
}
