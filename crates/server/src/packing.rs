//! Packing what is sent more than once or is long.

use std::io::Write;

use axum::body::Bytes;
use flate2::{Compression, write::GzEncoder};

/// As gzip.
pub fn gzip(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Nothing goes wrong in memory; without it the plain text is sent.
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.ok().map(Bytes::from)
}
