//! A picture of every page and state, on the sample data, in two sizes and both themes, into
//! `screenshots/`. Not a test: `cargo xtask screenshots` runs it for somebody who looks at them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

use std::{fs, path::Path};

use support::{Person, Site, states};

const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];

#[tokio::test]
async fn every_page_and_state_has_its_picture() {
    let site = Site::start(None).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let filler = Person::arrive(&site, "").await;
    filler.evaluate("fetch('api/sample', { method: 'POST' })").await;
    site.rows_until(|rows| !rows.is_empty()).await;
    filler
        .evaluate(
            "window.look = setInterval(async () => { \
                 window.full = !(await (await fetch('api/sample')).json()).running }, 500)",
        )
        .await;
    filler.until("return window.full === true", 0).await;
    filler.leave().await;
    for (width, height) in SIZES {
        for scheme in ["light", "dark"] {
            let folder = folder.join(format!("{width}x{height}-{scheme}"));
            fs::create_dir_all(&folder).unwrap();
            let person = Person::arrive(&site, "").await;
            person.resize(width, height).await;
            let still = ("prefers-reduced-motion", "reduce");
            person.prefer(&[("prefers-color-scheme", scheme), still]).await;
            let look = async |state: &str| {
                fs::write(folder.join(format!("{state}.png")), person.picture().await).unwrap();
            };
            states::walk(&person, "30d", look).await;
            person.leave().await;
        }
    }
}
