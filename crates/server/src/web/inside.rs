//! The page inside the program: what stood in the folder that `build.rs` names when this was built
//! in release. A debug build reads that folder as it is.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::web::{negotiate, page::Found};

#[derive(RustEmbed)]
#[folder = "$CLM_PAGE_DIR"]
#[allow_missing = true]
struct Files;

pub fn read(name: &str) -> Option<Vec<u8>> {
    Files::get(name).map(|file| file.data.into_owned())
}

/// Serves the file `name`.
pub fn serve(name: &str, asked: &HeaderMap) -> Response {
    match Files::get(name) {
        Some(plain) => Found { is_front: name == "index.html" }.tell(answer(name, plain, asked)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(name: &str, plain: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag: String =
        plain.metadata.sha256_hash().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let kind = plain.metadata.mimetype().to_owned();
    let (encoding, file) = packed(name, asked).map_or((None, plain), |(e, file)| (Some(e), file));
    // Each form is a different text to a cache.
    let tag = format!("\"{tag}{}\"", encoding.map_or("", |encoding| &encoding[..1]));
    let mut response = if negotiate::has(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.into_owned()))
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// The smallest form that the client takes.
fn packed(name: &str, asked: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(encoding, _)| negotiate::takes(asked, encoding))
        .find_map(|(encoding, ending)| Some((encoding, Files::get(&format!("{name}.{ending}"))?)))
}
