//! Loki as a real one behaves, on a real port: what it refuses to take, what it keeps of a request that it
//! refuses in part, that the same bytes twice are one entry, what it answers, and how it deletes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::Read,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{logql, now_ms};

const HOUR_NS: u64 = 3_600_000_000_000;
const PATIENCE: Duration = Duration::from_secs(40);

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Mood {
    /// This status and header; nothing is kept.
    Answer(u16, Option<(&'static str, &'static str)>),
    /// This status, kind of content and text; nothing is kept.
    Say(u16, &'static str, &'static str),
    /// All is kept, and the answer is an error all the same.
    KeepAndFail,
}

/// What a Loki takes by default.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `max_global_streams_per_user`.
    pub streams: usize,
    /// `creation_grace_period`.
    pub ahead_ms: u64,
    /// Components whose streams take nothing.
    pub full: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { streams: 5_000, ahead_ms: 10 * 60 * 1_000, full: Vec::new() }
    }
}

#[derive(Default)]
struct Inner {
    moods: VecDeque<Mood>,
    limits: Limits,
    /// 400 for entries with this text.
    poison: Option<String>,
    /// Answers, by status.
    answered: BTreeMap<u16, usize>,
    /// (labels, ns, line, metadata), each once.
    entries: BTreeSet<[String; 4]>,
    /// The same, to be asked for.
    parsed: Vec<logql::Entry>,
    deletions: Vec<Value>,
    /// Statuses in place of the next answers to questions, the last first.
    failures: Vec<u16>,
    questions: Vec<BTreeMap<String, String>>,
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
        let app = Router::new()
            .route("/loki/api/v1/push", post(push))
            .route("/loki/api/v1/query", get(query))
            .route("/loki/api/v1/query_range", get(query_range))
            .route("/loki/api/v1/delete", get(deletions).post(delete))
            .with_state(loki.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        loki
    }

    pub fn moods(&self, moods: impl IntoIterator<Item = Mood>) {
        self.inner.lock().unwrap().moods = moods.into_iter().collect();
    }

    /// The next questions are answered with these statuses.
    pub fn fail(&self, statuses: &[u16]) {
        self.inner.lock().unwrap().failures = statuses.iter().rev().copied().collect();
    }

    /// Parameters of all questions so far.
    pub fn questions(&self) -> Vec<BTreeMap<String, String>> {
        self.inner.lock().unwrap().questions.clone()
    }

    pub fn limit(&self, change: impl FnOnce(&mut Limits)) {
        change(&mut self.inner.lock().unwrap().limits);
    }

    /// How often each status was answered to a push.
    pub fn answered(&self) -> BTreeMap<u16, usize> {
        self.inner.lock().unwrap().answered.clone()
    }

    /// Labels of the streams that there are.
    pub fn streams(&self) -> Vec<String> {
        self.inner.lock().unwrap().newest.keys().cloned().collect()
    }

    pub fn poison(&self, text: &str) {
        self.inner.lock().unwrap().poison = Some(text.to_owned());
    }

    /// Labels, nanoseconds, line and metadata of what is kept.
    pub fn entries(&self) -> Vec<[String; 4]> {
        self.inner.lock().unwrap().entries.iter().cloned().collect()
    }

    /// Keeps a line, whoever brought it.
    pub fn hold(&self, stream: &[(&str, &str)], metadata: &[(&str, &str)], at_ms: u64, line: &str) {
        let texts = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let (stream, metadata) = (texts(stream), texts(metadata));
        let entry = logql::Entry { stream, metadata, ns: at_ms * 1_000_000, line: line.to_owned() };
        self.inner.lock().unwrap().parsed.push(entry);
    }

    /// The lines that can be asked for.
    pub fn lines(&self) -> Vec<String> {
        self.inner.lock().unwrap().parsed.iter().map(|entry| entry.line.clone()).collect()
    }

    /// Selectors of what was to be deleted.
    pub fn deletions(&self) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        inner.deletions.iter().map(|row| row["query"].as_str().unwrap().to_owned()).collect()
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
    let response = loki.take(headers, &body);
    let status = response.status().as_u16();
    *loki.inner.lock().unwrap().answered.entry(status).or_default() += 1;
    response
}

