//! Requests as only an attacker, a broken client or a lost one sends them, byte for byte, against
//! the program itself: each has one exact answer, and the server is as before afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{entry, gzip, now_ms, one_visit, request, visit};
use serde_json::{Value, json};
use tracking::UserSecret;

const PATIENCE: Duration = Duration::from_secs(60);

struct Running(Child, String);

impl Running {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_clm-server"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(dir.join("data"))
            .arg("--dist")
            .arg(dir.join("dist"))
            .env("CLM_API_TOKEN", "operator-of-this-one")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self(child, address)
    }

    /// Status and body; 0 when there is no answer at all.
    fn ask(&self, bytes: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // The server may close before it has read all.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let mut piece = [0; 4_096];
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            answer.extend_from_slice(&piece[..length]);
        }
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return (0, text.into_owned()) };
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, body.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A well-formed request around something that may not be.
fn http(line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for header in headers {
        bytes.push_str(header);
        bytes.push_str("\r\n");
    }
    bytes.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    [bytes.as_bytes(), body].concat()
}

fn get(path: &str, headers: &[&str]) -> Vec<u8> {
    http(&format!("GET {path}"), headers, b"")
}

const JSON: &str = "content-type: application/json";
const GZIP: &str = "content-encoding: gzip";
const BEARER: &str = "authorization: Bearer operator-of-this-one";
const PUSH: &str = "POST /loki/api/v1/push";

fn push(body: impl AsRef<[u8]>) -> Vec<u8> {
    http(PUSH, &[JSON], body.as_ref())
}

fn analytics(body: impl AsRef<[u8]>) -> Vec<u8> {
    http("POST /api/analytics", &[JSON], body.as_ref())
}

fn insights(query: &str) -> Vec<u8> {
    get(&format!("/api/insights/{query}"), &[BEARER])
}

fn raw(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    bytes.as_ref().to_vec()
}

/// One line of a push with a text replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let good = one_visit(1);
    let bad = good.replace(from, to);
    assert_ne!(good, bad, "{from}");
    push(bad)
}

fn line(text: &str) -> Vec<u8> {
    push(request(&[json!([(now_ms() * 1_000_000).to_string(), text])]))
}

