//! The server's own log, on stderr. One line stays one line, whatever a client or Loki said.

use std::io::{self, Write};

use tracing::Level;
use tracing_subscriber::{fmt, fmt::MakeWriter};

use crate::{access::plain, settings::LogFormat};

/// From now on what is told with `tracing` is written. A second start changes nothing.
pub fn start(format: LogFormat) {
    let log = fmt().with_writer(PlainStderr).with_max_level(Level::INFO).with_target(false);
    let _ = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).try_init(),
    };
}

struct PlainStderr;

impl<'a> MakeWriter<'a> for PlainStderr {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// The line of one event, written when it is whole.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.0);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        // In JSON such signs are escaped already, but for those above ASCII.
        let line = match line.strip_prefix('{') {
            Some(_) => plain::json(line.to_owned()),
            None => plain::text(line),
        };
        let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}
