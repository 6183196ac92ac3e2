//! The server's own log, on stderr.

use tracing::Level;
use tracing_subscriber::fmt;

use crate::settings::LogFormat;

/// From now on what is told with `tracing` is written. A second start changes nothing.
pub fn start(format: LogFormat) {
    let log = fmt().with_writer(std::io::stderr).with_max_level(Level::INFO).with_target(false);
    let _ = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).try_init(),
    };
}
