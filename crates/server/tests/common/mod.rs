//! A router over a directory of its own, and pushes as a page sends them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod logql;
pub mod loki;
pub mod program;
pub mod questions;

use std::{
    io::Write,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use server::{
    App, Config,
    observe::Metrics,
    router,
    store::{Store, Writer},
};
use tempfile::TempDir;
use tower::ServiceExt;
use tracking::{Component, Event, EventId, Record, SessionId, Timestamp, UserSecret};

pub struct Server {
    pub dir: TempDir,
    pub router: Router,
    pub store: Store,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub fn config(dir: &Path) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: dir.join("data"),
        dist: Some(dir.join("dist")),
        registry: None,
        hosts: Vec::new(),
        origins: Vec::new(),
        proxies: Vec::new(),
        client_rate: 0,
        total_rate: 0,
        person_rate: 0,
        max_connections: 64,
        retention: None,
        max_store_bytes: 0,
        max_unknown: 1_000,
        token: None,
        loki: None,
        insights_from: None,
        access: server::access::Access::default(),
        events_stdout: false,
        log_format: server::LogFormat::Text,
    }
}

pub fn server() -> Server {
    server_with(|_, _| {})
}

pub fn server_with(change: impl FnOnce(&mut Config, &Path)) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    change(&mut config, dir.path());
    over(dir, config).0
}

/// The server of `config` beside `dir`, and its writer, which ends when the server is dropped.
pub fn over(dir: TempDir, config: Config) -> (Server, Writer) {
    let metrics = Metrics::default();
    let (store, writer) =
        Store::open_with(&config.data, config.max_store_bytes, metrics.clone()).unwrap();
    let router = router(Arc::new(App::new(store.clone(), config, metrics)));
    (Server { dir, router, store }, writer)
}

impl Server {
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost");
        }
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn push(&self, body: impl Into<Body>) -> Answer {
        self.push_with(body, &[("content-type", "application/json")]).await
    }

    pub async fn push_with(&self, body: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post("/loki/api/v1/push").header("host", "localhost");
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Visits that the store holds.
    pub async fn visits(&self) -> u64 {
        let summary = self.get("/api/insights/summary").await;
        assert_eq!(summary.status, StatusCode::OK, "{}", summary.text);
        serde_json::from_str::<insights::Summary>(&summary.text).unwrap().visits
    }
}

pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub fn visit(id: u128, at_ms: u64) -> Record {
    Record {
        event_id: EventId(id),
        timestamp: Timestamp(at_ms),
        user_id: UserSecret::new(1).user_id(),
        session_id: SessionId::new(1, 1),
        seq: 1,
        component: Component::new("welcome", "Welcome"),
        demo: false,
        event: Event::ComponentVisit {
            url: "http://localhost/".into(),
            referrer: String::new(),
            visit_index: 1,
            is_entry: true,
            prev_component: "(entry)".into(),
            prev_component_name: "(entry)".into(),
        },
    }
}

pub fn entry(record: &Record) -> serde_json::Value {
    let ns = record.timestamp.as_nanos().to_string();
    serde_json::json!([ns, record.to_line().unwrap()])
}

pub fn request(entries: &[serde_json::Value]) -> String {
    serde_json::json!({ "streams": [{ "stream": { "job": "clm-frontend" }, "values": entries }] })
        .to_string()
}

pub fn one_visit(id: u128) -> String {
    request(&[entry(&visit(id, now_ms()))])
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
