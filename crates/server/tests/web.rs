//! The page, the registry, and who may ask.

mod common;

use std::fs;

use axum::http::StatusCode;
use common::{gzip, server, server_with};

#[tokio::test]
async fn without_a_page_the_front_says_what_to_do() {
    let front = server().get("/").await;
    assert_eq!(front.status, StatusCode::NOT_FOUND);
    assert!(front.text.contains("cargo xtask demo"), "{}", front.text);
    assert_eq!(server().get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn files_have_their_type_their_caching_and_their_compressed_form() {
    let server = server_with(|config, _| {
        let dist = config.dist.as_ref().unwrap();
        fs::create_dir_all(dist).unwrap();
        let file = |name: &str, content: &[u8]| fs::write(dist.join(name), content).unwrap();
        file("index.html", b"<p>front");
        file("registry.json", b"{}");
        file("app-0123456789abcdef.js", b"plain");
        file("app-0123456789abcdef.js.gz", &gzip(b"plain"));
        file("app-0123456789abcdef_bg.wasm", b"\0asm");
        file("app-0123456789abcdef_bg.wasm.br", b"brotli");
    });
    let forever = "public, max-age=31536000, immutable";
    for (path, kind, cache) in [
        ("/", "text/html", "no-cache"),
        ("/index.html", "text/html", "no-cache"),
        ("/registry.json", "application/json", "no-cache"),
        ("/app-0123456789abcdef.js", "text/javascript", forever),
        ("/app-0123456789abcdef_bg.wasm", "application/wasm", forever),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        assert_eq!(answer.header("cache-control"), cache, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
    let packed =
        server.get_with("/app-0123456789abcdef_bg.wasm", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((packed.header("content-encoding"), packed.text.as_str()), ("br", "brotli"));
    assert_eq!(packed.header("content-type"), "application/wasm");
    let packed = server.get_with("/app-0123456789abcdef.js", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");

    let missing = server.get("/gone-0123456789abcdef.js").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.header("cache-control"), "no-cache");
    for outside in ["/../data/events.db", "/%2e%2e/data/events.db", "/..%2fdata%2fevents.db"] {
        assert_ne!(server.get(outside).await.status, StatusCode::OK, "{outside}");
    }
}

#[tokio::test]
async fn on_loopback_only_names_of_this_machine_are_answered() {
    let server = server();
    for path in ["/", "/healthz", "/api/insights/summary"] {
        let answer = server.get_with(path, &[("host", "evil.example:8080")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let answer = server.get_with("/healthz", &[("host", "[::1]:8080")]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn with_a_token_the_answers_need_it() {
    let server = server_with(|config, _| {
        config.token = Some("s3cret".into());
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.hosts = vec!["dashboard.example".into()];
    });
    let path = "/api/insights/summary";
    for wrong in ["", "Bearer", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret"] {
        let answer = server.get_with(path, &[("authorization", wrong)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(server.get("/api/zap").await.status, StatusCode::UNAUTHORIZED);
    let headers = [("authorization", "Bearer s3cret"), ("host", "dashboard.example")];
    assert_eq!(server.get_with(path, &headers).await.status, StatusCode::OK);
    assert_eq!(server.push(common::one_visit(1)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_wrong_question_is_answered_with_a_sentence() {
    let server = server();
    let answer = server.get("/api/insights/visits?form=1").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        answer.text,
        r#"{"error":"parameter form is not known here; there are from, to, component, entry, user, session, demo"}"#
    );
    assert_eq!(server.get("/api/insights/zap").await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/api/zap").await.status, StatusCode::NOT_FOUND);
}
