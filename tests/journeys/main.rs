//! Journeys of a person through the built page, in a real Chromium, against the real server, read
//! back from the real store. `cargo xtask test` builds what they need and says where it is.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod addresses;
mod charts;
mod commands;
mod consent;
mod demo;
mod failures;
mod flood;
mod frames;
mod hosting;
mod insights;
mod live;
mod looks;
mod origins;
mod privacy;
mod sample;
mod sessions;
mod site;
mod tracked;
