//! Connections: how many, how slow, and their end.

mod places;

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http::Response,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

pub use places::Place;
use places::{NoPlace, Places, Taken};

/// How long the head of a request may take, and a connection be quiet between two.
const HEAD: Duration = Duration::from_secs(15);
/// How long a client may leave what we send it unread.
const UNREAD: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// How long a connection that has to leave may still bring a request that is on its way.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// Rest when the system has no more connections to give.
const SHORT_OF: Duration = Duration::from_millis(100);

/// Takes connections until `stop`, then waits at most `grace` for the requests under way. When it comes back,
/// nothing of `app` is left in a connection.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    max_connections: usize,
    proxies: Vec<IpNet>,
    stop: impl Future<Output = ()>,
    grace: Duration,
) {
    let places = Places::new(max_connections, proxies);
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = open.join_next() => {}
            (stream, peer, taken) = accept(&listener, &places) => {
                open.spawn(hold(stream, peer, app.clone(), taken, grace));
            }
        }
    }
    drop(listener);
    places.close();
    let _ = tokio::time::timeout(grace, async { while open.join_next().await.is_some() {} }).await;
    open.shutdown().await;
}

/// The next connection that finds a place. One at a time waits for it here, the others in the system's queue.
async fn accept(listener: &TcpListener, places: &Arc<Places>) -> (TcpStream, SocketAddr, Taken) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(SHORT_OF).await;
            continue;
        };
        loop {
            match places.take(peer.ip()) {
                Ok(taken) => return (stream, peer, taken),
                Err(NoPlace::ForClient) => break,
                Err(NoPlace::Yet) => places.freed().await,
            }
        }
    }
}

/// One connection to its end: its own, or that of its place.
async fn hold(stream: TcpStream, peer: SocketAddr, app: Router, taken: Taken, grace: Duration) {
    // Answers are small or streamed; none waits for more to fill a packet.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD));
    let (asked, answered) = (taken.place.clone(), taken.place.clone());
    let service = app
        .map_request(move |mut request: Request<_>| {
            asked.begin();
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(asked.clone());
            request
        })
        .map_response(move |response: Response<Body>| {
            let place = answered.clone();
            response.map(|body| Answer { body, place })
        });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let service = TowerToHyperService::new(service);
    let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service).into_owned();
    tokio::pin!(connection);
    tokio::select! {
        // A client that goes away is its own affair.
        _ = connection.as_mut() => return,
        () = taken.place.left() => {}
    }
    // What had come before is still read.
    if taken.place.is_idle() && tokio::time::timeout(LAST_LOOK, connection.as_mut()).await.is_ok() {
        return;
    }
    if !taken.place.is_idle() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(grace, connection).await;
    }
}

/// Waits for a body of a connection that has a place; none when it takes too long.
pub async fn body<T>(
    place: Option<&Arc<Place>>,
    patience: Duration,
    body: impl Future<Output = T>,
) -> Option<T> {
    match place {
        Some(place) => place.body(patience, body).await,
        None => tokio::time::timeout(patience, body).await.ok(),
    }
}

/// What we answer; the connection works until it has left.
struct Answer {
    body: Body,
    place: Arc<Place>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.place.end();
    }
}
