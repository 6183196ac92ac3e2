//! From a configuration to a server that listens, and to its end.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    Config, Task,
    clock::now_ms,
    listen,
    observe::{self, Metrics},
    outbox::{self, Sink},
    person, retention,
    settings::OutboxTask,
    store::{self, BackupError, Copied, RetryError, Store, StoreError},
    web::{App, router},
};

/// How long requests under way may still take after the signal to stop.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum RunError {
    #[error("{0} is taken by another program; choose another port with --listen 127.0.0.1:PORT")]
    Taken(SocketAddr),
    #[error("cannot listen on {0} (--listen): {1}")]
    Listen(SocketAddr, io::Error),
    #[error("cannot open the events in {0} (--data): {1}")]
    Store(String, StoreError),
    #[error("cannot wait for the signal to stop: {0}")]
    Signal(io::Error),
}

#[derive(Debug, Error)]
pub enum TaskError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Retry(#[from] RetryError),
}

/// Runs until Ctrl-C or SIGTERM. Says `listening on http://ADDRESS` on stdout when it is ready.
///
/// # Errors
/// When it cannot start, see [`RunError`].
pub async fn run(config: Config) -> Result<(), RunError> {
    // The port first: a second server by mistake touches nothing.
    let listener = TcpListener::bind(config.listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => RunError::Taken(config.listen),
        _ => RunError::Listen(config.listen, error),
    })?;
    let address = listener.local_addr().map_err(|e| RunError::Listen(config.listen, e))?;
    let metrics = Metrics::default();
    let (store, writer) =
        Store::open_with(&config.data, config.max_store_bytes, metrics.clone())
            .map_err(|error| RunError::Store(config.data.display().to_string(), error))?;
    let stop = stop_signal().map_err(RunError::Signal)?;
    let (max_connections, proxies) = (config.max_connections, config.proxies.clone());
    let app = Arc::new(App::new(store, config, metrics));
    // Before the workers have lines to write. Whoever started us may have stopped reading; that is no
    // reason to end.
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());

    let workers = workers(&app);
    let router = router(app);
    listen::serve(listener, router, max_connections, proxies, stop, GRACE).await;
    // Each goes on where it was at the next start.
    for worker in workers {
        worker.abort();
        let _ = worker.await;
    }
    // What was accepted gets written; what was answered already is.
    let written = tokio::task::spawn_blocking(move || writer.join());
    let _ = tokio::time::timeout(GRACE, written).await;
    Ok(())
}

/// Counts anew what is kept ready for the answers. No server may run on the same file.
///
/// # Errors
/// When the events cannot be opened or written.
pub async fn rebuild(config: &Config) -> Result<(), RunError> {
    let failed = |error| RunError::Store(config.data.display().to_string(), error);
    let (store, writer) =
        Store::open_with(&config.data, config.max_store_bytes, Metrics::default())
            .map_err(failed)?;
    store.rebuild_rollups().await.map_err(failed)?;
    drop(store);
    let _ = tokio::task::spawn_blocking(move || writer.join()).await;
    println!("the counts in {} are those of its events again", config.data.display());
    Ok(())
}

/// Does a task of the command line with the events in `data`; what there is to say of it.
///
/// # Errors
/// See [`TaskError`].
pub fn task(task: &Task, data: &Path) -> Result<String, TaskError> {
    match task {
        Task::Outbox { task: OutboxTask::RetryRefused } => {
            Ok(match store::retry_refused(data, now_ms())? {
                0 => "Loki has refused no event".to_owned(),
                1 => "1 event that Loki refused is sent again".to_owned(),
                events => format!("{events} events that Loki refused are sent again"),
            })
        }
        Task::Backup { file } => {
            let Copied { events, bytes } = store::backup(data, file)?;
            Ok(format!("{events} events in {} ({bytes} bytes)", file.display()))
        }
        Task::Restore { file } => {
            let restored = store::restore(data, file, now_ms())?;
            let mut text = format!("{} events from {}", restored.events, file.display());
            if restored.erased > 0 {
                text += &format!(
                    "\n{} events of the backup are not among them: their users were erased since",
                    restored.erased
                );
            }
            if let Some(why) = restored.erased_unknown {
                text += &format!(
                    "\nwho was erased since the backup is not known ({why}): their events may be back"
                );
            }
            if let Some(aside) = restored.aside {
                text += &format!("\nwhat was there before is in {}", aside.display());
            }
            Ok(text)
        }
    }
}

/// What goes on beside the requests.
fn workers(app: &App) -> Vec<JoinHandle<()>> {
    let App { config, store, metrics, registries, .. } = app;
    let sinks = config.sinks();
    let mut workers = vec![tokio::spawn(registries.clone().watch())];
    if let Some(loki) = &config.loki {
        let known = registries.clone();
        let sink = Sink::loki(loki.clone(), move |hash| known.knows(hash));
        workers.push(tokio::spawn(outbox::work(store.clone(), sink, metrics.clone())));
        workers.push(tokio::spawn(person::work(store.clone(), loki.clone())));
    }
    // Answers for all servers mean that there may be others.
    if let Some(loki) = &config.insights_from {
        workers.push(tokio::spawn(person::follow(store.clone(), loki.clone())));
    }
    if config.events_stdout {
        workers.push(tokio::spawn(outbox::work(store.clone(), Sink::Stdout, metrics.clone())));
    }
    workers.push(tokio::spawn(store::tend(store.clone())));
    let pulse = observe::pulse(store.clone(), config.access.clone(), sinks.clone());
    workers.push(tokio::spawn(pulse));
    if let Some(keep) = config.retention {
        workers.push(tokio::spawn(retention::work(store.clone(), keep, sinks, metrics.clone())));
    }
    workers
}

/// Listens for the signals from now on; the future ends with the first of them.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
