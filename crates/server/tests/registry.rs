//! The registry in use: what the operator's file may be, and what is served while it is broken.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use axum::http::StatusCode;
use common::{Answer, Server, program, server_with};
use registry::Registry;
use serde_json::{Value, json};

const HOME: &str = r#"{"components":[{"hash":"home","concrete":{"implementation":"a.html"}}]}"#;

fn with_file(name: &str, text: impl AsRef<[u8]>) -> (Server, PathBuf) {
    let server = server_with(|config, dir| {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        config.registry = Some(path);
    });
    let path = server.dir.path().join(name);
    (server, path)
}

async fn get(server: &Server) -> Answer {
    server.get("/registry.json").await
}

async fn is_home(server: &Server) -> bool {
    let answer = get(server).await;
    answer.status == StatusCode::OK && answer.text == HOME
}

#[tokio::test]
async fn a_yaml_registry_keeps_unknown_fields_and_is_read_again() {
    let server = server_with(|config, dir| config.registry = Some(dir.join("registry.yaml")));
    let path = server.dir.path().join("registry.yaml");

    let answer = get(&server).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.starts_with("the registry cannot be read: "), "{}", answer.text);

    fs::write(&path, "version: [").unwrap();
    let answer = get(&server).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.starts_with("the registry is not valid YAML"), "{}", answer.text);

    fs::write(&path, "version: '1.0.0'\ncomponents:\n  - hash: a\n    zap: {deep: [1, true]}\n")
        .unwrap();
    let answer = get(&server).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(
        serde_json::from_str::<Value>(&answer.text).unwrap(),
        json!({
            "version": "1.0.0",
            "components": [{ "hash": "a", "zap": { "deep": [1, true] } }]
        })
    );
}

#[tokio::test]
async fn one_odd_value_in_yaml_leaves_the_other_components() {
    for odd in [
        "{hash: g, name: 2048, concrete: {implementation: g.html}}",
        "{hash: g, name: null, concrete: {implementation: g.html}}",
        "{hash: 5e10, concrete: {implementation: g.html}}",
        "{hash: g, concrete: null}",
        "{hash: g, concrete: {implementation: g.html}, balanced: {expected_load_time_ms: -1}}",
        "{hash: [g], 7: {}}",
        "7",
    ] {
        let home = "{hash: home, name: Home, concrete: {implementation: components/welcome.html}}";
        let (server, _) = with_file("r.yaml", format!("components:\n  - {home}\n  - {odd}\n"));
        let answer = get(&server).await;
        assert_eq!(answer.status, StatusCode::OK, "{odd}");
        let registry = Registry::parse(&answer.text).unwrap();
        assert_eq!(&*registry.find("home").unwrap().name, "Home", "{odd}");
        let is_used = registry.components.len() == 2;
        assert!(is_used || registry.notices.len() == 1, "{odd}: {:?}", registry.notices);
        for notice in &registry.notices {
            assert!(notice.starts_with("Entry 2: "), "{odd}: {notice}");
        }
    }
    let game = "components: [{hash: g, name: 2048, concrete: {implementation: g.html}}]";
    let (server, _) = with_file("r.yml", game);
    let registry = Registry::parse(&get(&server).await.text).unwrap();
    assert_eq!(&*registry.find("g").unwrap().name, "2048");
}

