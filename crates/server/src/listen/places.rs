//! Places for connections: who holds one and what for, and who has to leave when there is none left.
//!
//! A connection that keeps us waiting holds its place only as long as nobody else needs one. First those leave
//! that have sent no whole head (or say nothing between two requests), of the client that has most of them; then
//! those whose bodies take long. A request that has come whole is never cut for another one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ipnet::IpNet;
use tokio::sync::{Notify, watch};

use crate::guard::limit::household;

/// How long a body may be on its way even when others wait.
const BODY: Duration = Duration::from_secs(2);
/// One client may hold so small a part of all places.
const PART: usize = 4;

/// What a connection waits for.
const FOR_HEAD: u8 = 0;
const FOR_BODY: u8 = 1;
const FOR_US: u8 = 2;

pub struct Places {
    max: usize,
    per_client: usize,
    /// They stand for many clients, and have limits of their own.
    proxies: Vec<IpNet>,
    start: Instant,
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Default)]
struct Held {
    next: u64,
    places: BTreeMap<u64, Arc<Place>>,
}

/// The place of one connection.
pub struct Place {
    client: Option<IpAddr>,
    start: Instant,
    waits: AtomicU8,
    /// Milliseconds after `start` at which that began.
    since: AtomicU64,
    leave: watch::Sender<bool>,
}

/// Gives the place back when it is dropped.
pub struct Taken {
    places: Arc<Places>,
    id: u64,
    pub place: Arc<Place>,
}

/// Why there is no place.
#[derive(Debug, Eq, PartialEq)]
pub enum NoPlace {
    /// This client has its part, and all of it works.
    ForClient,
    /// Somebody has to finish first.
    Yet,
}

impl Places {
    pub fn new(max: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        let per_client = (max / PART).max(max.min(16));
        let (start, held, freed) = (Instant::now(), Mutex::default(), Notify::new());
        Arc::new(Self { max, per_client, proxies, start, held, freed })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing that holds it can stop half-way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// When nobody can leave for it.
    pub fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Taken, NoPlace> {
        let peer = peer.to_canonical();
        let is_proxy = self.proxies.iter().any(|network| network.contains(&peer));
        let client = (!is_proxy).then(|| household(peer));
        let mut held = self.held();
        let has_part = client.is_some() && self.per_client < self.max;
        if has_part && held.count(client) >= self.per_client {
            held.evict(Some(client)).then_some(()).ok_or(NoPlace::ForClient)?;
        } else if held.places.len() >= self.max {
            held.evict(None).then_some(()).ok_or(NoPlace::Yet)?;
        }
        let place = Arc::new(Place {
            client,
            start: self.start,
            waits: AtomicU8::new(FOR_HEAD),
            since: AtomicU64::new(0),
            leave: watch::Sender::new(false),
        });
        place.now(FOR_HEAD);
        let id = held.next;
        held.next += 1;
        held.places.insert(id, place.clone());
        Ok(Taken { places: self.clone(), id, place })
    }

    /// Until a place may have become free.
    pub async fn freed(&self) {
        let _ = tokio::time::timeout(BODY / 8, self.freed.notified()).await;
    }

    /// Everybody leaves; what works may finish first.
    pub fn close(&self) {
        for place in self.held().places.values() {
            place.leave.send_replace(true);
        }
    }
}

impl Held {
    fn count(&self, client: Option<IpAddr>) -> usize {
        self.places.values().filter(|place| place.client == client).count()
    }

    /// Whether somebody leaves; of `client` only, if one is given, and then also for a body that has just begun.
    fn evict(&mut self, client: Option<Option<IpAddr>>) -> bool {
        let of_client = |place: &Place| client.is_none_or(|client| place.client == client);
        let waiting = || {
            let places = self.places.iter().filter(|(_, place)| of_client(place));
            places.filter(|(_, place)| place.waits() == FOR_HEAD)
        };
        let mut counts = HashMap::<_, usize>::new();
        for (_, place) in waiting() {
            *counts.entry(place.client).or_default() += 1;
        }
        // Of the one that has most, the one that waits longest.
        let head = waiting()
            .max_by_key(|&(id, place)| {
                (counts.get(&place.client), Reverse(place.since()), Reverse(id))
            })
            .map(|(&id, _)| id);
        let body = || {
            self.places
                .iter()
                .filter(|(_, place)| of_client(place) && place.waits() == FOR_BODY)
                .min_by_key(|&(id, place)| (place.since(), id))
                .filter(|(_, place)| client.is_some() || place.waited() >= BODY)
                .map(|(&id, _)| id)
        };
        let leaves = head.or_else(body).and_then(|id| self.places.remove(&id));
        if let Some(place) = &leaves {
            place.leave.send_replace(true);
        }
        leaves.is_some()
    }
}

impl Place {
    fn now(&self, waits: u8) {
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
        self.waits.store(waits, Ordering::Relaxed);
    }

