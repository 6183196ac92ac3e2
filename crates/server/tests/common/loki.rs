//! Loki's push endpoint as a real one behaves, on a real port: what it refuses, what it keeps of a request
//! that it refuses in part, and that the same bytes twice are one entry.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Read,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;

use super::now_ms;

const HOUR_NS: u64 = 3_600_000_000_000;
const PATIENCE: Duration = Duration::from_secs(40);

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Mood {
    /// This status and header; nothing is kept.
    Answer(u16, Option<(&'static str, &'static str)>),
    /// All is kept, and the answer is an error all the same.
    KeepAndFail,
}

#[derive(Default)]
struct Inner {
    moods: VecDeque<Mood>,
    /// 400 for entries with this text.
    poison: Option<String>,
    /// (labels, ns, line, metadata), each once.
    entries: BTreeSet<[String; 4]>,
    newest: BTreeMap<String, u64>,
    /// Entries that came, again or not.
    received: usize,
    headers: Vec<HeaderMap>,
    largest: usize,
}

#[derive(Clone, Default)]
pub struct Loki {
    pub address: String,
    inner: Arc<Mutex<Inner>>,
}

impl Loki {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let loki = Self { address, ..Self::default() };
        let app = Router::new().route("/loki/api/v1/push", post(push)).with_state(loki.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        loki
    }

    pub fn moods(&self, moods: impl IntoIterator<Item = Mood>) {
        self.inner.lock().unwrap().moods = moods.into_iter().collect();
    }

    pub fn poison(&self, text: &str) {
        self.inner.lock().unwrap().poison = Some(text.to_owned());
    }

    /// Labels, nanoseconds, line and metadata of what is kept.
    pub fn entries(&self) -> Vec<[String; 4]> {
        self.inner.lock().unwrap().entries.iter().cloned().collect()
    }

    pub fn received(&self) -> usize {
        self.inner.lock().unwrap().received
    }

    pub fn headers(&self) -> Vec<HeaderMap> {
        self.inner.lock().unwrap().headers.clone()
    }

    /// Bytes of the largest body, unpacked.
    pub fn largest(&self) -> usize {
        self.inner.lock().unwrap().largest
    }

    pub async fn until(&self, condition: impl Fn(&[[String; 4]]) -> bool) -> Vec<[String; 4]> {
        let start = Instant::now();
        loop {
            let entries = self.entries();
            if condition(&entries) {
                return entries;
            }
            assert!(start.elapsed() < PATIENCE, "{} entries: {entries:#?}", entries.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn push(State(loki): State<Loki>, headers: HeaderMap, body: Bytes) -> Response {
    let mut json = String::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut json).unwrap();
    let mut inner = loki.inner.lock().unwrap();
    inner.headers.push(headers);
    inner.largest = inner.largest.max(json.len());
    let mood = inner.moods.pop_front();
    if let Some(Mood::Answer(status, header)) = mood {
        let mut response = StatusCode::from_u16(status).unwrap().into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return response;
    }
    let body: Value = serde_json::from_str(&json).unwrap();
    let mut refused = Vec::new();
    for stream in body["streams"].as_array().unwrap() {
        let labels = stream["stream"].to_string();
        for entry in stream["values"].as_array().unwrap() {
            inner.received += 1;
            let ns = entry[0].as_str().unwrap();
            let line = entry[1].as_str().unwrap();
            match inner.refusal(&labels, ns.parse().unwrap(), line) {
                Some(why) => refused.push(why),
                None => {
                    let metadata = entry.get(2).map(ToString::to_string).unwrap_or_default();
                    inner.entries.insert([labels.clone(), ns.into(), line.into(), metadata]);
                }
            }
        }
    }
    if !refused.is_empty() {
        return (StatusCode::BAD_REQUEST, refused.join("\n")).into_response();
    }
    match mood {
        Some(Mood::KeepAndFail) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

impl Inner {
    fn refusal(&mut self, labels: &str, ns: u64, line: &str) -> Option<&'static str> {
        if self.poison.as_ref().is_some_and(|text| line.contains(text)) {
            return Some("max entry size exceeded");
        }
        let now = now_ms() * 1_000_000;
        if now.saturating_sub(ns) > 7 * 24 * HOUR_NS {
            return Some("entry has timestamp too old");
        }
        let newest = self.newest.entry(labels.to_owned()).or_default();
        if newest.saturating_sub(ns) > HOUR_NS {
            return Some("entry too far behind");
        }
        *newest = (*newest).max(ns);
        None
    }
}
