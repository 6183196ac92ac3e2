//! What was counted, for the Live page, support and the tests.

use std::collections::BTreeMap;

use crate::event::DropReason;

/// Counts since this page was loaded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    pub recorded: u64,
    /// Events found in storage from an earlier page load or a tab that died.
    pub restored: u64,
    pub sent: u64,
    pub batches_sent: u64,
    /// Batches that had to be sent again.
    pub retried: u64,
    pub dropped: BTreeMap<DropReason, u64>,
    /// Drops that have not been reported with a `tracking_dropped` event yet.
    pub(crate) unreported: BTreeMap<DropReason, u64>,
}

impl Stats {
    pub(crate) fn drop_events(&mut self, reason: DropReason, count: u64) {
        *self.dropped.entry(reason).or_default() += count;
        *self.unreported.entry(reason).or_default() += count;
    }

    /// A drop that is on purpose or told in another way: counted, and no event reports it.
    pub(crate) fn drop_quietly(&mut self, reason: DropReason) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.values().sum()
    }
}
