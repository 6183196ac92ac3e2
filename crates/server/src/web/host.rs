//! On a loopback address, only names of this machine: a page from elsewhere whose name was pointed
//! at 127.0.0.1 would otherwise be of the same origin.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

pub async fn check(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_here) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this server answers to localhost only\n").into_response()
    }
}

/// `localhost` or a loopback address, with any port or none.
fn is_here(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, "0"),
    };
    let ip = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(v6) => v6.parse().map(IpAddr::V6),
        None => name.parse().map(IpAddr::V4),
    };
    port.parse::<u16>().is_ok()
        && (name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine() {
        for good in
            ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:65535"]
        {
            assert!(is_here(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "10.0.0.1:80",
            "::1",
            "[::2]",
            "localhost:",
            "localhost:99999",
            "localhost:80:80",
            "[localhost]",
        ] {
            assert!(!is_here(bad), "{bad}");
        }
    }
}
