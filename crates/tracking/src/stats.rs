//! What was counted, for the Live page, support and the tests.

use serde::Serialize;

use crate::{delivery::LastError, drops::Drops, event::DropReason, json::Json, tracker::Consent};

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
    pub dropped: Drops,
    /// Drops that have not been reported with a `tracking_dropped` event yet.
    pub(crate) unreported: Drops,
}

/// All that is counted at one moment; what `window.__CLM_TRACKING__` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    pub consent: Consent,
    /// Signals that wait for an answer about consent.
    pub pending: usize,
    pub recorded: u64,
    pub restored: u64,
    /// Recorded and not yet accepted, in flight or waiting.
    pub queued: usize,
    pub queued_bytes: usize,
    /// Queued events that survive this page.
    pub persisted: usize,
    /// Storage has refused the last write: what is not persisted is in memory only.
    pub storage_refused: bool,
    pub in_flight: usize,
    pub sent: u64,
    pub batches_sent: u64,
    pub retried: u64,
    pub rejected: u64,
    /// By reason.
    pub dropped: Drops,
    /// The latest failure, also when all is well again.
    pub last_error: Option<LastError>,
    /// Milliseconds until the next request may start; `None` while one is under way or nothing waits.
    pub next_try_in_ms: Option<u64>,
    pub paused: bool,
}

impl Snapshot {
    /// As serde would write it, in a tenth of the code: it is part of every page.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Json::with_capacity(512);
        json.raw("{");
        json.plain("consent", self.consent.as_str());
        json.number("pending", self.pending as u64);
        json.number("recorded", self.recorded);
        json.number("restored", self.restored);
        json.number("queued", self.queued as u64);
        json.number("queued_bytes", self.queued_bytes as u64);
        json.number("persisted", self.persisted as u64);
        json.flag("storage_refused", self.storage_refused);
        json.number("in_flight", self.in_flight as u64);
        json.number("sent", self.sent);
        json.number("batches_sent", self.batches_sent);
        json.number("retried", self.retried);
        json.number("rejected", self.rejected);
        json.key("dropped");
        json.raw("{");
        self.dropped.iter().for_each(|(reason, count)| json.number(reason.as_str(), count));
        json.raw("}");
        json.key("last_error");
        match &self.last_error {
            None => json.raw("null"),
            Some(LastError { text, status, at }) => {
                json.raw("{");
                json.pair("text", text);
                json.number_or_null("status", status.map(u64::from));
                json.number("at", at.0);
                json.raw("}");
            }
        }
        json.number_or_null("next_try_in_ms", self.next_try_in_ms);
        json.flag("paused", self.paused);
        json.raw("}");
        json.finish()
    }
}

impl Stats {
    pub(crate) fn drop_events(&mut self, reason: DropReason, count: u64) {
        self.dropped.add(reason, count);
        self.unreported.add(reason, count);
    }

    /// A report that did not make it.
    pub(crate) fn report_again(&mut self, reason: DropReason, count: u64) {
        self.unreported.add(reason, count);
    }

    /// Drops that are on purpose or told in another way: counted, and no event reports them.
    pub(crate) fn drop_quietly(&mut self, reason: DropReason, count: u64) {
        self.dropped.add(reason, count);
    }
}
