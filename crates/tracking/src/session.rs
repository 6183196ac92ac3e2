//! A session: one person's time with the dashboard, shared by all tabs of a browser.

use serde::{Deserialize, Serialize};

use crate::{
    event::Component,
    id::SessionId,
    settings::{SESSION_IDLE_MS, SESSION_MAX_MS},
    time::{Now, Timestamp},
};

/// What the tabs share, as the browser keeps it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredSession {
    pub version: u64,
    pub id: SessionId,
    pub started: Timestamp,
    pub last_alive: Timestamp,
    pub visits: u64,
    /// Hash and name of the component visited last.
    pub last_component: Option<(String, String)>,
}

/// Raised when [`StoredSession`] changes its meaning; other versions are ignored.
pub const STORED_SESSION_VERSION: u64 = 1;

impl StoredSession {
    /// Whether the session may go on at `wall`. One from a future as far away as that past is over
    /// too: the clock was set back, or the value is not ours.
    #[must_use]
    pub fn is_alive(&self, wall: Timestamp) -> bool {
        self.version == STORED_SESSION_VERSION
            && wall.0.abs_diff(self.last_alive.0) < SESSION_IDLE_MS
            && wall.0.abs_diff(self.started.0) < SESSION_MAX_MS
            && self.visits < MAX_VISITS
    }
}

/// No person gets there; a value beyond is not ours, and JavaScript would not read it exactly.
const MAX_VISITS: u64 = 1 << 50;

/// The session as this tab lives it.
#[derive(Debug)]
pub(crate) struct Session {
    pub id: SessionId,
    started: Timestamp,
    /// How far the session was when this tab joined it, and when that was on this tab's clock.
    joined_at_elapsed_ms: u64,
    joined: Now,
    last_alive: Now,
    pub visits: u64,
    pub last_component: Option<Component>,
    next_seq: u64,
}

/// When a wall clock's reading was on both clocks of this tab.
fn seen_at(wall: Timestamp, now: Now) -> Now {
    let age_ms = now.wall.0.saturating_sub(wall.0);
    Now { wall: wall.min(now.wall), mono_ms: now.mono_ms.saturating_sub(age_ms) }
}

fn component((hash, name): (String, String)) -> Component {
    Component { hash, name }
}

/// Within a session the page load that opened it counts 1, 2, 3. Every further page load counts in a
/// lane of its own, so that numbers are unique without tabs having to agree: lane x 2^32 + n < 2^53.
const LANE_BITS: u32 = 32;
const LANES: u64 = 1 << 20;

impl Session {
    pub fn start(now: Now, random: u128) -> Self {
        Self {
            id: SessionId::new(now.wall.0, random),
            started: now.wall,
            joined_at_elapsed_ms: 0,
            joined: now,
            last_alive: now,
            visits: 0,
            last_component: None,
            next_seq: 1,
        }
    }

    pub fn join(stored: StoredSession, now: Now, random: u128) -> Self {
        let lane = 1 + (random >> 64) as u64 % (LANES - 1);
        let elapsed = now.wall.0.saturating_sub(stored.started.0).min(SESSION_MAX_MS);
        Self {
            id: stored.id,
            started: stored.started,
            joined_at_elapsed_ms: elapsed,
            joined: now,
            // To have joined is no sign of life.
            last_alive: seen_at(stored.last_alive, now),
            visits: stored.visits,
            last_component: stored.last_component.map(component),
            next_seq: (lane << LANE_BITS) + 1,
        }
    }

    /// News from another tab of the same session.
    pub fn catch_up(&mut self, stored: StoredSession, now: Now) {
        if stored.last_alive > self.last_alive.wall {
            let seen = seen_at(stored.last_alive, now);
            let mono_ms = self.last_alive.mono_ms.max(seen.mono_ms);
            self.last_alive = Now { mono_ms, ..seen };
        }
        if stored.visits > self.visits {
            self.visits = stored.visits;
            self.last_component = stored.last_component.map(component);
        }
    }

    pub fn take_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    pub fn alive(&mut self, now: Now) {
        self.last_alive = now;
    }

    pub fn last_alive(&self) -> Now {
        self.last_alive
    }

    /// Idle or old. The wall clock is asked as well because the monotonic one may stand still
    /// while a machine sleeps.
    pub fn is_over(&self, now: Now) -> bool {
        let idle = |since: u64, now: u64| now.saturating_sub(since) >= SESSION_IDLE_MS;
        idle(self.last_alive.wall.0, now.wall.0)
            || idle(self.last_alive.mono_ms, now.mono_ms)
            || self.elapsed_ms(now) >= SESSION_MAX_MS
    }

    /// Length of the session up to `now`, on the monotonic clock since this tab joined.
    pub fn elapsed_ms(&self, now: Now) -> u64 {
        self.joined_at_elapsed_ms
            .saturating_add(now.mono_ms.saturating_sub(self.joined.mono_ms))
            .min(SESSION_MAX_MS)
    }

    pub fn to_store(&self) -> StoredSession {
        StoredSession {
            version: STORED_SESSION_VERSION,
            id: self.id.clone(),
            started: self.started,
            last_alive: self.last_alive.wall,
            visits: self.visits,
            last_component: self.last_component.clone().map(|c| (c.hash, c.name)),
        }
    }
}
