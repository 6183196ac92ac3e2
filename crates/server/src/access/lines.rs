//! Lines for a log agent, written by a thread of their own: who reads them slowly, or not at all,
//! holds up no request.

use std::{
    io::{BufWriter, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Lines that may wait for the reader.
const WAITING: usize = 4_096;

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

fn write(output: impl Write, lines: &Receiver<String>, missed: &AtomicU64) -> std::io::Result<()> {
    let mut output = BufWriter::new(output);
    while let Ok(first) = lines.recv() {
        let mut next = Some(first);
        while let Some(line) = next {
            writeln!(output, "{line}")?;
            next = lines.try_recv().ok();
        }
        let count = missed.swap(0, Ordering::Relaxed);
        if count > 0 {
            writeln!(
                output,
                "{{\"event\":\"lines_missed\",\"level\":\"warn\",\"count\":{count}}}"
            )?;
        }
        output.flush()?;
    }
    Ok(())
}
