//! The built page, from `--dist` or from inside the program: compressed ahead, cached by what its
//! names promise, and guarded by a policy that names what it may do.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::any,
};
use serde_json::Value;
use tower_http::services::ServeDir;

#[cfg(feature = "page")]
use crate::web::inside;
use crate::web::{App, policy, registry};

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>CLM Dashboard</title><h1>The server runs, the page is not built yet</h1>\
    <p>Run <code>cargo xtask demo</code>, or point <code>--dist</code> at a built page, and reload.</p>";

/// Where its files are.
#[derive(Clone)]
enum Files {
    Folder(PathBuf),
    Inside,
}

impl Files {
    fn of(app: &App) -> Self {
        app.config.dist.clone().map_or(Self::Inside, Self::Folder)
    }

    async fn read(&self, name: &str) -> Option<Vec<u8>> {
        match self {
            Self::Folder(folder) => tokio::fs::read(folder.join(name)).await.ok(),
            #[cfg(feature = "page")]
            Self::Inside => inside::read(name),
            #[cfg(not(feature = "page"))]
            Self::Inside => None,
        }
    }

    async fn json(&self, name: &str) -> Value {
        let bytes = self.read(name).await.unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }
}

pub fn page(app: &Arc<App>) -> Router {
    let files = match Files::of(app) {
        Files::Folder(folder) => Router::new()
            .fallback_service(ServeDir::new(folder).precompressed_br().precompressed_gzip()),
        #[cfg(feature = "page")]
        Files::Inside => Router::new().fallback(any(inside::serve)),
        #[cfg(not(feature = "page"))]
        Files::Inside => Router::new().fallback(any(|| async { StatusCode::NOT_FOUND })),
    };
    files.layer(middleware::from_fn_with_state(app.clone(), finish))
}

async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_front = matches!(path, "/" | "/index.html");
    let cache =
        if has_content_hash(path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND && is_front {
        response = (StatusCode::NOT_FOUND, Html(MISSING)).into_response();
    }
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let cache = if found { cache } else { "no-cache" };
    let policy = if is_front && found {
        HeaderValue::from_str(&front_policy(&app).await).ok()
    } else {
        Some(HeaderValue::from_static(policy::COMPONENT))
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Made anew each time, as the registry is read anew.
async fn front_policy(app: &App) -> String {
    let files = Files::of(app);
    let html = files.read("index.html").await.unwrap_or_default();
    let registry = match &app.config.registry {
        Some(path) => registry::value(path).await.unwrap_or(Value::Null),
        None => files.json("registry.json").await,
    };
    let config = files.json("config.json").await;
    policy::front(&String::from_utf8_lossy(&html), &registry, &config)
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
        assert!(has_content_hash("/clm-dashboard-0123456789abcdef.js"));
        assert!(has_content_hash("/clm-dashboard-0123456789abcdef_bg.wasm"));
        assert!(has_content_hash("/clm-dashboard-123456789abcdef_bg.wasm"));
        for changing in [
            "/index.html",
            "/snippets/gloo-0123456789abcdef/inline0.js",
            "/a-0123456789ab.js",
            "/a-0123456789abcdef0.js",
            "/0123456789abcdef.js",
        ] {
            assert!(!has_content_hash(changing), "{changing}");
        }
    }
}
