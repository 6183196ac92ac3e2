//! What the environment trusts the program with is in nothing that it says or keeps.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{one_visit, program::Running};

const TOKEN: &str = "t0ken-never-to-be-seen";
const PASSWORD: &str = "pa55word-never-to-be-seen";
const PATIENCE: Duration = Duration::from_secs(60);

/// A Loki that refuses, and repeats what it was told.
async fn gossip() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = async |headers: HeaderMap| (StatusCode::UNAUTHORIZED, format!("{headers:?}"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

/// In plain, as basic auth writes it, and as a Debug of bytes would.
fn forms() -> Vec<String> {
    let basic = STANDARD.encode(format!("4711:{PASSWORD}"));
    let hidden = [TOKEN, PASSWORD].map(|secret| STANDARD.encode(secret));
    [&[TOKEN.to_owned(), PASSWORD.to_owned(), basic][..], &hidden].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_log_number_or_file_tells_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let loki = gossip().await;
    let log = dir.path().join("stderr");
    let secrets = [
        ("CLM_API_TOKEN", TOKEN),
        ("LOKI_URL", &loki),
        ("LOKI_USERNAME", "4711"),
        ("LOKI_PASSWORD", PASSWORD),
    ];
    let mut server = Running::start_with(dir.path(), |command| {
        command
            .envs(secrets)
            .args(["--log-format", "json", "--events-stdout"])
            .stderr(Stdio::from(fs::File::create(&log).unwrap()));
    });
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    let proof = format!("x-clm-user-secret: {}\r\n", tracking::UserSecret::new(2).to_hex());
    let mut said = vec![
        server.ask("POST /loki/api/v1/push", &one_visit(1)),
        server.ask("POST /loki/api/v1/push", "{"),
        server.ask("POST /api/analytics", "{\"event\":\"a\",\"component\":\"b\",\"data\":{}}"),
        server.ask_with("DELETE /api/me", &proof, ""),
        server.ask_with("GET /api/me", &proof, ""),
        server.ask_with("GET /api/me", &bearer, ""),
        server.ask("GET /api/insights/summary", ""),
        server.ask_with("GET /api/insights/summary", "authorization: Bearer t0ken\r\n", ""),
        server.ask_with("GET /api/zap", &bearer, ""),
        server.ask_with("BREW /", &bearer, ""),
        server.ask("GET /config.json", ""),
        server.ask("GET /", ""),
    ];
    assert!(server.ask_with("GET /api/insights/summary", &bearer, "").starts_with("HTTP/1.1 200"));
    // Loki has refused by now, with all that it was told.
    let start = Instant::now();
    loop {
        let metrics = server.ask_with("GET /metrics", &bearer, "");
        assert!(metrics.starts_with("HTTP/1.1 200 "), "{metrics}");
        let has_tried = metrics.contains("clm_outbox_retried_total{sink=\"loki\"}");
        said.push(metrics);
        if has_tried {
            break;
        }
        assert!(start.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let id = server.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let mut lines = String::new();
    server.output.read_to_string(&mut lines).unwrap();
    assert!(lines.contains("http_request"), "{lines}");
    said.push(lines);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("401"), "{log}");
    said.push(log);

    for more in ["--print-config", "--help", "--zap"] {
        let mut command = common::program::command(dir.path(), "127.0.0.1:0");
        let output = command.envs(secrets).arg(more).output().unwrap();
        said.push(String::from_utf8_lossy(&output.stdout).into());
        said.push(String::from_utf8_lossy(&output.stderr).into());
    }
    for file in fs::read_dir(dir.path()).unwrap() {
        said.push(String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap()).into());
    }
    for text in said {
        for secret in forms() {
            assert!(!text.contains(&secret), "{secret} in {text}");
        }
    }
}
