//! Who may ask what only the operator may know: with a token set, who knows it; without one, who asks on this
//! machine, and not through a proxy.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use subtle::ConstantTimeEq;

use crate::{
    guard::forwarded,
    web::{App, error},
};

/// The way out, for whoever set up the proxy.
const SET: &str = "and no token protects what only the operator may read: set CLM_API_TOKEN, and \
                   CLM_TRUSTED_PROXY to the proxy's address, or ask this machine without a proxy";

pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let refusal = match &app.config.token {
        Some(token) if knows(token, request.headers()) => None,
        Some(_) => Some(without_token()),
        None => reason(&request).map(|why| error(StatusCode::FORBIDDEN, &format!("{why}, {SET}"))),
    };
    match refusal {
        None => next.run(request).await,
        Some(refusal) => refusal,
    }
}

fn knows(token: &str, headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().split_at_checked(7))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
        .is_some_and(|(_, given)| given.ct_eq(token.as_bytes()).into())
}

fn without_token() -> Response {
    let mut response =
        error(StatusCode::UNAUTHORIZED, "this needs the header Authorization: Bearer <token>");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Why somebody who brings no token cannot be taken for the operator.
fn reason(request: &Request) -> Option<String> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if peer.is_some_and(|peer| !peer.0.ip().to_canonical().is_loopback()) {
        return Some("another machine asks".to_owned());
    }
    forwarded::sign(request).map(|sign| sign.says())
}
