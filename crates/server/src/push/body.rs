//! A request's body as JSON bytes, with bounds on everything.

use std::{error::Error, io::Read, sync::Arc, time::Duration};

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, header},
};
use http_body_util::LengthLimitError;

use crate::{
    listen::{self, Place},
    push::{MAX_BYTES, Refusal},
};

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// The unpacked body, and how many bytes it had on its way.
pub async fn read(request: Request) -> Result<(Vec<u8>, usize), Refusal> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(Refusal::ContentType);
    }
    let is_gzip = is_gzip(&parts.headers)?;
    let place = parts.extensions.get::<Arc<Place>>();
    let bytes = listen::body(place, PATIENCE, to_bytes(body, MAX_BYTES))
        .await
        .ok_or(Refusal::Slow)?
        .map_err(|error| if is_too_large(&error) { Refusal::TooLarge } else { Refusal::Broken })?;
    let sent = bytes.len();
    Ok((if is_gzip { unzip(&bytes)? } else { bytes.into() }, sent))
}

/// Whether a body that could not be read was too large; else it was cut or badly chunked.
pub fn is_too_large(error: &axum::Error) -> bool {
    error.source().is_some_and(<dyn Error>::is::<LengthLimitError>)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes()) {
        None => Ok(false),
        Some(encoding) if encoding.eq_ignore_ascii_case(b"identity") => Ok(false),
        Some(encoding) if encoding.eq_ignore_ascii_case(b"gzip") => Ok(true),
        Some(_) => Err(Refusal::Encoding),
    }
}

/// Stops unpacking at the limit, whatever the rest would be.
pub fn unzip(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut unpacked)
        .map_err(|_| Refusal::Gzip)?;
    if unpacked.len() > MAX_BYTES { Err(Refusal::TooLarge) } else { Ok(unpacked) }
}
