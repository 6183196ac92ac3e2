//! The one thread that writes: requests that arrive while it is busy share the next commit.

use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::store::row::{INSERT, Row};

/// Requests that share a commit at most.
const GROUP: usize = 128;

pub struct Job {
    pub rows: Vec<Row>,
    pub received_ms: u64,
    /// Told after the commit, or why there was none.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// The writing thread.
pub struct Writer(JoinHandle<()>);

impl Writer {
    pub(crate) fn start(
        mut connection: Connection,
        mut queue: mpsc::Receiver<Job>,
    ) -> std::io::Result<Self> {
        let work = move || {
            while let Some(first) = queue.blocking_recv() {
                let mut jobs = vec![first];
                while jobs.len() < GROUP
                    && let Ok(job) = queue.try_recv()
                {
                    jobs.push(job);
                }
                let result = commit(&mut connection, &jobs).map_err(|error| error.to_string());
                for job in jobs {
                    // Who no longer waits sends again; the rows are known then.
                    let _ = job.done.send(result.clone());
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

fn commit(connection: &mut Connection, jobs: &[Job]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        for job in jobs {
            for row in &job.rows {
                row.insert(&mut statement, job.received_ms)?;
            }
        }
    }
    transaction.commit()
}
