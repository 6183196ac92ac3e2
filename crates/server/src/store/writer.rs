//! The one thread that writes: requests that arrive while it is busy share the next commit.

use std::{thread::JoinHandle, time::Instant};

use rusqlite::TransactionBehavior;
use tokio::sync::{mpsc, oneshot};

use crate::{
    observe::Metrics,
    store::{
        Inserted, StoreError,
        erased::Known,
        file::File,
        ledger,
        note::Note,
        row::{INSERT, Row},
        segments,
    },
};

/// Requests that share a commit at most.
const GROUP: usize = 128;

/// Rows to store.
pub struct Insert {
    pub rows: Vec<Row>,
    pub notes: Vec<Note>,
    pub received_ms: u64,
    /// Told after the commit, or why there was none. Places count the rows, and after them the notes.
    pub done: oneshot::Sender<Result<Inserted, String>>,
}

impl Insert {
    fn bytes(&self) -> u64 {
        let rows = self.rows.iter().map(|row| row.line.len());
        rows.chain(self.notes.iter().map(|note| note.line.len())).sum::<usize>() as u64
    }
}

/// Work on the file that has its own transaction.
pub type Alone = Box<dyn FnOnce(&mut File) + Send>;

pub enum Job {
    Insert(Insert),
    Alone(Alone),
}

/// The writing thread.
pub struct Writer(JoinHandle<()>);

impl Writer {
    pub(crate) fn start(
        mut file: File,
        mut queue: mpsc::Receiver<Job>,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let work = move || {
            while let Some(first) = queue.blocking_recv() {
                let mut next = Some(first);
                let mut inserts = Vec::new();
                let mut bytes = 0;
                while let Some(Job::Insert(insert)) = next {
                    bytes += insert.bytes();
                    inserts.push(insert);
                    let is_full = inserts.len() >= GROUP || bytes >= file.group_bytes();
                    next = if is_full { None } else { queue.try_recv().ok() };
                }
                if !inserts.is_empty() {
                    store(&mut file, inserts, &metrics);
                }
                if let Some(Job::Alone(work)) = next {
                    work(&mut file);
                }
                file.tidy();
            }
            // It is closed in another way where the file is not its own any more.
            let _ = file.ready();
        };
        std::thread::Builder::new().name("store-writer".into()).spawn(work).map(Self)
    }

    /// Waits until everything accepted is written; comes back once the last
    /// [`Store`](crate::store::Store) is gone.
    pub fn join(self) {
        let _ = self.0.join();
    }
}

fn store(file: &mut File, inserts: Vec<Insert>, metrics: &Metrics) {
    let start = Instant::now();
    let result = commit(file, &inserts, metrics);
    metrics.committed(start.elapsed());
    match result {
        Ok(new) => {
            file.health().wrote();
            for (insert, new) in inserts.into_iter().zip(new) {
                let erased = erased(&file.known, &insert);
                // Who no longer waits sends again; the rows are known then.
                let _ = insert.done.send(Ok(Inserted { erased, new }));
            }
        }
        Err(failure) => {
            file.health().failed(&failure);
            // What it kept in mind is not in the file.
            let _ = file.names.load(&file.connection);
            for insert in inserts {
                let _ = insert.done.send(Err(failure.to_string()));
            }
        }
    }
}

fn erased(known: &Known, insert: &Insert) -> Vec<usize> {
    let rows = insert.rows.iter().map(|row| known.contains(&row.record.user_id));
    let notes = insert.notes.iter().map(|note| is_erased(known, note));
    rows.chain(notes).enumerate().filter_map(|(at, erased)| erased.then_some(at)).collect()
}

fn is_erased(known: &Known, note: &Note) -> bool {
    note.user_id.as_ref().is_some_and(|user| known.contains(user))
}

/// How many rows of each were new.
fn commit(
    file: &mut File,
    inserts: &[Insert],
    metrics: &Metrics,
) -> Result<Vec<usize>, StoreError> {
    let sizes = file.ready()?;
    file.has_room(sizes)?;
    let File { connection, known, names, packing, .. } = file;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = transaction.total_changes();
    let mut new = Vec::with_capacity(inserts.len());
    let mut others = 0;
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        let mut added = segments::Added::default();
        for insert in inserts {
            let mut count = 0;
            for row in insert.rows.iter().filter(|row| !known.contains(&row.record.user_id)) {
                let bounded = names.bounded(row);
                let stored = bounded.as_ref().unwrap_or(row);
                if stored.insert(&mut statement, insert.received_ms)? {
                    added.add(&row.record);
                    count += 1;
                    others += usize::from(bounded.is_some());
                }
            }
            for note in insert.notes.iter().filter(|note| !is_erased(known, note)) {
                note.insert(&transaction)?;
            }
            new.push(count);
        }
        added.write(&transaction)?;
    }
    names.write(&transaction)?;
    segments::pack(&transaction, packing)?;
    let counted = ledger::count(&transaction, before)?;
    transaction.commit()?;
    metrics.not_told_apart(others);
    file.settle(counted)?;
    Ok(new)
}