#[tokio::test]
async fn what_editors_write_at_the_start_of_a_file_is_no_part_of_it() {
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(HOME.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for text in [HOME.as_bytes().to_vec(), [b"\xef\xbb\xbf", HOME.as_bytes()].concat(), utf16] {
        for name in ["r.json", "r.JSON", "r.yaml"] {
            let (server, _) = with_file(name, &text);
            assert!(is_home(&server).await, "{name}");
        }
    }
}

#[tokio::test]
async fn the_last_good_registry_stays_in_use() {
    let (server, path) = with_file("registry.json", HOME);
    assert!(is_home(&server).await);
    for broken in ["", "{", "[]", "{}", r#"{"components":[]}"#, r#"{"components":[{"hash":"a"}]}"#]
    {
        fs::write(&path, broken).unwrap();
        assert!(is_home(&server).await, "{broken:?}");
    }
    fs::remove_file(&path).unwrap();
    assert!(is_home(&server).await, "gone");
    fs::create_dir(&path).unwrap();
    assert!(is_home(&server).await, "a folder");
    fs::remove_dir(&path).unwrap();
    #[cfg(unix)]
    {
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(is_home(&server).await, "a pipe that nobody writes");
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(is_home(&server).await, "a device without an end");
        fs::remove_file(&path).unwrap();
    }
    let file = fs::File::create(&path).unwrap();
    file.set_len(64 << 20).unwrap();
    assert!(is_home(&server).await, "a file without an end");
    fs::write(&path, HOME.replace("home", "next")).unwrap();
    assert!(get(&server).await.text.contains("next"), "mended");
}

#[tokio::test]
async fn the_registry_of_a_page_in_a_folder_stays_as_well() {
    let server = server_with(|config, _| {
        let dist = config.dist.clone().unwrap();
        fs::create_dir_all(&dist).unwrap();
        fs::write(dist.join("registry.json"), HOME).unwrap();
    });
    let path = server.dir.path().join("dist/registry.json");
    assert!(is_home(&server).await);
    fs::write(&path, "{").unwrap();
    assert!(is_home(&server).await);
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    assert!(is_home(&server).await);
}

#[tokio::test]
async fn without_a_page_there_is_no_registry() {
    assert_eq!(get(&common::server()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_error_never_says_what_stands_in_the_file() {
    for (name, text) in [
        ("r.yaml", "password: [s3cret\n"),
        ("r.yaml", "s3cret: a: b\n"),
        ("r.json", "s3cret"),
        ("r.json", "{\"s3cret\": s3cret}"),
    ] {
        let (server, _) = with_file(name, text);
        let answer = get(&server).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{text}");
        assert!(answer.text.contains("line "), "{}", answer.text);
        assert!(!answer.text.contains("s3cret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn it_is_sent_packed_and_once() {
    let (server, path) = with_file("registry.yaml", HOME);
    let plain = get(&server).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.header("vary"), "accept-encoding");
    let packed = server.get_with("/registry.json", &[("accept-encoding", "gzip;q=0.5, br")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let refused = server.get_with("/registry.json", &[("accept-encoding", "gzip;q=0.0")]).await;
    assert_eq!(refused.text, HOME);
    let (tag, other) = (plain.header("etag"), packed.header("etag"));
    assert!(tag.starts_with('"') && tag != other, "{tag} {other}");
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let answer = server.get_with("/registry.json", &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, &*answer.text), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(answer.header("etag"), tag);
    }
    fs::write(path, HOME.replace("home", "next")).unwrap();
    let answer = server.get_with("/registry.json", &[("if-none-match", tag)]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn ten_thousand_components_are_served_from_json_and_yaml() {
    let entry = |at: u32| {
        let face = json!({ "context": "somebody is here", "goal": format!("do {at}") });
        let concrete = json!({ "implementation": format!("https://h{at}.example/"), "ready": "message",
            "sandbox": "allow-scripts", "redux_slice": "selection" });
        let balanced =
            json!({ "metrics_endpoint": "m", "health_check": "h", "expected_load_time_ms": at });
        json!({ "hash": format!("c{at}"), "name": format!("Component {at}"), "category": "Tools",
            "abstract": face, "concrete": concrete, "balanced": balanced })
    };
    let all = json!({ "components": (0..10_000).map(entry).collect::<Vec<_>>() }).to_string();
    for name in ["r.json", "r.yaml"] {
        let (server, _) = with_file(name, &all);
        let answer = get(&server).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
        assert_eq!(Registry::parse(&answer.text).unwrap().components.len(), 10_000);
        let front = server_page(&server).await;
        let policy = front.header("content-security-policy");
        assert!(policy.contains("frame-src 'self' https:;"), "{policy}");
        let head: usize = front.headers.iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum();
        assert!(head < 4_000, "{head} bytes of head");
    }
}

/// The front page of a server whose folder has none yet.
async fn server_page(server: &Server) -> Answer {
    let dist = server.dir.path().join("dist");
    fs::create_dir_all(&dist).unwrap();
    fs::write(dist.join("index.html"), "<p>front").unwrap();
    server.get("/").await
}

#[tokio::test]
async fn the_policy_names_the_frames_of_the_registry_that_is_served() {
    let shipped = include_str!("../../../static/registry.json");
    let (server, path) = with_file("registry.json", shipped);
    let front = server_page(&server).await;
    let names = "https://en.wikipedia.org https://example.com https://www.google.com \
                 https://www.youtube-nocookie.com;";
    let policy = front.header("content-security-policy");
    for directive in ["frame-src", "connect-src"] {
        assert!(policy.contains(&format!("{directive} 'self' {names}")), "{policy}");
    }
    // Also while the file is broken.
    fs::write(&path, "{").unwrap();
    assert_eq!(server_page(&server).await.header("content-security-policy"), policy);
    let next =
        r#"{"components":[{"hash":"a","concrete":{"implementation":"//localhost:9911/ok.html"}}]}"#;
    fs::write(&path, next).unwrap();
    let policy = server_page(&server).await.header("content-security-policy").to_owned();
    assert!(
        policy.contains("frame-src 'self' http://localhost:9911 https://localhost:9911;"),
        "{policy}"
    );
}

#[tokio::test]
async fn a_byte_order_mark_in_the_pages_settings_leaves_the_receiver_in_the_policy() {
    let server = common::server();
    server_page(&server).await;
    let config = "\u{feff}{\"lokiUrl\":\"https://logs.example:3100/loki/api/v1/push\"}";
    fs::write(server.dir.path().join("dist/config.json"), config).unwrap();
    let policy = server.get("/").await.header("content-security-policy").to_owned();
    assert!(policy.contains("connect-src 'self' https://logs.example:3100"), "{policy}");
}

/// What the program writes to its log while `act` is done to the registry it reads.
#[cfg(unix)]
fn log_of(dir: &Path, registry: &Path, act: impl FnOnce(&program::Running)) -> String {
    let mut running = program::Running::start_with(&dir.join("data"), |command| {
        command.arg("--registry").arg(registry).stderr(Stdio::piped());
    });
    act(&running);
    let id = running.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

#[cfg(unix)]
#[test]
fn the_log_says_once_what_is_wrong_with_the_file_and_once_that_it_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("registry.json");
    fs::write(&path, HOME).unwrap();
    let log = log_of(dir.path(), &path, |running| {
        let ask = || assert!(running.ask("GET /registry.json", "").contains("home"));
        ask();
        fs::write(&path, "{ broken").unwrap();
        ask();
        ask();
        fs::write(&path, HOME).unwrap();
        ask();
        ask();
    });
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("the registry")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(
        lines[0].contains(
            "registry.json is not valid JSON (line 1); the one that was read before stays in use"
        ),
        "{log}"
    );
    assert!(lines[1].contains("can be used again"), "{log}");
}
