//! The page's files in a folder (`--dist`). What leaves the folder through a link, and what is no
//! regular file, is not there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::web::{name, page::Found};

/// Where a name leads.
enum Place {
    File { path: PathBuf, is_front: bool, has_br: bool, has_gzip: bool },
    Folder,
}

/// Serves the file `name`.
pub async fn serve(folder: PathBuf, name: String, request: Request) -> Response {
    let look = move || place(&folder, &name);
    let Ok(Some(place)) = tokio::task::spawn_blocking(look).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match place {
        Place::File { path, is_front, has_br, has_gzip } => {
            let mut file = ServeFile::new(path);
            if has_br {
                file = file.precompressed_br();
            }
            if has_gzip {
                file = file.precompressed_gzip();
            }
            match file.oneshot(request).await {
                Ok(response) => Found { is_front }.tell(response.map(Body::new)),
                Err(never) => match never {},
            }
        }
        Place::Folder => to_folder(request.uri().path()),
    }
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
