//! The files in the repository are those that the queries make.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

#[test]
fn the_committed_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let registry = fs::read_to_string(root.join("static/registry.json")).unwrap();
    let stale: Vec<_> = logql::grafana::files(&registry)
        .unwrap()
        .into_iter()
        .filter(|file| fs::read_to_string(root.join(&file.path)).ok().as_ref() != Some(&file.text))
        .map(|file| file.path)
        .collect();
    assert!(stale.is_empty(), "run `cargo xtask grafana`; stale: {stale:?}");
}
