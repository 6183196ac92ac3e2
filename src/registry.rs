//! The registry, as the page, the server and the commands read it.

pub use ::registry::{Component, Registry};
