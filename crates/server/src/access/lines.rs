//! Lines for a log agent, written by a thread of their own: who reads them slowly, or not at all,
//! holds up no request.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Lines that may wait for the reader.
const WAITING: usize = 4_096;
/// Bytes that are written at once, and one line.
const PIECE: usize = 32 << 10;

#[derive(Clone)]
pub struct Lines {
    queue: SyncSender<String>,
    /// Lines that found no room since the last one that did.
    missed: Arc<AtomicU64>,
}

impl Lines {
    pub(super) fn to(output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (queue, lines) = sync_channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let counter = missed.clone();
        thread::Builder::new().name("access-log".into()).spawn(move || {
            // A reader that went away is no reason to end; nobody reads on then.
            let _ = write(output, &lines, &counter);
        })?;
        Ok(Self { queue, missed })
    }

    /// Hands over one line, without its end; it is dropped and counted when there is no room.
    pub fn write(&self, line: String) {
        if self.queue.try_send(line).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write(
    mut output: impl Write,
    lines: &Receiver<String>,
    missed: &AtomicU64,
) -> std::io::Result<()> {
    while let Ok(mut text) = lines.recv() {
        text.push('\n');
        while text.len() < PIECE
            && let Ok(line) = lines.try_recv()
        {
            text.push_str(&line);
            text.push('\n');
        }
        let count = missed.swap(0, Ordering::Relaxed);
        if count > 0 {
            text.push_str(&format!(
                "{{\"event\":\"lines_missed\",\"level\":\"warn\",\"count\":{count}}}\n"
            ));
        }
        // Whole lines at once: others may write to the same output.
        output.write_all(text.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}
