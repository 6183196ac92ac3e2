//! The one thread that writes: requests that arrive while it is busy share the next commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::{
    observe::Metrics,
    store::{
        Inserted, StoreError,
        erased::Known,
        note::Note,
        row::{INSERT, Row},
        segments::{self, Packing},
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

/// Work on the file that has its own transaction.
pub type Alone = Box<dyn FnOnce(&mut Connection, &mut Known) + Send>;

pub enum Job {
    Insert(Insert),
    Alone(Alone),
}

/// What the thread tells of itself, and how it packs.
pub struct Health {
    pub is_well: Arc<AtomicBool>,
    pub metrics: Metrics,
    pub packing: Packing,
}

/// The writing thread.
pub struct Writer(JoinHandle<()>);

impl Writer {
    pub(crate) fn start(
        mut connection: Connection,
        mut known: Known,
        mut queue: mpsc::Receiver<Job>,
        health: Health,
    ) -> std::io::Result<Self> {
        let work = move || {
            while let Some(first) = queue.blocking_recv() {
                let mut next = Some(first);
                let mut inserts = Vec::new();
                while let Some(Job::Insert(insert)) = next {
                    inserts.push(insert);
                    next = if inserts.len() < GROUP { queue.try_recv().ok() } else { None };
                }
                if !inserts.is_empty() {
                    store(&mut connection, &known, inserts, &health);
                }
                if let Some(Job::Alone(work)) = next {
                    work(&mut connection, &mut known);
                }
            }
        };
        std::thread::Builder::new().name("store-writer".into()).spawn(work).map(Self)
    }

    /// Waits until everything accepted is written; comes back once the last
    /// [`Store`](crate::store::Store) is gone.
    pub fn join(self) {
        let _ = self.0.join();
    }
}

fn store(connection: &mut Connection, known: &Known, inserts: Vec<Insert>, health: &Health) {
    let start = Instant::now();
    let result =
        commit(connection, known, &health.packing, &inserts).map_err(|error| error.to_string());
    health.metrics.committed(start.elapsed());
    health.is_well.store(result.is_ok(), Ordering::Relaxed);
    match result {
        Ok(new) => {
            for (insert, new) in inserts.into_iter().zip(new) {
                let erased = erased(known, &insert);
                // Who no longer waits sends again; the rows are known then.
                let _ = insert.done.send(Ok(Inserted { erased, new }));
            }
        }
        Err(error) => {
            for insert in inserts {
                let _ = insert.done.send(Err(error.clone()));
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
    connection: &mut Connection,
    known: &Known,
    packing: &Packing,
    inserts: &[Insert],
) -> Result<Vec<usize>, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut new = Vec::with_capacity(inserts.len());
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        let mut added = segments::Added::default();
        for insert in inserts {
            let mut count = 0;
            for row in insert.rows.iter().filter(|row| !known.contains(&row.record.user_id)) {
                if row.insert(&mut statement, insert.received_ms)? {
                    added.add(&row.record);
                    count += 1;
                }
            }
            for note in insert.notes.iter().filter(|note| !is_erased(known, note)) {
                note.insert(&transaction)?;
            }
            new.push(count);
        }
        added.write(&transaction)?;
    }
    segments::pack(&transaction, packing)?;
    transaction.commit()?;
    Ok(new)
}
