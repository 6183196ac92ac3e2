//! Serves the page, takes its events in as Loki would, keeps them in one SQLite file, and answers
//! questions about them.
//!
//! - `GET /`: the built page, from inside the program or from `--dist`.
//! - `GET /registry.json`: `--registry`, or the page's own.
//! - `POST /loki/api/v1/push`: events in.
//! - `GET /api/insights/..`: answers out, each held to the definition in `insights`.
//! - `POST /api/analytics`: events of clients without our tracker.
//! - `POST /api/sample`: a believable month, into an empty store of this machine.
//! - `GET /api/me` and `DELETE /api/me`: what is stored of a person, for that person.
//! - `GET /healthz`, `GET /readyz`, `GET /metrics`.

pub mod access;
pub mod answers;
mod clock;
mod guard;
mod health;
#[doc(hidden)]
pub mod hostile;
mod listen;
pub mod loki;
pub mod observe;
pub mod outbox;
mod packing;
pub mod person;
mod push;
pub mod registry;
mod regular_file;
mod retention;
mod run;
pub mod sample;
mod settings;
pub mod store;
mod web;

pub use health::{HealthError, healthcheck};
pub use run::{RunError, rebuild, run, task};
pub use settings::{
    AccessLog, Config, ConfigError, LogFormat, Origin, Task, Wish, load, without_credentials,
};
pub use web::{App, router};
