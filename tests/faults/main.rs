//! Everything that can go wrong between a person's click and the store, in a real Chromium, before a
//! real server: one row each, with what was recorded, what was stored, and what was sent again.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod answer;
mod browser;
mod clock;
mod console;
mod old;
mod receiver;
mod row;
mod thrown;
mod unseen;
