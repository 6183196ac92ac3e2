//! A door between the browser and the real server that misbehaves on purpose, and remembers what
//! was carried through it.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// What happens to a push request. Everything else always passes.
#[derive(Clone, Debug)]
pub enum Mood {
    Pass,
    /// This status with these headers; the server learns nothing.
    Answer(u16, String),
    /// This status with a body of this content type; the server learns nothing.
    Body(u16, &'static str, &'static str),
    /// Sent elsewhere, to a sign-in page; the server learns nothing.
    SignIn,
    /// 400 for a request with this text in one of its lines; the server learns nothing of it.
    Refuse(String),
    /// The connection ends without an answer; the server learns nothing.
    Cut,
    /// The server takes it, and half of its answer reaches the browser.
    CutAnswer,
    /// The server takes it, and its answer never comes.
    SwallowAnswer,
    /// Nothing happens at all.
    Hang,
}

/// One push request as it arrived.
#[derive(Clone, Debug)]
pub struct Push {
    pub at: Instant,
    /// Event ids with their lines.
    pub events: Vec<(String, String)>,
}

#[derive(Default)]
struct Inner {
    /// The moods of the next requests; the last one stays.
    moods: VecDeque<Mood>,
    pushes: Vec<Push>,
}

pub struct Gate {
    address: SocketAddr,
    server: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    door: Mutex<Option<JoinHandle<()>>>,
}

impl Gate {
    pub async fn before(server: &str) -> Self {
        let server = server.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            server,
            inner: Arc::default(),
            door: Mutex::default(),
        };
        gate.serve(listener);
        gate
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One mood for each of the next push requests; the last one is for all that follow.
    pub fn moods(&self, moods: impl IntoIterator<Item = Mood>) {
        self.inner.lock().unwrap().moods = moods.into_iter().collect();
    }

    pub fn pushes(&self) -> Vec<Push> {
        self.inner.lock().unwrap().pushes.clone()
    }

    pub async fn until(&self, condition: impl Fn(&[Push]) -> bool) {
        let start = Instant::now();
        while !condition(&self.pushes()) {
            assert!(start.elapsed() < super::PATIENCE, "pushes so far: {:#?}", self.pushes());
            tokio::time::sleep(super::LOOK_AGAIN).await;
        }
    }

    /// Nobody listens any more, and what was open is closed.
    pub fn shut(&self) {
        if let Some(door) = self.door.lock().unwrap().take() {
            door.abort();
        }
    }

    pub async fn open(&self) {
        let start = Instant::now();
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return self.serve(listener),
                Err(error) => assert!(start.elapsed() < super::PATIENCE, "{error}"),
            }
            tokio::time::sleep(super::LOOK_AGAIN).await;
        }
    }

    fn serve(&self, listener: TcpListener) {
        let (server, inner) = (self.server, self.inner.clone());
        let door = tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = JoinSet::new();
            loop {
                if let Ok((client, _)) = listener.accept().await {
                    connections.spawn(carry(client, server, inner.clone()));
                }
            }
        });
        *self.door.lock().unwrap() = Some(door);
    }
}

/// The gate's own page for people.
const SIGN_IN: &str = "/sign-in.html";
pub const PAGE: &str = "<!doctype html><title>Sign in</title><h1>Sign in</h1>";

async fn carry(mut client: TcpStream, server: SocketAddr, inner: Arc<Mutex<Inner>>) -> Option<()> {
    let (head, body) = read_request(&mut client).await?;
    let mut mood = Mood::Pass;
    if head.split(' ').nth(1) == Some(SIGN_IN) {
        mood = Mood::Body(200, "text/html", PAGE);
    }
    if head.starts_with("POST /loki/") {
        let events = events(&head, &body);
        let mut inner = inner.lock().unwrap();
        mood = match inner.moods.len() {
            0 => Mood::Pass,
            1 => inner.moods[0].clone(),
            _ => inner.moods.pop_front().unwrap(),
        };
        if let Mood::Refuse(text) = mood {
            let bad = events.iter().any(|(_, line)| line.contains(&text));
            mood = if bad { Mood::Answer(400, String::new()) } else { Mood::Pass };
        }
        inner.pushes.push(Push { at: Instant::now(), events });
    }
    match mood {
        Mood::Pass => client.write_all(&ask(server, &head, &body).await?).await.ok()?,
        Mood::Answer(status, headers) => {
            let answer = format!(
                "HTTP/1.1 {status} No\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await.ok()?;
        }
        Mood::Body(status, kind, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            client.write_all(answer.as_bytes()).await.ok()?;
        }
        Mood::SignIn => {
            let answer = format!(
                "HTTP/1.1 302 Found\r\nLocation: {SIGN_IN}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await.ok()?;
        }
        Mood::Cut | Mood::Refuse(_) => {}
        Mood::CutAnswer => {
            ask(server, &head, &body).await?;
            client.write_all(b"HTTP/1.1 20").await.ok()?;
        }
        Mood::SwallowAnswer => {
            ask(server, &head, &body).await?;
            std::future::pending::<()>().await;
        }
        Mood::Hang => std::future::pending::<()>().await,
    }
    client.shutdown().await.ok()
}

/// One request of a connection; the browser opens another for the next.
pub async fn read_request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if client.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if client.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
}

pub async fn ask(server: SocketAddr, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let lines = head.trim_end().lines();
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = kept.collect::<Vec<_>>().join("\r\n") + "\r\nConnection: close\r\n\r\n";
    let mut upstream = TcpStream::connect(server).await.ok()?;
    upstream.write_all(head.as_bytes()).await.ok()?;
    upstream.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    let read = upstream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(60), read).await.ok()?.ok()?;
    Some(answer)
}

fn events(head: &str, body: &[u8]) -> Vec<(String, String)> {
    let mut json = body.to_vec();
    if header(head, "content-encoding") == Some("gzip") {
        json.clear();
        flate2::read::GzDecoder::new(body).read_to_end(&mut json).unwrap();
    }
    let push: Value = serde_json::from_slice(&json).unwrap();
    let streams = push["streams"].as_array().unwrap();
    let entries = streams.iter().flat_map(|stream| stream["values"].as_array().unwrap());
    let lines = entries.map(|entry| entry[1].as_str().unwrap().to_owned());
    lines
        .map(|line| {
            let event: Value = serde_json::from_str(&line).unwrap();
            (event["event_id"].as_str().unwrap().to_owned(), line)
        })
        .collect()
}

/// How often events were sent beyond once. Every time they were the same, byte for byte.
pub fn resends(pushes: &[Push]) -> usize {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut again = 0;
    for (id, line) in pushes.iter().flat_map(|push| &push.events) {
        if let Some(before) = first.insert(id, line) {
            assert_eq!(before, line, "an event changed between two tries");
            again += 1;
        }
    }
    again
}
