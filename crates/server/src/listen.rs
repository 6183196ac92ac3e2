//! Connections: how many, how slow, and their end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

/// How long the head of a request may take, and a connection be quiet between two.
const HEAD: Duration = Duration::from_secs(15);
/// How long a client may leave what we send it unread.
const UNREAD: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// Rest when the system has no more connections to give.
const SHORT_OF: Duration = Duration::from_millis(100);

/// Takes connections until `stop`, then waits at most `grace` for the requests under way.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    max_connections: usize,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let open = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, peer, place)) => {
                    let connection = open.watch(connection(stream, peer, &app));
                    tokio::spawn(async move {
                        // A client that goes away is its own affair.
                        let _ = connection.await;
                        drop(place);
                    });
                }
                Err(_) => tokio::time::sleep(SHORT_OF).await,
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(grace, open.shutdown()).await;
}

/// A place first: who finds none waits in the system's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: &Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error: Send> + Send + 'static {
    // Answers are small or streamed; none waits for more to fill a packet.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD));
    let service = app.clone().map_request(move |mut request: Request<_>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    builder
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
        .into_owned()
}
