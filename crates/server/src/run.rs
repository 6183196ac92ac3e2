//! From a configuration to a server that listens, and to its end.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use thiserror::Error;
use tokio::net::TcpListener;

use crate::{
    Config,
    outbox::{self, Sink},
    person,
    store::{Store, StoreError},
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
    #[error("the server failed: {0}")]
    Serve(io::Error),
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
    let (store, writer) = Store::open(&config.data)
        .map_err(|error| RunError::Store(config.data.display().to_string(), error))?;
    let stop = stop_signal().map_err(RunError::Signal)?;
    let to_loki = config.loki.clone().map(|loki| Sink::Loki(Box::new(loki)));
    let sinks = to_loki.into_iter().chain(config.events_stdout.then_some(Sink::Stdout));
    let outbox: Vec<_> =
        sinks.map(|sink| tokio::spawn(outbox::work(store.clone(), sink))).collect();
    let erasures = config.loki.clone().map(|loki| tokio::spawn(person::work(store.clone(), loki)));
    let app =
        router(Arc::new(App { store, config })).into_make_service_with_connect_info::<SocketAddr>();

    // Whoever started us may have stopped reading; that is no reason to end.
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());

    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop.await;
        let _ = stopping.send(true);
    });
    let too_late = async {
        let _ = stopped.wait_for(|&stopping| stopping).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = server => {
            served.map_err(RunError::Serve)?;
            // Each goes on where it was at the next start.
            for worker in outbox.into_iter().chain(erasures) {
                worker.abort();
                let _ = worker.await;
            }
            // What was accepted gets written; what was answered already is.
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
        () = too_late => {}
    }
    Ok(())
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