impl Loki {
    fn take(&self, headers: HeaderMap, body: &Bytes) -> Response {
        let mut json = String::new();
        flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut json).unwrap();
        let mut inner = self.inner.lock().unwrap();
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
        if let Some(Mood::Say(status, kind, text)) = mood {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, [("content-type", kind), ("location", "http://login.example/")], text)
                .into_response();
        }
        let body: Value = serde_json::from_str(&json).unwrap();
        let (mut refused, mut full) = (Vec::new(), None);
        for stream in body["streams"].as_array().unwrap() {
            let labels = stream["stream"].to_string();
            let is_new = !inner.newest.contains_key(&labels);
            let component = stream["stream"]["component"].as_str().unwrap();
            if is_new && inner.newest.len() >= inner.limits.streams
                || inner.limits.full.iter().any(|full| full == component)
            {
                inner.received += stream["values"].as_array().unwrap().len();
                full = Some(format!(
                    "maximum active stream limit exceeded when trying to create stream {labels}, reduce \
                 the number of active streams, user: 'fake'"
                ));
                continue;
            }
            for entry in stream["values"].as_array().unwrap() {
                inner.received += 1;
                let ns = entry[0].as_str().unwrap();
                let line = entry[1].as_str().unwrap();
                match inner.refusal(&labels, ns.parse().unwrap(), line) {
                    Some(why) => refused.push(why),
                    None => {
                        let metadata = entry.get(2).cloned().unwrap_or_default();
                        let text = entry.get(2).map(ToString::to_string).unwrap_or_default();
                        if inner.entries.insert([labels.clone(), ns.into(), line.into(), text]) {
                            inner.parsed.push(logql::Entry {
                                stream: texts(&stream["stream"]),
                                metadata: texts(&metadata),
                                ns: ns.parse().unwrap(),
                                line: line.into(),
                            });
                        }
                    }
                }
            }
        }
        if let Some(full) = full {
            return (StatusCode::TOO_MANY_REQUESTS, full).into_response();
        }
        if !refused.is_empty() {
            return (StatusCode::BAD_REQUEST, refused.join("\n")).into_response();
        }
        match mood {
            Some(Mood::KeepAndFail) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

fn texts(object: &Value) -> logql::Labels {
    let fields = object.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

type Asked = Query<BTreeMap<String, String>>;
type Find = fn(&[logql::Entry], &logql::Labels) -> Result<Value, String>;

async fn query(State(loki): State<Loki>, headers: HeaderMap, Query(asked): Asked) -> Response {
    loki.answer(headers, asked, "vector", logql::query)
}

async fn query_range(
    State(loki): State<Loki>,
    headers: HeaderMap,
    Query(asked): Asked,
) -> Response {
    loki.answer(headers, asked, "streams", logql::query_range)
}

impl Loki {
    fn answer(
        &self,
        headers: HeaderMap,
        asked: BTreeMap<String, String>,
        kind: &str,
        answer: Find,
    ) -> Response {
        let mut inner = self.inner.lock().unwrap();
        let said = format!("{headers:?}");
        inner.headers.push(headers);
        inner.questions.push(asked.clone());
        if let Some(status) = inner.failures.pop() {
            // It says more than it should.
            return (StatusCode::from_u16(status).unwrap(), said).into_response();
        }
        match answer(&inner.parsed, &asked) {
            Ok(result) => axum::Json(json!({
                "status": "success",
                "data": { "resultType": kind, "result": result, "stats": { "summary": {} } },
            }))
            .into_response(),
            Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
        }
    }
}

/// Done at once, and said to be.
async fn delete(State(loki): State<Loki>, Query(asked): Asked) -> Response {
    let Ok(logql::Query::Lines(log)) = logql::parse(&asked["query"]) else {
        return (StatusCode::BAD_REQUEST, "no selector").into_response();
    };
    let seconds = |name: &str| asked[name].parse::<u64>().unwrap();
    let (start, end) = (seconds("start"), seconds("end"));
    if end > now_ms() / 1_000 {
        return (StatusCode::BAD_REQUEST, "deletes in the future are not allowed").into_response();
    }
    let mut inner = loki.inner.lock().unwrap();
    inner.parsed.retain(|entry| {
        !(start..=end).contains(&(entry.ns / 1_000_000_000)) || log.passes(entry).is_none()
    });
    inner.deletions.push(json!({
        "request_id": "a", "query": asked["query"], "status": "processed",
        "start_time": start, "end_time": end, "created_at": end,
    }));
    StatusCode::NO_CONTENT.into_response()
}

async fn deletions(State(loki): State<Loki>) -> Response {
    axum::Json(loki.inner.lock().unwrap().deletions.clone()).into_response()
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
        if ns.saturating_sub(now) > self.limits.ahead_ms * 1_000_000 {
            return Some("entry for stream '{}' has timestamp too new: x");
        }
        let newest = self.newest.entry(labels.to_owned()).or_default();
        if newest.saturating_sub(ns) > HOUR_NS {
            return Some("entry too far behind");
        }
        *newest = (*newest).max(ns);
        None
    }
}
