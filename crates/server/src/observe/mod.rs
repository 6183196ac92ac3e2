//! How it goes: numbers for Prometheus, whether events can be taken, and an id for each request.

mod exposition;
mod log;
mod metrics;
mod pulse;
mod ready;
mod request;
mod sinks;
mod trouble;

pub use log::start as start_log;
pub use metrics::{Metrics, metrics};
pub use pulse::pulse;
pub use ready::ready;
pub use request::{RequestId, measure, name};
pub use sinks::sinks;
pub use trouble::{Of, Trouble, Troubles};
