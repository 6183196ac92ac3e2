//! How often a client may ask, and all of them together. A client of this machine may ask as often as it
//! likes; but what makes work elsewhere, a person's data and their erasure, is limited for everybody.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::{guard::client::Client, web::App};

/// Seconds' worth of requests that may come at once.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// After how many requests quiet clients are forgotten.
const FORGET_AFTER: u32 = 4_096;

/// All clients together may ask for so many times as much about persons as one.
const PERSONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// What is left to whom.
pub struct Limits {
    all: Share,
    person: Share,
}

/// What one client may have, and all of them together.
#[derive(Default)]
struct Share {
    client: Option<DefaultKeyedRateLimiter<IpAddr>>,
    total: Option<DefaultDirectRateLimiter>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl Limits {
    /// Requests per second of a client and of all, and per minute of a client about persons; 0 is no limit.
    #[must_use]
    pub fn new(client_rate: u32, total_rate: u32, person_rate: u32) -> Self {
        let second =
            |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST));
        let [client, total, person] = [client_rate, total_rate, person_rate].map(NonZeroU32::new);
        let persons = person.map(|rate| rate.saturating_mul(PERSONS));
        Self {
            all: Share::new(client.map(second), total.map(second)),
            person: Share::new(person.map(Quota::per_minute), persons.map(Quota::per_minute)),
        }
    }

    /// How long `client` has to wait, if at all.
    fn check(&self, client: Option<Client>) -> Result<(), Duration> {
        self.all.check(client.filter(|client| !client.is_here).map(|client| client.ip))
    }

    fn check_person(&self, client: Option<Client>) -> Result<(), Duration> {
        self.person.check(client.map(|client| client.ip))
    }
}

impl Share {
    fn new(client: Option<Quota>, total: Option<Quota>) -> Self {
        Self {
            client: client.map(RateLimiter::keyed),
            total: total.map(RateLimiter::direct),
            ..Self::default()
        }
    }

    fn check(&self, client: Option<IpAddr>) -> Result<(), Duration> {
        let now = self.clock.now();
        if let (Some(limiter), Some(ip)) = (&self.client, client) {
            if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
            limiter.check_key(&household(ip)).map_err(|until| until.wait_time_from(now))?;
        }
        match &self.total {
            Some(limiter) => limiter.check().map_err(|until| until.wait_time_from(now)),
            None => Ok(()),
        }
    }
}

/// One v6 client has 2^64 addresses.
pub fn household(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.limits.check(request.extensions().get().copied()) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_often(wait),
    }
}

/// The limit of `/api/me`.
pub async fn check_person(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.limits.check_person(request.extensions().get().copied()) {
        Ok(()) => next.run(request).await,
        Err(wait) => too_often(wait),
    }
}

fn too_often(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let text = format!("too many requests; try again in {seconds} s\n");
    let mut response = (StatusCode::TOO_MANY_REQUESTS, text).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(ip: &str) -> Option<Client> {
        let ip: IpAddr = ip.parse().unwrap();
        Some(Client { ip, is_here: ip.is_loopback() })
    }

    #[test]
    fn each_client_has_its_own_share_and_all_have_one() {
        let limits = Limits::new(1, 2, 0);
        let ask = |ip: &str| limits.check(client(ip)).is_ok();
        let taken = |ip: &str| (0..100).filter(|_| ask(ip)).count();
        assert_eq!(taken("203.0.113.1"), 10);
        // The same household, whatever its last half says.
        assert_eq!(taken("2001:db8::1") + taken("2001:db8::ffff"), 10);
        // The share of all is used up, this machine's too.
        assert_eq!(taken("203.0.113.2") + taken("127.0.0.1"), 0);
        let wait = limits.check(client("203.0.113.1")).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn this_machine_and_no_limit_have_none() {
        for (limits, ip) in
            [(Limits::new(1, 0, 0), "127.0.0.1"), (Limits::new(0, 0, 0), "203.0.113.1")]
        {
            assert!((0..1_000).all(|_| limits.check(client(ip)).is_ok()));
        }
    }

    #[test]
    fn a_proxy_that_names_nobody_is_one_client_and_not_this_machine() {
        let limits = Limits::new(1, 0, 0);
        let proxy = Some(Client { ip: "127.0.0.1".parse().unwrap(), is_here: false });
        assert_eq!((0..100).filter(|_| limits.check(proxy).is_ok()).count(), 10);
        assert!(limits.check(client("127.0.0.1")).is_ok());
    }

    #[test]
    fn persons_are_limited_for_everybody() {
        let limits = Limits::new(0, 0, 5);
        let taken = |ip: &str| (0..100).filter(|_| limits.check_person(client(ip)).is_ok()).count();
        assert_eq!(taken("127.0.0.1"), 5);
        assert_eq!((1..=20).map(|n| taken(&format!("203.0.113.{n}"))).sum::<usize>(), 45);
        let wait = limits.check_person(client("127.0.0.1")).unwrap_err();
        assert!(wait <= Duration::from_secs(12), "{wait:?}");
    }
}
