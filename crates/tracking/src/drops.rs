//! How many events were let go, by reason.

use serde::{Serialize, Serializer};

use crate::event::DropReason;

/// A count for each reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drops([u64; DropReason::ALL.len()]);

impl Drops {
    pub(crate) fn add(&mut self, reason: DropReason, count: u64) {
        if let Some(known) = self.0.get_mut(reason as usize) {
            *known += count;
        }
    }

    #[must_use]
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0.get(reason as usize).copied().unwrap_or(0)
    }

    /// The reasons for which there is something to count, in the order of [`DropReason::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for Drops {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(reason, count)| (reason.as_str(), count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_count_of_its_own() {
        let mut drops = Drops::default();
        for (n, reason) in (1..).zip(DropReason::ALL) {
            drops.add(reason, n);
        }
        assert!((1..).zip(DropReason::ALL).all(|(n, reason)| drops.of(reason) == n));
        assert_eq!(drops.iter().count(), DropReason::ALL.len());
        let sum: u64 = drops.iter().map(|(_, count)| count).sum();
        assert_eq!(drops.total(), sum);
    }
}
