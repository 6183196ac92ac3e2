//! Who may do what, beyond the token: how often, from whose page, under which name, through which
//! proxy; and what every answer says to a browser.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode},
};
use common::{Answer, Server, one_visit, server, server_with};

const PUSH: &str = "/loki/api/v1/push";
const NEAR: &str = "127.0.0.1";

/// A request as it comes over a connection from `peer`.
async fn ask(
    server: &Server,
    peer: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost");
    }
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request.body(Body::from(body)).unwrap();
    let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    server.send(request).await
}

async fn push_from(server: &Server, peer: &str, id: u128, headers: &[(&str, &str)]) -> Answer {
    let headers = [headers, &[("content-type", "application/json")]].concat();
    ask(server, peer, Method::POST, PUSH, &headers, one_visit(id)).await
}

/// Of twenty pushes, how many were taken.
async fn taken_of_twenty(server: &Server, peer: &str, headers: &[(&str, &str)]) -> usize {
    let mut taken = 0;
    for id in 1..=20 {
        let answer = push_from(server, peer, id, headers).await;
        match answer.status {
            StatusCode::NO_CONTENT => taken += 1,
            status => {
                assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                let wait: u64 = answer.header("retry-after").parse().unwrap();
                assert!((1..=2).contains(&wait), "{wait}");
                assert_eq!(answer.text, format!("too many requests; try again in {wait} s\n"));
            }
        }
    }
    taken
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let server = server_with(|config, _| config.client_rate = 1);
    // Ten at once; one more for each second that the test itself may take.
    let taken = taken_of_twenty(&server, "203.0.113.7", &[]).await;
    assert!((10..20).contains(&taken), "{taken}");
    // Everybody else goes on, and so does this machine.
    assert_eq!(push_from(&server, "203.0.113.8", 99, &[]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(taken_of_twenty(&server, NEAR, &[]).await, 20);
    // The page itself, and whether we live, are not counted.
    for _ in 0..20 {
        let answer = ask(&server, "203.0.113.7", Method::GET, "/healthz", &[], String::new()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn all_together_have_a_limit_too() {
    let server = server_with(|config, _| config.total_rate = 1);
    let taken = taken_of_twenty(&server, NEAR, &[]).await;
    assert!((10..20).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_forwarded_address_counts_only_if_a_proxy_of_ours_says_it() {
    let server = server_with(|config, _| {
        config.client_rate = 1;
        config.proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let forwarded = [("x-forwarded-for", "203.0.113.7")];
    let taken = taken_of_twenty(&server, NEAR, &forwarded).await;
    assert!((10..20).contains(&taken), "{taken}");
    // Said by a stranger it is ignored: the limit is the stranger's own.
    let made_up = [("x-forwarded-for", "127.0.0.1")];
    let taken = taken_of_twenty(&server, "198.51.100.9", &made_up).await;
    assert!((10..20).contains(&taken), "{taken}");
}

#[tokio::test]
async fn only_pages_of_allowed_origins_push() {
    let server = server_with(|config, _| {
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.token = Some("operator".into());
        config.hosts = vec!["dashboard.example".into()];
        config.origins = vec!["https://shop.example".parse().unwrap()];
    });
    let host = ("host", "dashboard.example");
    for (id, (origin, expected)) in [
        (None, StatusCode::NO_CONTENT),
        (Some("https://dashboard.example"), StatusCode::NO_CONTENT),
        (Some("https://shop.example"), StatusCode::NO_CONTENT),
        (Some("https://shop.example:8443"), StatusCode::FORBIDDEN),
        (Some("http://shop.example"), StatusCode::FORBIDDEN),
        (Some("https://shop.example.evil.example"), StatusCode::FORBIDDEN),
        (Some("https://evil.example"), StatusCode::FORBIDDEN),
        (Some("http://localhost"), StatusCode::FORBIDDEN),
        (Some("null"), StatusCode::FORBIDDEN),
    ]
    .into_iter()
    .enumerate()
    {
        let mut headers = vec![host];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = push_from(&server, NEAR, id as u128 + 1, &headers).await;
        assert_eq!(answer.status, expected, "{origin:?}: {}", answer.text);
        let is_named = answer.header("access-control-allow-origin");
        let expected =
            if origin == Some("https://shop.example") { "https://shop.example" } else { "" };
        assert_eq!(is_named, expected, "{origin:?}");
        let foreign = answer.status == StatusCode::FORBIDDEN;
        assert_eq!(answer.text.contains("--allow-origin"), foreign, "{}", answer.text);
    }
    assert_eq!(
        ask(
            &server,
            NEAR,
            Method::POST,
            "/api/analytics",
            &[host, ("origin", "https://evil.example")],
            "{}".into()
        )
        .await
        .status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        ask(
            &server,
            NEAR,
            Method::DELETE,
            "/api/me",
            &[host, ("origin", "https://evil.example")],
            String::new()
        )
        .await
        .status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_browser_that_asks_first_hears_what_it_may() {
    let server = server_with(|config, _| {
        config.origins = vec!["https://shop.example".parse().unwrap()];
    });
    let preflight = async |origin: &str, path: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,content-encoding"),
        ];
        ask(&server, NEAR, Method::OPTIONS, path, &headers, String::new()).await
    };
    for path in [PUSH, "/api/analytics"] {
        let yes = preflight("https://shop.example", path).await;
        assert_eq!(yes.status, StatusCode::OK, "{path}");
        assert_eq!(yes.header("access-control-allow-origin"), "https://shop.example", "{path}");
        assert_eq!(yes.header("access-control-allow-methods"), "POST");
        assert_eq!(yes.header("access-control-allow-headers"), "content-type,content-encoding");
        assert_eq!(yes.header("access-control-max-age"), "86400");
        assert_eq!(yes.header("access-control-allow-credentials"), "");
        assert!(yes.header("vary").contains("origin"), "{}", yes.header("vary"));
        let no = preflight("https://evil.example", path).await;
        assert_eq!(no.header("access-control-allow-origin"), "", "{path}");
    }
    // Nobody else's page reads what is stored, or erases it.
    for path in ["/api/insights/summary", "/api/me", "/metrics"] {
        let no = preflight("https://shop.example", path).await;
        assert_eq!(no.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn beyond_this_machine_a_name_must_be_ours_or_a_bare_address() {
    let server = server_with(|config, _| {
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.token = Some("operator".into());
        config.hosts = vec!["dashboard.example".into()];
    });
    for (host, expected) in [
        ("dashboard.example", StatusCode::OK),
        ("DASHBOARD.example:8443", StatusCode::OK),
        ("192.0.2.1:8080", StatusCode::OK),
        ("[2001:db8::1]", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("rebound.example", StatusCode::FORBIDDEN),
        ("dashboard.example.evil.example", StatusCode::FORBIDDEN),
        ("dashboard.example:port", StatusCode::FORBIDDEN),
        ("", StatusCode::FORBIDDEN),
    ] {
        let answer =
            ask(&server, NEAR, Method::GET, "/healthz", &[("host", host)], String::new()).await;
        assert_eq!(answer.status, expected, "{host}");
        assert_eq!(answer.text.contains("--host"), expected == StatusCode::FORBIDDEN, "{host}");
    }
}

#[tokio::test]
async fn every_answer_says_how_a_browser_must_treat_it() {
    let server = server();
    for path in ["/", "/healthz", "/metrics", "/api/insights/summary", "/api/zap", "/gone.js"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
    }
    for path in ["/metrics", "/api/insights/summary", "/api/zap"] {
        assert_eq!(server.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}