fn chunked(size: usize) -> Vec<u8> {
    let head = format!(
        "{PUSH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let chunk = format!("{size:x}\r\n{}\r\n0\r\n\r\n", " ".repeat(size));
    [head, chunk].concat().into_bytes()
}

type Case = (&'static str, Vec<u8>, u16, String);

const KIND: &str = "the content type must be application/json\n";
const TOO_LARGE: &str = "the body is over 1048576 bytes\n";
const HOST: &str =
    "this server does not answer to that name; its operator can add one with --host\n";
const TOKEN: &str = "this needs the header Authorization: Bearer <token>";
const PROOF: &str = "this needs the header X-CLM-User-Secret with the secret of your browser";
const SECRET: &str =
    "the header X-CLM-User-Secret must be there once, with 32 lower-case hex digits";
const FROM: &str = "parameter from must be a whole number from 0 to 300000000000000";
const COMPONENTS: &str =
    "parameter components must name 1 to 20 components, with commas between them";

fn nothing() -> String {
    String::new()
}

fn not_push(column: usize) -> String {
    format!("the body is not a push request: wrong at line 1 column {column}\n")
}

fn not_an_event(why: &str) -> String {
    format!("entry 0 of stream 0: {why}\n1 refused, 0 taken\n")
}

fn not_analytics(line: usize, column: usize) -> String {
    said(&format!(
        "the body must be a JSON object {{\"event\", \"component\", \"data\"}}: wrong at line {line} column {column}"
    ))
}

fn said(sentence: &str) -> String {
    json!({ "error": sentence }).to_string()
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        ("an empty push", push(""), 400, not_push(0)),
        ("null", push("null"), 400, not_push(4)),
        ("a list", push("[]"), 400, not_push(2)),
        ("a text", push("\"x\""), 400, not_push(3)),
        ("a number", push("1e400"), 400, not_push(5)),
        ("no streams field", push("{}"), 400, not_push(2)),
        ("streams that are null", push(r#"{"streams":null}"#), 400, not_push(15)),
        ("streams that are an object", push(r#"{"streams":{}}"#), 400, not_push(11)),
        ("no streams", push(r#"{"streams":[]}"#), 422, "no entries\n".into()),
        ("a stream without fields", push(r#"{"streams":[{}]}"#), 400, not_push(14)),
        ("a stream without entries", push(r#"{"streams":[{"stream":{},"values":[]}]}"#), 422, "no entries\n".into()),
        ("an empty entry", push(r#"{"streams":[{"stream":{},"values":[[]]}]}"#), 400, not_push(37)),
        ("an entry without a line", push(r#"{"streams":[{"stream":{},"values":[["1"]]}]}"#), 400, not_push(40)),
        ("a time that is a number", push(r#"{"streams":[{"stream":{},"values":[[1,"x"]]}]}"#), 400, not_push(37)),
        ("a label that is a list", push(r#"{"streams":[{"stream":{"job":[]},"values":[]}]}"#), 400, not_push(29)),
        ("streams twice", push(r#"{"streams":[],"streams":[]}"#), 400, not_push(23)),
        ("half a surrogate", push(r#"{"streams":[{"stream":{"a":"\ud800"},"values":[]}]}"#), 400, not_push(35)),
        ("bytes that are not UTF-8", push(b"{\"streams\":[{\"stream\":{\"a\":\"\xff\"},\"values\":[]}]}"), 400, not_push(29)),
        ("a byte order mark", push("\u{feff}{}"), 400, not_push(1)),
        ("a NUL", push(b"\0"), 400, not_push(1)),
        ("something behind the JSON", push(r#"{"streams":[]} {}"#), 400, not_push(16)),
        ("100,000 open brackets", push("[".repeat(100_000)), 400, not_push(3)),
        ("20,000 labels deep", push(format!(r#"{{"streams":[{{"stream":{{"a":{}}}}}]}}"#, r#"{"a":"#.repeat(20_000))), 400, not_push(27)),
        ("a line that is not JSON", line("x"), 400, not_an_event("not JSON of the expected shape: syntax error at column 1")),
        ("an empty line", line(""), 400, not_an_event("not JSON of the expected shape: ends too early at column 0")),
        ("a line that is null", line("null"), 400, not_an_event("not JSON of the expected shape: wrong type or missing field at column 4")),
        ("a line of 20 kB", line(&"x".repeat(20_000)), 400, not_an_event("the line is over 16384 bytes")),
        ("an unknown event", with("component_visit", "component_zap"), 400, not_an_event("unknown event")),
        ("SQL in the user", with(&UserSecret::new(1).user_id().as_str()[..20], "' OR 1=1; DROP TABLE e"), 400, not_an_event("bad value in field user_id")),
        ("a quote in the session", with("session_1_", "session_1\\\"}_"), 400, not_an_event("not JSON of the expected shape: wrong type or missing field at column 235")),
        ("an event id in capitals", with("00000000000000000000000000000001", "0000000000000000000000000000000A"), 400, not_an_event("bad value in field event_id")),
        ("an event id too short", with("00000000000000000000000000000001", "1"), 400, not_an_event("bad value in field event_id")),
        ("an old schema", with(r#"schema_version\":1"#, r#"schema_version\":0"#), 400, not_an_event("schema_version 0 is not known here")),
        ("a negative number", with(r#"\"seq\":1"#, r#"\"seq\":-1"#), 400, not_an_event("not JSON of the expected shape: wrong type or missing field at column 260")),
        ("a number beyond 64 bits", with(r#"\"seq\":1"#, r#"\"seq\":18446744073709551616"#), 400, not_an_event("not JSON of the expected shape: wrong type or missing field at column 278")),
        ("a number JavaScript cannot write", with(r#"\"seq\":1"#, r#"\"seq\":9007199254740993"#), 400, not_an_event("too large a number in field seq")),
        ("a field twice", with(r#"\"seq\":1"#, r#"\"seq\":1,\"seq\":2"#), 400, not_an_event("not JSON of the expected shape: wrong type or missing field at column 265")),
        ("another user in the metadata", push(request(&[json!([entry(&visit(1, now_ms()))[0], visit(1, now_ms()).to_line().unwrap(), { "user_id": "x" }])])), 400, not_an_event("label user_id differs from the line")),
        ("an event of the year 2500", push(request(&[entry(&visit(1, 16_725_225_600_000))])), 204, nothing()),
        ("an event of 1970", push(request(&[entry(&visit(1, 0))])), 400, not_an_event("timestamp is more than 30 days old")),
        ("the last moment of time", push(request(&[entry(&visit(1, u64::MAX))])), 204, nothing()),
        ("no content type", http(PUSH, &[], b"{}"), 415, KIND.into()),
        ("a form", http(PUSH, &["content-type: application/x-www-form-urlencoded"], b"a=b"), 415, KIND.into()),
        ("a beacon", http(PUSH, &["content-type: text/plain;charset=UTF-8"], one_visit(1).as_bytes()), 415, KIND.into()),
        ("XML with an entity", http(PUSH, &["content-type: application/xml"], b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"), 415, KIND.into()),
        ("protobuf", http(PUSH, &["content-type: application/x-protobuf"], b"\x0a"), 415, KIND.into()),
        ("brotli", http(PUSH, &[JSON, "content-encoding: br"], b"{}"), 415, "the content encoding must be gzip or none\n".into()),
        ("gzip twice", http(PUSH, &[JSON, "content-encoding: gzip, gzip"], b"{}"), 415, "the content encoding must be gzip or none\n".into()),
        ("gzip that is none", http(PUSH, &[JSON, GZIP], b"{}"), 400, "the body is not gzip\n".into()),
        ("gzip that is cut", http(PUSH, &[JSON, GZIP], &gzip(one_visit(1).as_bytes())[..60]), 400, "the body is not gzip\n".into()),
        ("a gzip bomb of 64 MB", http(PUSH, &[JSON, GZIP], &gzip(&vec![b' '; 64 << 20])), 413, TOO_LARGE.into()),
        ("a body over the limit", push(" ".repeat((1 << 20) + 1)), 413, TOO_LARGE.into()),
        ("a chunked body over the limit", chunked((1 << 20) + 1), 413, TOO_LARGE.into()),
        ("reading the push address", get("/loki/api/v1/push", &[]), 405, nothing()),
        ("PUT", http("PUT /loki/api/v1/push", &[JSON], b"{}"), 405, nothing()),
        ("a slash too many", http("POST /loki/api/v1/push/", &[JSON], b"{}"), 405, nothing()),
        ("two slashes", http("POST //loki/api/v1/push", &[JSON], b"{}"), 405, nothing()),
        ("Loki's own delete", http("POST /loki/api/v1/delete?query={}", &[], b""), 405, nothing()),
        ("Loki's own query", get("/loki/api/v1/query?query=1", &[]), 404, nothing()),
        ("a file above the page", get("/../secret", &[]), 404, nothing()),
        ("the same with percent signs", get("/%2e%2e/secret", &[]), 404, nothing()),
        ("with an encoded slash", get("/..%2fsecret", &[]), 404, nothing()),
        ("with a backslash", get("/..\\secret", &[]), 404, nothing()),
        ("with an encoded backslash", get("/..%5csecret", &[]), 404, nothing()),
        ("an absolute file", get("//etc/passwd", &[]), 404, nothing()),
        ("a NUL in a path", get("/index.html%00.js", &[]), 404, nothing()),
        ("a percent sign alone", get("/%", &[]), 404, nothing()),
        ("deleting the page", http("DELETE /index.html", &[], b""), 405, nothing()),
        ("the database", get("/data/events.db", &[]), 404, nothing()),
        ("an answer without the token", get("/api/insights/summary", &[]), 401, said(TOKEN)),
        ("a wrong token", get("/api/insights/summary", &["authorization: Bearer operator-of-this-onx"]), 401, said(TOKEN)),
        ("half a token", get("/api/insights/summary", &["authorization: Bearer operator-of-this-on"]), 401, said(TOKEN)),
        ("a longer token", get("/api/insights/summary", &["authorization: Bearer operator-of-this-one2"]), 401, said(TOKEN)),
        ("an empty token", get("/api/insights/summary", &["authorization: Bearer "]), 401, said(TOKEN)),
        ("the token as Basic", get("/api/insights/summary", &["authorization: Basic operator-of-this-one"]), 401, said(TOKEN)),
        ("the token in the address", get("/api/insights/summary?token=operator-of-this-one", &[]), 401, said(TOKEN)),
        ("an unknown answer", insights("passwords"), 404, said("there is no such answer")),
        ("SQL in a number", insights("summary?from=1;DROP%20TABLE%20events"), 400, said(FROM)),
        ("a negative time", insights("summary?from=-1"), 400, said(FROM)),
        ("a time beyond 64 bits", insights("summary?from=99999999999999999999"), 400, said(FROM)),
        ("a range backwards", insights("summary?from=5&to=4"), 400, said("parameter from must not be after parameter to")),
        ("a parameter twice", insights("summary?from=1&from=2"), 400, said("parameter from is there twice")),
        ("a billion buckets", insights("popularity?from=0&to=1000000000000&bucket=1"), 400, said("parameter bucket is too small for this range: there would be over 2000 buckets")),
        ("an endless list", insights("sessions?limit=1000000000"), 400, said("parameter limit must be a whole number from 1 to 1000")),
        ("no funnel", insights("funnel?components="), 400, said(COMPONENTS)),
        ("a funnel of a thousand", insights(&format!("funnel?components={}", "a,".repeat(1_000))), 400, said(COMPONENTS)),
        ("a parameter that is no text", insights("summary?from=%ff"), 400, said(FROM)),
        ("nobody's data", get("/api/me", &[]), 401, said(PROOF)),
        ("the operator's token for a person", get("/api/me", &[BEARER]), 401, said(PROOF)),
        ("an empty secret", get("/api/me", &["x-clm-user-secret:"]), 400, said(SECRET)),
        ("a user id as secret", get("/api/me", &[&format!("x-clm-user-secret: {}", UserSecret::new(1).user_id().as_str())]), 400, said(SECRET)),
        ("a secret in capitals", get("/api/me", &["x-clm-user-secret: 0000000000000000000000000000000A"]), 400, said(SECRET)),
        ("two secrets", get("/api/me", &["x-clm-user-secret: 00000000000000000000000000000001", "x-clm-user-secret: 00000000000000000000000000000002"]), 400, said(SECRET)),
        ("a secret in the address", get("/api/me?secret=00000000000000000000000000000001", &[]), 400, said("nothing belongs behind a ? here; a secret in an address ends up in logs")),
        ("another's id", http("DELETE /api/me", &["x-clm-user-secret: 00000000000000000000000000000001", "x-clm-user-id: x"], b""), 403, said("the secret does not belong to the user in the header X-CLM-User-Id")),
        ("erasing without a proof", http("DELETE /api/me", &[], b""), 401, said(PROOF)),
        ("posting to a person", http("POST /api/me", &[JSON], b"{}"), 405, nothing()),
        ("an empty event", analytics(""), 400, not_analytics(1, 0)),
        ("a list of events", analytics("[]"), 400, not_analytics(1, 2)),
        ("an event without a name", analytics("{}"), 400, not_analytics(1, 2)),
        ("the server's own event", analytics(r#"{"event":"http_request"}"#), 400, said("field event names one of the server's own events")),
        ("a line break in a name", analytics(r#"{"event":"a\nb"}"#), 400, said("field event must be 1 to 64 letters, digits, _ . : or -")),
        ("a field of ours", analytics(r#"{"event":"e","timestamp":1}"#), 400, not_analytics(1, 24)),
        ("data that is a text", analytics(r#"{"event":"e","data":"x"}"#), 400, not_analytics(1, 23)),
        ("data 1,000 deep", analytics(format!(r#"{{"event":"e","data":{{"a":{}"#, "[".repeat(1_000))), 400, not_analytics(1, 151)),
        ("data of 20 kB", analytics(format!(r#"{{"event":"e","data":{{"a":"{}"}}}}"#, "x".repeat(20_000))), 413, said("the body is over 16384 bytes")),
        ("an event as a form", http("POST /api/analytics", &["content-type: application/x-www-form-urlencoded"], b"event=e"), 415, said("the content type must be application/json")),
        ("no host", raw("GET / HTTP/1.1\r\nconnection: close\r\n\r\n"), 403, HOST.into()),
        ("another host", raw("GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"), 403, HOST.into()),
        ("a host that begins like ours", raw("GET / HTTP/1.1\r\nhost: localhost.evil.example\r\nconnection: close\r\n\r\n"), 403, HOST.into()),
        ("a push to another host", raw(format!("{PUSH} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n{JSON}\r\ncontent-length: 2\r\n\r\n{{}}")), 403, HOST.into()),
        ("two lengths", raw(format!("{PUSH} HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{{}}")), 400, nothing()),
        ("a negative length", raw(format!("{PUSH} HTTP/1.1\r\nhost: localhost\r\n{JSON}\r\ncontent-length: -1\r\n\r\n")), 400, nothing()),
        ("a chunk without a size", raw(format!("{PUSH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n")), 400, "the body cannot be read\n".into()),
        ("an unknown transfer encoding", raw(format!("{PUSH} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{JSON}\r\ntransfer-encoding: gzip\r\n\r\n")), 400, nothing()),
        ("a header without a colon", raw("GET / HTTP/1.1\r\nhost localhost\r\n\r\n"), 400, nothing()),
        ("a space in a header name", raw("GET / HTTP/1.1\r\nhost: localhost\r\nx y: z\r\n\r\n"), 400, nothing()),
        ("a NUL in a header", raw("GET / HTTP/1.1\r\nhost: localhost\r\nx: \0\r\n\r\n"), 400, nothing()),
        ("a folded header", raw("GET / HTTP/1.1\r\nhost: localhost\r\nx: a\r\n b\r\n\r\n"), 400, nothing()),
        ("500 headers", raw(format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(500))), 431, nothing()),
        ("a header of 1 MB", raw(format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n", "y".repeat(1 << 20))), 431, nothing()),
        ("an address of 70,000 bytes", get(&format!("/{}", "a".repeat(70_000)), &[]), 431, nothing()),
        ("a space in the address", raw("GET /a b HTTP/1.1\r\nhost: localhost\r\n\r\n"), 400, nothing()),
        ("HTTP 9", raw("GET / HTTP/9.9\r\nhost: localhost\r\n\r\n"), 400, nothing()),
        ("HTTP 0.9", raw("GET /\r\n\r\n"), 400, nothing()),
        ("a TLS greeting", raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), 400, nothing()),
        ("noise", raw(b"\xde\xad\xbe\xef\r\n\r\n"), 400, nothing()),
        ("TRACE", http("TRACE /", &[], b""), 405, nothing()),
        ("CONNECT", raw("CONNECT evil.example:443 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"), 405, nothing()),
        ("a proxy request", raw("GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"), 200, "<p>front".into()),
        ("a method of nobody", http("ZAP /loki/api/v1/push", &[JSON], b"{}"), 405, nothing()),
    ]
}

#[test]
fn each_has_its_answer_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dist")).unwrap();
    fs::write(dir.path().join("dist/index.html"), "<p>front").unwrap();
    fs::write(dir.path().join("secret"), "SESAME").unwrap();
    let mut server = Running::start(dir.path());
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (name, bytes, status, body) in cases {
        let answer = server.ask(&bytes);
        if answer != (status, body) {
            wrong.push(format!("{name}: {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.0.try_wait().unwrap(), None, "it is still there");
    let (status, body) = server.ask(&insights("summary"));
    assert_eq!(status, 200, "{body}");
    let summary: Value = serde_json::from_str(&body).unwrap();
    // A page's clock that is ahead is corrected: both times to now, and the same event twice is one.
    assert_eq!(summary["visits"], 1, "{body}");
    assert_eq!(server.ask(&push(one_visit(1))), (204, String::new()));
}
