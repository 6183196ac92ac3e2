//! The events in one SQLite file: one thread writes, any number read.

mod backup;
mod erased;
mod file;
mod folder;
mod health;
mod ledger;
mod log;
mod names;
mod note;
mod outbox;
mod place;
mod probe;
mod retention;
mod row;
mod schema;
pub(crate) mod segments;
pub(crate) mod sheet;
mod writer;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tracking::UserId;

use crate::{
    observe::Metrics,
    retention::{Believed, Witnesses},
};
use file::{File, Shared};
use folder::Folder;

pub use backup::{BackupError, Copied, Restored, backup, restore};
pub use erased::{AtLoki, Erased, Erasure, find as find_erasure};
pub use note::Note;
pub use outbox::{
    Cut, Held, Knows, Lane, Next, Outgoing, Refused, Report, RetryError, Standing, Stored, Why,
    retry_refused,
};
pub use retention::Bound;
pub use row::Row;
pub use segments::Packing;
pub use writer::Writer;

/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Requests that may wait for the writer, and what else may beside them.
const WAITING: usize = 256;
const SPARE: usize = 16;
/// How often somebody looks at the log.
const TEND: Duration = Duration::from_secs(5);
/// Events of somebody who looks at an empty dashboard.
const FIRST_LOOK: i64 = 200;
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
    #[error("what is kept ready for the answers cannot be read; --rebuild-counts makes it anew")]
    Packed,
    #[error("the answer cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("too many requests wait for the disk")]
    Busy,
    #[error(
        "another server works in this folder: stop it first, or choose another folder with --data"
    )]
    Taken,
    /// What is wrong was said in the log already.
    #[error("{0}")]
    Unwell(String),
    #[error("{0}")]
    Damaged(String),
    #[error("the log beside the file is as long as it may be: a program reads the file for long")]
    LogFull,
    #[error("{0}")]
    Write(String),
    #[error("the store has stopped")]
    Stopped,
}

#[derive(Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    jobs: mpsc::Sender<writer::Job>,
    shared: Shared,
    /// What somebody saw who looked whether all is well.
    last_look: Arc<Mutex<Option<probe::Look>>>,
    packing: Packing,
}

/// What became of rows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inserted {
    /// Places of those whose user was erased; nothing is stored of them.
    pub erased: Vec<usize>,
    /// Rows that were not there before.
    pub new: usize,
}

impl Store {
    /// Opens `<data>/events.db`, making both when missing, and starts the writer, which ends when
    /// the last [`Store`] is gone.
    ///
    /// # Errors
    /// When the file cannot be made, opened or understood.
    pub fn open(data: &Path) -> Result<(Self, Writer), StoreError> {
        Self::open_packing(data, 0, Metrics::default(), Packing::default())
    }