    fn waits(&self) -> u8 {
        self.waits.load(Ordering::Relaxed)
    }

    fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }

    fn waited(&self) -> Duration {
        self.start.elapsed().saturating_sub(Duration::from_millis(self.since()))
    }

    /// A whole head has come.
    pub fn begin(&self) {
        self.now(FOR_US);
    }

    /// Our answer has left.
    pub fn end(&self) {
        self.now(FOR_HEAD);
    }

    pub fn is_idle(&self) -> bool {
        self.waits() == FOR_HEAD
    }

    /// Until this connection has to leave.
    pub async fn left(&self) {
        let mut leave = self.leave.subscribe();
        let _ = leave.wait_for(|leave| *leave).await;
    }

    /// Waits for a body; none when it takes too long, or somebody else needs the place.
    pub async fn body<T>(&self, patience: Duration, body: impl Future<Output = T>) -> Option<T> {
        self.now(FOR_BODY);
        let body = tokio::time::timeout(patience, body);
        let read = tokio::select! {
            biased;
            read = body => read.ok(),
            () = self.left() => None,
        };
        self.now(FOR_US);
        read
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places.held().places.remove(&self.id);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn has_to_leave(taken: &Taken) -> bool {
        *taken.place.leave.borrow()
    }

    #[test]
    fn the_one_that_keeps_us_waiting_longest_leaves_and_what_works_stays() {
        let places = Places::new(3, Vec::new());
        let [works, first, second] =
            ["10.0.0.1", "10.0.0.2", "10.0.0.2"].map(|client| places.take(ip(client)).unwrap());
        works.place.begin();
        let third = places.take(ip("10.0.0.3")).unwrap();
        assert!(has_to_leave(&first) && !has_to_leave(&second) && !has_to_leave(&works));
        drop(first);
        second.place.begin();
        third.place.begin();
        assert_eq!(places.take(ip("10.0.0.4")).err(), Some(NoPlace::Yet));
        third.place.end();
        assert!(places.take(ip("10.0.0.4")).is_ok());
        assert!(has_to_leave(&third));
    }

    #[test]
    fn a_client_with_many_makes_room_for_others_and_for_itself() {
        let places = Places::new(100, vec!["10.1.0.0/16".parse().unwrap()]);
        let quiet = places.take(ip("10.0.0.1")).unwrap();
        let many: Vec<_> = (0..200).map(|_| places.take(ip("10.0.0.2")).unwrap()).collect();
        assert_eq!(many.iter().filter(|taken| !has_to_leave(taken)).count(), 25);
        assert!(!has_to_leave(&many[199]), "the newest stays");
        for taken in &many[175..] {
            taken.place.begin();
        }
        assert_eq!(places.take(ip("10.0.0.2")).err(), Some(NoPlace::ForClient));
        // A proxy of ours stands for many.
        let proxied: Vec<_> = (0..74).map(|_| places.take(ip("10.1.0.1")).unwrap()).collect();
        assert!(!proxied.iter().any(has_to_leave) && !has_to_leave(&quiet));
        assert!(places.take(ip("10.0.0.3")).is_ok());
        assert!(has_to_leave(&proxied[0]) && !has_to_leave(&quiet));
    }

    #[tokio::test]
    async fn a_body_leaves_when_it_takes_long_and_another_needs_its_place() {
        let places = Places::new(1, Vec::new());
        let slow = places.take(ip("10.0.0.1")).unwrap();
        let place = slow.place.clone();
        let body = async move { place.body(8 * BODY, std::future::pending::<()>()).await };
        let (read, next) = tokio::join!(body, async {
            loop {
                match places.take(ip("10.0.0.2")) {
                    Ok(taken) => return taken,
                    Err(_) => places.freed().await,
                }
            }
        });
        assert_eq!(read, None);
        assert!(!has_to_leave(&next));
    }
}
