//! The events in one SQLite file: one thread writes, any number read.

mod row;
mod schema;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use row::Row;
pub use writer::Writer;

/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Requests that may wait for the writer.
const WAITING: usize = 256;
/// Questions answered at the same time.
const READERS: usize = 4;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the file was written by a newer version ({0})")]
    Newer(i64),
    #[error("a stored line cannot be read: {0}")]
    Line(#[from] tracking::InvalidLine),
    #[error("the answer cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("too many requests wait for the disk")]
    Busy,
    #[error("{0}")]
    Write(String),
    #[error("the store has stopped")]
    Stopped,
}

#[derive(Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    jobs: mpsc::Sender<writer::Job>,
    readers: Arc<Semaphore>,
}

impl Store {
    /// Opens `<data>/events.db`, making both when missing, and starts the writer, which ends when
    /// the last [`Store`] is gone.
    ///
    /// # Errors
    /// When the file cannot be made, opened or understood.
    pub fn open(data: &Path) -> Result<(Self, Writer), StoreError> {
        std::fs::create_dir_all(data)?;
        let path = data.join("events.db");
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY)?;
        schema::prepare(&mut connection)?;
        let (jobs, queue) = mpsc::channel(WAITING);
        let writer = Writer::start(connection, queue)?;
        let store = Self { path: Arc::new(path), jobs, readers: Arc::new(Semaphore::new(READERS)) };
        Ok((store, writer))
    }

    /// Stores what is not there yet. When it returns, the rows are on disk.
    ///
    /// # Errors
    /// When they could not be stored; none of them are then.
    pub async fn insert(&self, rows: Vec<Row>, received_ms: u64) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.jobs.try_send(writer::Job { rows, received_ms, done }).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => StoreError::Busy,
                mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
            },
        )?;
        answer.await.map_err(|_| StoreError::Stopped)?.map_err(StoreError::Write)
    }

    /// Runs `ask` beside the writer, on one unchanging state of the file.
    ///
    /// # Errors
    /// When the file cannot be read or `ask` fails.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.readers.clone().acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || {
            // Held in here: a client that goes away does not stop its question.
            let _permit = permit;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let mut connection = Connection::open_with_flags(path.as_ref(), flags)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "query_only", true)?;
            let transaction = connection.transaction()?;
            ask(&transaction)
        })
        .await
        .map_err(|_| StoreError::Stopped)?
    }
}
