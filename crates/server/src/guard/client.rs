//! Who is asking: the other end of the connection, or whom a trusted proxy names.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use crate::{guard::forwarded, web::App};

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies that a request may have passed.
const HOPS: usize = 16;

/// The client, for all that comes after.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Of a proxy that names nobody, the proxy's own.
    pub ip: IpAddr,
    /// It runs on this machine and speaks to us itself.
    pub is_here: bool,
}

pub async fn know(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let (peer, proxies) = (peer.ip().to_canonical(), &app.config.proxies);
        let ip = behind(peer, request.headers(), proxies);
        let is_here =
            peer.is_loopback() && !is_proxy(peer, proxies) && forwarded::sign(&request).is_none();
        request.extensions_mut().insert(Client { ip, is_here });
    }
    next.run(request).await
}

/// Follows the chain from its near end, as far as each link is a proxy of ours: what lies beyond may
/// be made up.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let mut known = peer;
    let links = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    for link in links.into_iter().rev().take(HOPS) {
        if !is_proxy(known, proxies) {
            break;
        }
        let Some(ip) = address(link.trim()) else { break };
        known = ip.to_canonical();
    }
    known
}

/// Whether `peer` is a proxy of ours.
pub fn is_proxy(peer: IpAddr, proxies: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    proxies.iter().any(|network| network.contains(&peer))
}

/// With or without a port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_may_name_the_client() {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "127.0.0.1/32"].map(|n| n.parse().unwrap()).into();
        for (peer, forwarded, client) in [
            ("203.0.113.1", &["198.51.100.1"][..], "203.0.113.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["6.6.6.6", "198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            let peer: IpAddr = peer.parse().unwrap();
            let found = behind(peer.to_canonical(), &headers, &proxies);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }
}
