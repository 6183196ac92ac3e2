//! Tracking on the server's side: a line for every request, and `POST /api/analytics` for clients
//! that have no tracker of ours.

mod address;
mod analytics;
mod lines;
mod log;

use std::io::Write;

pub use address::ClientIp;
pub use analytics::{checked, routes};
pub use lines::Lines;
pub use log::log;

use address::Salt;

/// Where lines go and what they say of who asks. Clones share one output.
#[derive(Clone, Default)]
pub struct Access {
    lines: Option<Lines>,
    client_ip: ClientIp,
    salt: Salt,
}

impl Access {
    /// Writes one JSON line per request to `output`.
    ///
    /// # Errors
    /// When there is no thread or no randomness to be had.
    pub fn to(output: impl Write + Send + 'static, client_ip: ClientIp) -> std::io::Result<Self> {
        Ok(Self { lines: Some(Lines::to(output)?), client_ip, salt: Salt::new()? })
    }

    /// None when nobody reads.
    #[must_use]
    pub fn lines(&self) -> Option<&Lines> {
        self.lines.as_ref()
    }
}
