//! Only names that are ours: a page from elsewhere whose name was pointed at this machine would
//! otherwise be of the same origin.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{settings::Config, web::App};

pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if of(&request).is_some_and(|host| is_ours(host, &app.config)) {
        return next.run(request).await;
    }
    let sentence =
        "this server does not answer to that name; its operator can add one with --host\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}

/// What the client calls us, with the port if it says one.
pub fn of(request: &Request) -> Option<&str> {
    match request.headers().get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => request.uri().authority().map(|authority| authority.as_str()),
    }
}

/// A name of this machine, one that the operator gave, or, where other machines reach us, a bare
/// address: nobody can point an address elsewhere.
pub fn is_ours(host: &str, config: &Config) -> bool {
    let Some(name) = name(host) else { return false };
    is_here(name)
        || config.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(name))
        || (!config.listen.ip().is_loopback() && address(name).is_some())
}

/// Without the port; none if that is not a port.
fn name(host: &str) -> Option<&str> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => port.parse::<u16>().ok().map(|_| name),
        _ => Some(host),
    }
}

fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
}

/// `localhost` or a loopback address.
pub fn is_here(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || address(name).is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine() {
        for good in
            ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:65535"]
        {
            assert!(name(good).is_some_and(is_here), "{good}");
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
            assert!(!name(bad).is_some_and(is_here), "{bad}");
        }
    }
}
