//! How often a client may ask, and all of them together.

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

/// What is left to whom.
#[derive(Default)]
pub struct Limits {
    client: Option<DefaultKeyedRateLimiter<IpAddr>>,
    total: Option<DefaultDirectRateLimiter>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl Limits {
    /// Requests per second; 0 is no limit.
    #[must_use]
    pub fn new(client_rate: u32, total_rate: u32) -> Self {
        let quota = |rate: u32| {
            let rate = NonZeroU32::new(rate)?;
            Some(Quota::per_second(rate).allow_burst(rate.saturating_mul(BURST)))
        };
        Self {
            client: quota(client_rate).map(RateLimiter::keyed),
            total: quota(total_rate).map(RateLimiter::direct),
            ..Self::default()
        }
    }

    /// How long `client` has to wait, if at all.
    fn check(&self, client: Option<IpAddr>) -> Result<(), Duration> {
        let now = self.clock.now();
        if let (Some(limiter), Some(ip)) = (&self.client, client.filter(|ip| !ip.is_loopback())) {
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
fn household(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Client>().map(|client| client.0);
    let Err(wait) = app.limits.check(client) else { return next.run(request).await };
    let seconds = wait.as_secs() + 1;
    let text = format!("too many requests; try again in {seconds} s\n");
    let mut response = (StatusCode::TOO_MANY_REQUESTS, text).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_share_and_all_have_one() {
        let limits = Limits::new(1, 2);
        let ask = |ip: &str| limits.check(Some(ip.parse().unwrap())).is_ok();
        let taken = |ip: &str| (0..100).filter(|_| ask(ip)).count();
        assert_eq!(taken("203.0.113.1"), 10);
        // The same household, whatever its last half says.
        assert_eq!(taken("2001:db8::1") + taken("2001:db8::ffff"), 10);
        // The share of all is used up, this machine's too.
        assert_eq!(taken("203.0.113.2") + taken("127.0.0.1"), 0);
        let wait = limits.check(Some("203.0.113.1".parse().unwrap())).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn this_machine_and_no_limit_have_none() {
        for (limits, ip) in [(Limits::new(1, 0), "127.0.0.1"), (Limits::new(0, 0), "203.0.113.1")] {
            let ip = Some(ip.parse().unwrap());
            assert!((0..1_000).all(|_| limits.check(ip).is_ok()));
        }
    }
}