    /// The same, with at most `max_bytes` in the file (0 is no limit); its commits are counted in
    /// `metrics`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        data: &Path,
        max_bytes: u64,
        metrics: Metrics,
    ) -> Result<(Self, Writer), StoreError> {
        Self::open_packing(data, max_bytes, metrics, Packing::default())
    }

    /// The same, packing at other limits than usual: for tests of what is packed.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_packing(
        data: &Path,
        max_bytes: u64,
        metrics: Metrics,
        packing: Packing,
    ) -> Result<(Self, Writer), StoreError> {
        let folder = Folder::open(data)?;
        let path = Arc::new(folder.events());
        let file = File::open(folder, max_bytes, packing)?;
        let shared = file.shared();
        let (jobs, queue) = mpsc::channel(WAITING + SPARE);
        let writer = Writer::start(file, queue, metrics)?;
        Ok((Self { path, jobs, shared, last_look: Arc::default(), packing }, writer))
    }

    /// Tells so many components apart that the registry does not know.
    pub fn tell_apart(&self, max_unknown: usize, knows: Knows) {
        self.shared.rules.set(max_unknown, knows);
    }

    /// Stores what is not there yet, but nothing of users whose data was erased. When it returns, the
    /// rest is on disk.
    ///
    /// # Errors
    /// When they could not be stored; none of them are then.
    pub async fn insert(&self, rows: Vec<Row>, received_ms: u64) -> Result<Inserted, StoreError> {
        self.add(rows, Vec::new(), received_ms).await
    }

    /// Stores `note`, unless the data of its user was erased: then it says no.
    ///
    /// # Errors
    /// When it could not be stored.
    pub async fn note(&self, note: Note) -> Result<bool, StoreError> {
        let received_ms = note.received_ms;
        Ok(self.add(Vec::new(), vec![note], received_ms).await?.erased.is_empty())
    }

    async fn add(
        &self,
        rows: Vec<Row>,
        notes: Vec<Note>,
        received_ms: u64,
    ) -> Result<Inserted, StoreError> {
        let (done, answer) = oneshot::channel();
        // A few places are for those that look whether all is well, and for what keeps the store in order.
        if self.jobs.capacity() <= SPARE {
            return Err(StoreError::Busy);
        }
        self.hand_over(writer::Job::Insert(writer::Insert { rows, notes, received_ms, done }))?;
        let stored = answer.await.map_err(|_| StoreError::Stopped)?;
        stored.map_err(|text| match self.shared.health.trouble() {
            Some(trouble) => StoreError::Unwell(trouble),
            None => StoreError::Write(text),
        })
    }

    fn hand_over(&self, job: writer::Job) -> Result<(), StoreError> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })
    }

    /// Removes all that is stored of `user`; what comes of them later is refused. With `has_loki`,
    /// Loki's turn is remembered too.
    ///
    /// # Errors
    /// When nothing was removed.
    pub async fn erase(
        &self,
        user: UserId,
        now_ms: u64,
        has_loki: bool,
    ) -> Result<Erased, StoreError> {
        let packing = self.packing;
        self.alone(move |file| erase(file, &user, now_ms, has_loki, &packing)).await
    }

    /// As [`Store::erase`]; but of somebody of whom nothing is stored, and nothing was erased, nothing is
    /// written either, and Loki is asked nothing: then it is none.
    ///
    /// # Errors
    /// When nothing was removed.
    pub async fn erase_known(
        &self,
        user: UserId,
        now_ms: u64,
        has_loki: bool,
    ) -> Result<Option<Erased>, StoreError> {
        let packing = self.packing;
        self.alone(move |file| {
            if file.known.is_stranger(&file.connection, &user)? {
                return Ok(None);
            }
            erase(file, &user, now_ms, has_loki, &packing).map(Some)
        })
        .await
    }

    /// Changes the file, between the writer's commits.
    ///
    /// # Errors
    /// When `change` fails; its transaction is rolled back then.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.alone(move |file| {
            let transaction =
                file.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let before = transaction.total_changes();
            let changed = change(&transaction)?;
            let counted = ledger::count(&transaction, before)?;
            transaction.commit()?;
            file.settle(counted)?;
            Ok(changed)
        })
        .await
    }

    /// The next events for `sink` of those that are its turn, noted as about to leave.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub async fn next_batch(&self, sink: &'static str, cut: Cut) -> Result<Next, StoreError> {
        self.change(move |file| outbox::next(file, sink, &cut)).await
    }

    /// The same of those that wait in the order in which they happened.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub async fn next_late(&self, sink: &'static str, cut: Cut) -> Result<Next, StoreError> {
        self.change(move |file| outbox::next_late(file, sink, &cut)).await
    }

    /// Which of `cursors` are still stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn still_stored(&self, cursors: Vec<i64>) -> Result<HashSet<i64>, StoreError> {
        self.read(move |file| outbox::still_stored(file, &cursors)).await
    }

    /// `sink` is through with `batch`.
    ///
    /// # Errors
    /// When that cannot be written; the batch is sent again then, byte for byte.
    pub async fn batch_done(
        &self,
        sink: &'static str,
        batch: &Outgoing,
        report: Report,
        now_ms: u64,
    ) -> Result<(), StoreError> {
        let lane = batch.lane;
        let events: Vec<_> =
            batch.events.iter().map(|event| (event.timestamp_ms, event.cursor)).collect();
        self.change(move |file| match lane {
            Lane::Live { end } => outbox::done(file, sink, end, &report, now_ms),
            Lane::Late => outbox::late_done(file, sink, &events, &report, now_ms),
        })
        .await
    }

    /// Whether what waits in the order in which it happened should set off.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn late_is_due(&self, sink: &'static str, now_ms: u64) -> Result<bool, StoreError> {
        self.read(move |file| outbox::is_due(file, sink, now_ms)).await
    }

    /// Whether `sink` has something held for `why`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn holds(&self, sink: &'static str, why: Why) -> Result<bool, StoreError> {
        self.read(move |file| outbox::waits(file, sink, why)).await
    }

    /// # Errors
    /// When the file cannot be read.
    pub async fn has_next_batch(&self, sink: &'static str) -> Result<bool, StoreError> {
        self.read(move |file| outbox::has_next(file, sink)).await
    }

    /// # Errors
    /// When the file cannot be read.
    pub async fn standing(&self, sink: &'static str) -> Result<Standing, StoreError> {
        self.read(move |file| outbox::standing(file, sink)).await
    }

    /// Deletes a few of the oldest events outside `bound`, and gives a little of the file back; how
    /// many there were.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_old(&self, bound: Bound) -> Result<usize, StoreError> {
        let packing = self.packing;
        let before_ms = bound.before_ms;
        let events = self.change(move |file| retention::step(file, &bound, &packing)).await?;
        if events == 0 {
            self.alone(move |file| file.names.forget(&file.connection, before_ms)).await?;
        }
        self.alone(|file| Ok(retention::give_back(&file.connection)?)).await?;
        Ok(events)
    }

    /// What the last look at the clock believed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn believed(&self) -> Result<Option<Believed>, StoreError> {
        self.read(retention::believed).await
    }

    /// Keeps what a look at the clock believes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn believe(&self, believed: Believed) -> Result<(), StoreError> {
        self.change(move |file| retention::believe(file, believed)).await
    }

    /// A page on another machine has told its time.
    pub fn bear_witness(&self, agrees: bool) {
        let mut witnesses = self.shared.witnesses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if agrees { &mut witnesses.agree } else { &mut witnesses.differ };
        *count = count.saturating_add(1);
    }

    /// What pages on other machines have told of the clock.
    #[must_use]
    pub fn witnesses(&self) -> Witnesses {
        *self.shared.witnesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the log's room back when nobody writes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        // The writer does it after each piece of work.
        self.alone(|_| Ok(())).await
    }

    /// Counts all that is kept along with the events anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn rebuild_rollups(&self) -> Result<(), StoreError> {
        let packing = self.packing;
        self.change(move |file| segments::rebuild(file, &packing)).await
    }

    /// Whether there is nothing in it beside the first look of one person.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn is_as_good_as_empty(&self) -> Result<bool, StoreError> {
        self.read(|file| {
            let (events, users): (i64, i64) = file.query_row(
                "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM (SELECT user_id FROM events LIMIT ?1)",
                [FIRST_LOOK + 1],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            Ok(events <= FIRST_LOOK && users <= 1)
        })
        .await
    }

    /// Size of the file and its log.
    ///
    /// # Errors
    /// When the file is not there.
    pub async fn bytes(&self) -> Result<u64, StoreError> {
        let log = tokio::fs::metadata(self.path.with_extension("db-wal")).await;
        let file = tokio::fs::metadata(self.path.as_ref()).await?;
        Ok(file.len() + log.map_or(0, |log| log.len()))
    }

    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut File) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, answer) = oneshot::channel();
        self.hand_over(writer::Job::Alone(Box::new(move |file| {
            let result = file.ready().and_then(|_| work(file));
            match &result {
                Ok(_) => file.health().moved_on(),
                Err(failure) => file.health().saw(failure),
            }
            let _ = done.send(result);
        })))?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }

    /// Runs `ask` beside the writer, on one unchanging state of the file.
    ///
    /// # Errors
    /// When the file cannot be read or `ask` fails.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_as(self.shared.readers.clone(), ask).await
    }

    async fn read_as<T: Send + 'static>(
        &self,
        places: Arc<Semaphore>,
        ask: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = places.acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let (path, shared) = (self.path.clone(), self.shared.clone());
        tokio::task::spawn_blocking(move || {
            // Held in here: a client that goes away does not stop its question.
            let _permit = permit;
            // What stands at its name may be another file, with a log that is not its own.
            shared.look()?;
            let result = read(&path, ask);
            if let Err(failure) = &result {
                shared.health.saw(failure);
            }
            result
        })
        .await
        .map_err(|_| StoreError::Stopped)?
    }
}

/// Gives the log's room back when nobody writes, until it is dropped.
pub async fn tend(store: Store) {
    loop {
        tokio::time::sleep(TEND).await;
        // What does not go well is told of elsewhere.
        let _ = store.tidy().await;
    }
}

fn read<T>(
    path: &Path,
    ask: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    // The writer alone copies the log into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let transaction = connection.transaction()?;
    ask(&transaction)
}

fn erase(
    file: &mut File,
    user: &UserId,
    now_ms: u64,
    has_loki: bool,
    packing: &Packing,
) -> Result<Erased, StoreError> {
    let File { connection, known, .. } = file;
    let (erased, counted) = known.erase(connection, user, now_ms, has_loki, packing)?;
    file.settle(counted)?;
    file.empty_log()?;
    Ok(erased)
}
