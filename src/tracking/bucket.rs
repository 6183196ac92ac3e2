//! How often something dear may be done: a few times at once, then at a steady pace.

use std::cell::Cell;

/// A write to storage, and the turn around it, costs the main thread more than all else about an event.
/// A person's clicks are written as they happen; a storm is written once a second.
const AT_ONCE: u64 = 8;
const EVERY_MS: u64 = 1_000;

/// Full at the start; one token comes back every [`EVERY_MS`].
#[derive(Debug)]
pub struct Bucket {
    tokens: Cell<u64>,
    refilled_ms: Cell<u64>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { tokens: Cell::new(AT_ONCE), refilled_ms: Cell::new(0) }
    }
}

impl Bucket {
    /// When the next token is there to take: `now_ms` if there is one.
    pub fn free_at(&self, now_ms: u64) -> u64 {
        self.refill(now_ms);
        if self.tokens.get() > 0 { now_ms } else { self.refilled_ms.get() + EVERY_MS }
    }

    pub fn take(&self, now_ms: u64) -> bool {
        self.refill(now_ms);
        let left = self.tokens.get().checked_sub(1);
        self.tokens.set(left.unwrap_or(0));
        left.is_some()
    }

    fn refill(&self, now_ms: u64) {
        let back = now_ms.saturating_sub(self.refilled_ms.get()) / EVERY_MS;
        if back > 0 {
            self.tokens.set((self.tokens.get() + back).min(AT_ONCE));
            self.refilled_ms.set(self.refilled_ms.get() + back * EVERY_MS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_then_a_steady_pace() {
        let bucket = Bucket::default();
        let taken = |from: u64, to: u64| (from..to).filter(|ms| bucket.take(*ms)).count();
        assert_eq!(taken(0, 900), 8);
        assert_eq!(taken(900, 10_000), 9);
        // Rest fills it again, and no further.
        assert_eq!(taken(60_000, 60_900), 8);
        assert_eq!(bucket.free_at(60_900), 61_000);
        assert_eq!(bucket.free_at(61_000), 61_000);
    }
}
