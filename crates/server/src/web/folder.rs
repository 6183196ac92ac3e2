//! The page's files in a folder (`--dist`). What leaves the folder through a link, and what is no
//! regular file, is not there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::{
    packing,
    web::{name, negotiate, page::Found},
};

/// Files of these sizes are packed on the way when nobody packed them ahead.
const WORTH_PACKING: std::ops::RangeInclusive<u64> = 1_024..=(4 << 20);

/// Where a name leads.
enum Place {
    File { path: PathBuf, is_front: bool, has_br: bool, has_gzip: bool, bytes: u64 },
    Folder,
}

/// Serves the file `name`.
pub async fn serve(folder: PathBuf, name: String, request: Request) -> Response {
    let look = move || place(&folder, &name);
    let Ok(Some(place)) = tokio::task::spawn_blocking(look).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match place {
        Place::File { path, is_front, has_br, has_gzip, bytes } => {
            let is_whole =
                request.method() == Method::GET && !request.headers().contains_key(header::RANGE);
            let packs = is_whole
                && !has_gzip
                && WORTH_PACKING.contains(&bytes)
                && negotiate::takes(request.headers(), "gzip");
            let mut file = ServeFile::new(path);
            if has_br {
                file = file.precompressed_br();
            }
            if has_gzip {
                file = file.precompressed_gzip();
            }
            match file.oneshot(request).await {
                Ok(response) => {
                    let response = response.map(Body::new);
                    let response = if packs { packed(response).await } else { response };
                    Found { is_front }.tell(response)
                }
                Err(never) => match never {},
            }
        }
        Place::Folder => to_folder(request.uri().path()),
    }
}

/// The same answer as gzip, if it is a text that is not packed yet.
async fn packed(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let packs = kind.is_some_and(|kind| {
        ["text/", "javascript", "json", "xml", "wasm"].iter().any(|part| kind.contains(part))
    });
    if !packs
        || head.status != StatusCode::OK
        || head.headers.contains_key(header::CONTENT_ENCODING)
    {
        return Response::from_parts(head, body);
    }
    let longest = usize::try_from(*WORTH_PACKING.end()).unwrap_or(usize::MAX);
    let Ok(plain) = to_bytes(body, longest).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let whole = plain.clone();
    let gzip = tokio::task::spawn_blocking(move || packing::gzip(&whole)).await.ok().flatten();
    let Some(gzip) = gzip else { return Response::from_parts(head, plain.into()) };
    // Of the plain file, and so a weak one of this form.
    let tag = head.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let tag = tag.and_then(|tag| HeaderValue::from_str(&format!("W/{tag}")).ok());
    if let Some(tag) = tag {
        head.headers.insert(header::ETAG, tag);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::ACCEPT_RANGES);
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(head, gzip.into())
}

fn place(folder: &Path, name: &str) -> Option<Place> {
    let folder = fs::canonicalize(folder).ok()?;
    // Its kind goes by the name that was asked for, also behind a link.
    let path = folder.join(name);
    let real = inside(&folder, &path)?;
    let plain = fs::metadata(&real).ok()?;
    if plain.is_dir() {
        return Some(Place::Folder);
    }
    // A packed form that is older than the file tells of an earlier one.
    let is_current = |ending: &str| {
        let packed = inside(&folder, &folder.join(format!("{name}{ending}")))?;
        let packed = fs::metadata(packed).ok().filter(fs::Metadata::is_file)?;
        Some(packed.modified().ok()? >= plain.modified().ok()?)
    };
    plain.is_file().then(|| Place::File {
        is_front: real == folder.join("index.html"),
        has_br: is_current(".br") == Some(true),
        has_gzip: is_current(".gz") == Some(true),
        bytes: plain.len(),
        path,
    })
}

/// The path without links, when it is still in the folder and nothing on the way is hidden.
fn inside(folder: &Path, path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let rest = path.strip_prefix(folder).ok()?;
    // Kubernetes mounts a folder as links to one like `..2026_11_27`.
    let is_open = |part: &str| name::is_visible(part) || part.starts_with("..");
    rest.iter().all(|part| part.to_str().is_some_and(is_open)).then_some(path)
}

/// A folder has a slash at its end, so that what its page names stands beside it. Relative: a proxy may
/// have taken the beginning of the path away.
fn to_folder(path: &str) -> Response {
    let last = path.rsplit('/').next().unwrap_or_default();
    match HeaderValue::from_str(&format!("./{last}/")) {
        Ok(location) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
