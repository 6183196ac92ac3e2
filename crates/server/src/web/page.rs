//! The built page: files from `--dist`, compressed ahead, cached by what their names promise.

use std::path::Path;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
};
use tower_http::services::ServeDir;

const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>CLM Dashboard</title><h1>The server runs, the page is not built yet</h1>\
    <p>Run <code>cargo xtask demo</code>, or point <code>--dist</code> at a built page, and reload.</p>";

pub fn page(dist: &Path) -> Router {
    let files = ServeDir::new(dist).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(files).layer(middleware::from_fn(finish))
}

async fn finish(request: Request, next: Next) -> Response {
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
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// Whether the file's name holds `-` and 16 hex digits and then something else, as the build gives
/// it: such a file never changes.
fn has_content_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('-').skip(1).any(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        digits == 16 && part.len() > digits
    })
}

#[cfg(test)]
mod tests {
    use super::has_content_hash;

    #[test]
    fn a_content_hash_is_sixteen_hex_digits_in_the_file_name() {
        assert!(has_content_hash("/clm-dashboard-0123456789abcdef.js"));
        assert!(has_content_hash("/clm-dashboard-0123456789abcdef_bg.wasm"));
        for changing in [
            "/index.html",
            "/snippets/gloo-0123456789abcdef/inline0.js",
            "/a-0123456789abcde.js",
            "/a-0123456789abcdef0.js",
            "/0123456789abcdef.js",
        ] {
            assert!(!has_content_hash(changing), "{changing}");
        }
    }
}
