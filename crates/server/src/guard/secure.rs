//! Whether a request came over TLS. We do not speak it ourselves; a proxy of ours says so.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{guard::client, web::App};

/// A year, for this name alone.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Has browsers come back over TLS once they came over it.
pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let is_ours = peer.is_some_and(|peer| client::is_proxy(peer, &app.config.proxies));
    // The first of several was written nearest to the browser.
    let scheme = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let scheme = scheme.and_then(|value| value.split(',').next()).map(str::trim);
    let is_tls = is_ours && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let mut response = next.run(request).await;
    if is_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
