//! Lines for a log agent, written by a thread of their own: who reads them slowly, or not at all,
//! holds up no request. Whatever a client sent, a line is one line, and safe to look at in a terminal.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, task::spawn_blocking};

use crate::access::{LINES_MISSED, files, plain};

/// Lines that may wait for the reader.
const WAITING: usize = 4_096;
/// Bytes that are written at once, and one line.
const PIECE: usize = 32 << 10;
/// How often the output may clean up while there is nothing to write.
const CLEAN_UP: Duration = Duration::from_secs(60 * 60);

/// What the thread has to do, in its order.
enum Job {
    Line(String),
    /// Blank the lines with this text in the files that were written before.
    Blank(String, oneshot::Sender<io::Result<()>>),
}

#[derive(Clone)]
pub struct Lines {
    queue: SyncSender<Job>,
    /// Lines that found no room since the last one that did.
    missed: Arc<AtomicU64>,
}

impl Lines {
    /// Writes to `output`, whose files stand in `dir` if it has any.
    pub(super) fn to(
        output: impl Write + Send + 'static,
        dir: Option<PathBuf>,
    ) -> io::Result<Self> {
        let (queue, lines) = sync_channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        let counter = missed.clone();
        thread::Builder::new().name("access-log".into()).spawn(move || {
            write(output, dir.as_deref(), &lines, &counter);
        })?;
        Ok(Self { queue, missed })
    }

    /// Makes the lines with `text` unreadable that stand in files of ours; what an agent has read, or stdout
    /// has taken, is out of our hands.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub async fn blank(&self, text: String) -> io::Result<()> {
        let (done, ended) = oneshot::channel();
        let queue = self.queue.clone();
        // It waits for room: an erasure is not a line that may be missed.
        let sent = spawn_blocking(move || queue.send(Job::Blank(text, done)).is_ok()).await;
        match sent {
            Ok(true) => ended.await.map_err(io::Error::other)?,
            _ => Err(io::Error::other("the lines are not written any more")),
        }
    }

    /// Hands over one line, without its end; it is dropped and counted when there is no room.
    pub fn write(&self, line: String) {
        if self.queue.try_send(Job::Line(line)).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes until nobody hands over any more. An output that fails may be well again later: what it did not
/// take is counted, and said once.
fn write(mut output: impl Write, dir: Option<&Path>, jobs: &Receiver<Job>, missed: &AtomicU64) {
    let mut is_failing = false;
    let mut next = None;
    loop {
        let job = next.take().map_or_else(|| jobs.recv_timeout(CLEAN_UP), Ok);
        let first = match job {
            Ok(Job::Line(line)) => line,
            Ok(Job::Blank(text, done)) => {
                let _ = done.send(dir.map_or(Ok(()), |dir| files::blank(dir, &text)));
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {
                let _ = output.flush();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut text = plain::json(first);
        text.push('\n');
        let mut count = 1;
        while text.len() < PIECE
            && next.is_none()
            && let Ok(job) = jobs.try_recv()
        {
            match job {
                Job::Line(line) => {
                    text.push_str(&plain::json(line));
                    text.push('\n');
                    count += 1;
                }
                Job::Blank(..) => next = Some(job),
            }
        }
        let before = missed.swap(0, Ordering::Relaxed);
        if before > 0 {
            text.push_str(&format!(
                "{{\"event\":\"{LINES_MISSED}\",\"level\":\"warn\",\"count\":{before}}}\n"
            ));
        }
        // Whole lines at once: others may write to the same output.
        let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        if let Err(error) = &written {
            missed.fetch_add(before + count, Ordering::Relaxed);
            if !is_failing {
                tracing::warn!("request lines cannot be written and are lost: {error}");
            }
        }
        is_failing = written.is_err();
    }
}
