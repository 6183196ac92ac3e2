//! What only the operator may read, while no token is set: open to this machine, and closed to whatever comes
//! through a proxy.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::program::Running;

const OPERATOR: [&str; 6] = [
    "GET /metrics",
    "GET /api/insights/summary",
    "GET /api/insights/cost",
    "GET /api/sinks",
    "GET /api/sample",
    "POST /api/sample",
];
const BROWSER: &str = "user-agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\r\n";

fn start(dir: &tempfile::TempDir) -> Running {
    Running::start_with(dir.path(), |command| {
        command.args(["--access-log", "off"]);
    })
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn what_came_through_a_proxy_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir);
    for operator in OPERATOR {
        for (version, headers) in [
            ("1.1", "x-forwarded-for: 203.0.113.7\r\n".to_owned()),
            ("1.1", "x-forwarded-for: 127.0.0.1\r\n".to_owned()),
            ("1.1", "x-forwarded-host: dashboard.example.org\r\n".to_owned()),
            ("1.1", "x-forwarded-proto: https\r\n".to_owned()),
            ("1.1", "forwarded: for=203.0.113.7;proto=https\r\n".to_owned()),
            ("1.1", "x-real-ip: 203.0.113.7\r\n".to_owned()),
            ("1.1", "via: 1.1 varnish\r\n".to_owned()),
            // A bare `proxy_pass` of nginx.
            ("1.0", String::new()),
            ("1.0", BROWSER.to_owned()),
            // A page that was opened elsewhere.
            ("1.1", "referer: https://dashboard.example.org/\r\n".to_owned()),
            // A browser never ends its connection after one request.
            ("1.1", BROWSER.to_owned()),
        ] {
            let answer = server.ask_raw(&format!(
                "{operator} HTTP/{version}\r\nhost: {}\r\nconnection: close\r\n{headers}content-length: 0\r\n\r\n",
                server.address
            ));
            assert_eq!(status(&answer), "403", "{operator} {headers}: {answer}");
            for word in ["CLM_API_TOKEN", "CLM_TRUSTED_PROXY"] {
                assert!(answer.contains(word), "{answer}");
            }
        }
    }
    // The page, what people do with it, and whether we live are for everybody.
    for everybody in ["GET /healthz", "GET /readyz", "GET /"] {
        let answer = server.ask_with(everybody, "x-forwarded-for: 203.0.113.7\r\n", "");
        assert!(!["403", "401"].contains(&status(&answer)), "{everybody}: {answer}");
    }
    let answer = server.ask_with(
        "POST /loki/api/v1/push",
        "x-forwarded-for: 203.0.113.7\r\n",
        &common::one_visit(1),
    );
    assert_eq!(status(&answer), "204", "{answer}");
}

#[test]
fn programs_and_browsers_of_this_machine_need_no_token() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir);
    for operator in &OPERATOR[..5] {
        for headers in ["user-agent: curl/8.5.0\r\n", "user-agent: Prometheus/3.5.0\r\n"] {
            let answer = server.ask_with(operator, headers, "");
            assert_eq!(status(&answer), "200", "{operator} {headers}: {answer}");
        }
        let headers = format!("{BROWSER}referer: http://localhost:8081/\r\n");
        let answer = server.ask_with(operator, &headers, "");
        assert_eq!(status(&answer), "200", "{operator} {headers}: {answer}");
    }
    let answer = server.ask("POST /api/sample", "");
    assert_eq!(status(&answer), "202", "{answer}");
}

#[test]
fn a_proxy_that_names_no_client_is_one_client_with_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start_with(dir.path(), |command| {
        command
            .args(["--access-log", "off", "--client-rate", "1", "--trusted-proxy", "127.0.0.1"])
            .env("CLM_API_TOKEN", "operator-of-this-one");
    });
    for header in ["", "x-forwarded-for: unknown\r\n", "x-forwarded-for: 127.0.0.1\r\n"] {
        let taken = (0..40)
            .filter(|id| {
                let answer =
                    server.ask_with("POST /loki/api/v1/push", header, &common::one_visit(*id));
                assert!(["204", "429"].contains(&status(&answer)), "{answer}");
                status(&answer) == "204"
            })
            .count();
        assert!(taken < 25, "{header}: {taken}");
    }
    // Who is named has a share of their own.
    let named = "x-forwarded-for: 203.0.113.7\r\n";
    let answer = server.ask_with("POST /loki/api/v1/push", named, &common::one_visit(99));
    assert_eq!(status(&answer), "204", "{answer}");
}
