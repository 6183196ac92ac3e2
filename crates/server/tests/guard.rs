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
use common::{Answer, Server, entry, now_ms, one_visit, server, server_with, visit};

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

#[tokio::test]
async fn a_page_elsewhere_may_read_why_it_was_refused_and_when_to_come_back() {
    let shop = ("origin", "https://shop.example");
    let server = server_with(|config, _| {
        config.origins = vec!["https://shop.example".parse().unwrap()];
        config.client_rate = 1;
    });
    let readable = |answer: &Answer| {
        assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
        let exposed = answer.header("access-control-expose-headers");
        assert!(exposed.contains("retry-after"), "{exposed}");
        assert!(exposed.contains("clm-clock-skew-ms"), "{exposed}");
    };
    let mut refused = None;
    for id in 1..=20 {
        let answer = push_from(&server, "203.0.113.5", id, &[shop]).await;
        readable(&answer);
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
        }
    }
    assert!(refused.unwrap().header("retry-after").parse::<u64>().unwrap() >= 1);
    // Whoever asks first is not counted.
    for _ in 0..20 {
        let headers = [shop, ("access-control-request-method", "POST")];
        let answer =
            ask(&server, "203.0.113.5", Method::OPTIONS, PUSH, &headers, String::new()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let wrong = ask(&server, NEAR, Method::POST, PUSH, &[shop], "nonsense".into()).await;
    assert!(wrong.status.is_client_error());
    readable(&wrong);

    // A store that takes no more.
    let server = server_with(|config, _| {
        config.origins = vec!["https://shop.example".parse().unwrap()];
        config.max_store_bytes = 2_000_000;
    });
    let mut full = push_from(&server, NEAR, 1, &[shop]).await;
    for batch in 1..100 {
        let visits: Vec<_> =
            (0..500).map(|id| entry(&visit(batch * 1_000 + id, now_ms()))).collect();
        let headers = [shop, ("content-type", "application/json")];
        full = ask(&server, NEAR, Method::POST, PUSH, &headers, common::request(&visits)).await;
        if full.status != StatusCode::NO_CONTENT {
            break;
        }
    }
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE, "{}", full.text);
    assert!(!full.header("retry-after").is_empty());
    readable(&full);
}

#[tokio::test]
async fn a_page_of_ours_may_push_however_the_proxy_spells_the_host() {
    let server = server_with(|config, _| {
        config.token = Some("operator".into());
        config.hosts = vec!["dash.example".into()];
        config.origins = vec!["https://shop.example".parse().unwrap()];
    });
    let own = "https://dash.example";
    for (id, (host, origin, expected)) in [
        ("dash.example", own, StatusCode::NO_CONTENT),
        ("dash.example:443", own, StatusCode::NO_CONTENT),
        ("DASH.example:443", own, StatusCode::NO_CONTENT),
        ("dash.example.:443", own, StatusCode::NO_CONTENT),
        ("dash.example", "https://dash.example:443", StatusCode::NO_CONTENT),
        ("dash.example", "http://dash.example", StatusCode::NO_CONTENT),
        ("dash.example:8443", "https://dash.example:8443", StatusCode::NO_CONTENT),
        ("dash.example", "https://shop.example:443", StatusCode::NO_CONTENT),
        ("dash.example:8443", own, StatusCode::FORBIDDEN),
        ("dash.example:443", "http://dash.example", StatusCode::FORBIDDEN),
        ("dash.example", "https://dash.example:8443", StatusCode::FORBIDDEN),
        ("dash.example", "https://evil.example", StatusCode::FORBIDDEN),
        ("evil.example", own, StatusCode::FORBIDDEN),
        ("dash.example", "null", StatusCode::FORBIDDEN),
    ]
    .into_iter()
    .enumerate()
    {
        let headers = [("host", host), ("origin", origin)];
        let answer = push_from(&server, NEAR, id as u128 + 1, &headers).await;
        assert_eq!(answer.status, expected, "{host} {origin}: {}", answer.text);
    }
    // A proxy that drops the port leaves what the browser says of the two.
    let headers = [
        ("host", "dash.example"),
        ("origin", "https://dash.example:8443"),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(push_from(&server, NEAR, 99, &headers).await.status, StatusCode::NO_CONTENT);
    let headers = [headers[0], ("origin", "https://evil.example:8443"), headers[2]];
    assert_eq!(push_from(&server, NEAR, 98, &headers).await.status, StatusCode::FORBIDDEN);
}

/// As `ask`, with exactly these headers.
async fn bare(server: &Server, path: &str, hosts: &[&str]) -> StatusCode {
    let mut request = Request::get(path);
    for host in hosts {
        request = request.header("host", *host);
    }
    server.send(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_health_check_need_not_name_a_host() {
    let server = server();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(bare(&server, path, &[]).await, StatusCode::OK, "{path}");
        assert_eq!(bare(&server, path, &[""]).await, StatusCode::OK, "{path}");
        assert_eq!(bare(&server, path, &["evil.example"]).await, StatusCode::FORBIDDEN, "{path}");
    }
    for path in ["/", "/api/insights/summary", "/metrics", "/registry.json"] {
        assert_eq!(bare(&server, path, &[]).await, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(bare(&server, path, &[""]).await, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = server();
    for path in ["/", "/healthz", "/api/insights/summary"] {
        for hosts in [["localhost", "evil.example"], ["localhost", "localhost"]] {
            assert_eq!(bare(&server, path, &hosts).await, StatusCode::BAD_REQUEST, "{path}");
        }
    }
    assert_eq!(bare(&server, "http://evil.example/healthz", &[]).await, StatusCode::FORBIDDEN);
    assert_eq!(bare(&server, "http://localhost/healthz", &["localhost"]).await, StatusCode::OK);
}

#[tokio::test]
async fn a_name_may_end_with_a_dot() {
    assert_eq!(bare(&server(), "/healthz", &["localhost.:8091"]).await, StatusCode::OK);
    for (ours, said) in [
        ("dash.example", "dash.example."),
        ("dash.example", "Dash.Example.:8443"),
        ("dash.example.", "dash.example"),
        ("DASH.example.", "dash.example."),
    ] {
        let server = server_with(|config, _| {
            config.token = Some("operator".into());
            config.hosts = vec![ours.into()];
        });
        assert_eq!(bare(&server, "/healthz", &[said]).await, StatusCode::OK, "{ours} {said}");
        let wrong = bare(&server, "/healthz", &["dash.example.."]).await;
        assert_eq!(wrong, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn who_came_over_tls_is_told_to_come_back_over_it() {
    let server = server_with(|config, _| config.proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    for (peer, scheme, is_told) in [
        (NEAR, Some("https"), true),
        (NEAR, Some("HTTPS"), true),
        (NEAR, Some("https, http"), true),
        ("::ffff:127.0.0.1", Some("https"), true),
        (NEAR, Some("http"), false),
        (NEAR, None, false),
        ("203.0.113.7", Some("https"), false),
    ] {
        for path in ["/", "/healthz", "/api/insights/summary"] {
            let headers: Vec<_> =
                scheme.map(|scheme| ("x-forwarded-proto", scheme)).into_iter().collect();
            let answer = ask(&server, peer, Method::GET, path, &headers, String::new()).await;
            let said = answer.header("strict-transport-security");
            assert_eq!(said == "max-age=31536000", is_told, "{peer} {scheme:?} {path}: {said}");
        }
    }
}
