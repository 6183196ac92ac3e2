//! Only names that are ours: a page from elsewhere whose name was pointed at this machine would
//! otherwise be of the same origin.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{guard::authority::Authority, settings::Config, web::App};

/// What a load balancer asks without saying whom: it tells nobody anything.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_answered = match named(&request) {
        Names::One(host) => is_ours(&host, &app.config),
        Names::None => HEALTH.contains(&request.uri().path()),
        Names::Wrong => false,
        Names::Several => {
            let sentence = "a request must name one host; this one has several Host headers\n";
            return (StatusCode::BAD_REQUEST, sentence).into_response();
        }
    };
    if is_answered {
        return next.run(request).await;
    }
    let sentence =
        "this server does not answer to that name; its operator can add one with --host\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}

/// What a request calls us.
enum Names {
    None,
    One(Authority),
    /// Whoever passed the request on may have looked at another of them than we do.
    Several,
    Wrong,
}

fn named(request: &Request) -> Names {
    let mut hosts = request.headers().get_all(header::HOST).iter().map(HeaderValue::to_str);
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Names::Several,
        (Some(Err(_)), None) => return Names::Wrong,
        (Some(Ok("")), None) => return Names::None,
        (Some(Ok(host)), None) => Some(host),
        (None, None) => request.uri().authority().map(|authority| authority.as_str()),
    };
    match host.map(Authority::parse) {
        None => Names::None,
        Some(Some(host)) => Names::One(host),
        Some(None) => Names::Wrong,
    }
}

/// What the client calls us, with the port if it says one.
pub fn of(request: &Request) -> Option<Authority> {
    match named(request) {
        Names::One(host) => Some(host),
        Names::None | Names::Several | Names::Wrong => None,
    }
}

/// A name of this machine, one that the operator gave, or, where other machines reach us, a bare
/// address: nobody can point an address elsewhere.
pub fn is_ours(host: &Authority, config: &Config) -> bool {
    host.is_here()
        || config.hosts.iter().any(|ours| host.has_name(ours))
        || (!config.listen.ip().is_loopback() && host.address().is_some())
}
