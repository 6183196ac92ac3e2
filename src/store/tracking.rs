//! What the tracker tells about itself, for the chip, the privacy panel and the Live page.

use std::rc::Rc;

use tracking::Consent;

#[derive(Clone, Debug, Default, PartialEq, yewdux::Store)]
pub struct TrackingStatus {
    pub consent: Consent,
    /// The browser asks not to be tracked (GPC or Do Not Track) and the person has not answered yet.
    pub browser_says_no: bool,
    pub pending: u64,
    pub recorded: u64,
    pub queued: u64,
    /// Of these, how many survive this page.
    pub persisted: u64,
    pub sent: u64,
    pub retried: u64,
    pub restored: u64,
    pub dropped: Vec<(&'static str, u64)>,
    /// Wall clock in ms of the last accepted batch.
    pub last_flush_ms: Option<u64>,
    pub last_error: Option<Rc<str>>,
    pub storage_works: bool,
    pub key_in_page: bool,
    pub user_id: Option<Rc<str>>,
    pub session_id: Option<Rc<str>>,
    /// The latest events, newest first.
    pub recent: Rc<Vec<LiveEvent>>,
}

/// One row of the Live page.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    pub timestamp_ms: u64,
    pub event: &'static str,
    pub component: Rc<str>,
    pub line: Rc<str>,
}
