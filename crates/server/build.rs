//! Says where the page stands that goes into the program: `dist`, or the folder in `CLM_PAGE`.

use std::{
    env,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo:rerun-if-env-changed=CLM_PAGE");
    let page = env::var_os("CLM_PAGE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist"), PathBuf::from);
    println!("cargo:rerun-if-changed={}", page.display());
    println!("cargo:rustc-env=CLM_PAGE_DIR={}", page.display());
    let is_wanted = env::var_os("CARGO_FEATURE_PAGE").is_some();
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_wanted && is_release && !page.join("index.html").is_file() {
        println!(
            "cargo:warning=no page is built, so none goes into the program: `cargo xtask build` does both"
        );
    }
}
