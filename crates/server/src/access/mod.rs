//! Tracking on the server's side: a line for every request, and `POST /api/analytics` for clients
//! that have no tracker of ours.

mod address;
mod analytics;
mod day;
mod files;
mod lines;
mod log;
pub mod plain;

use std::io::Write;

pub use address::ClientIp;
pub use analytics::{ANALYTICS, checked, routes};
pub use files::DailyFiles;
pub use lines::Lines;
pub use log::log;

use tracking::UserId;

use address::Salt;

/// The event of the line for a request, and of the one that counts lines that were lost.
pub const HTTP_REQUEST: &str = "http_request";
pub const LINES_MISSED: &str = "lines_missed";

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
        Ok(Self { lines: Some(Lines::to(output, None)?), client_ip, salt: Salt::new()? })
    }

    /// The same into files of our own.
    ///
    /// # Errors
    /// As [`Access::to`].
    pub fn to_files(files: DailyFiles, client_ip: ClientIp) -> std::io::Result<Self> {
        let dir = files.dir().to_owned();
        Ok(Self { lines: Some(Lines::to(files, Some(dir))?), client_ip, salt: Salt::new()? })
    }

    /// Makes the lines unreadable that tell of `user`, as far as they stand in files of ours.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub async fn erase(&self, user: &UserId) -> std::io::Result<()> {
        match &self.lines {
            Some(lines) => lines.blank(format!("\"{}\"", user.as_str())).await,
            None => Ok(()),
        }
    }

    /// None when nobody reads.
    #[must_use]
    pub fn lines(&self) -> Option<&Lines> {
        self.lines.as_ref()
    }
}
