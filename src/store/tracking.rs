//! What the tracker tells about itself, for the chip, the privacy panel and the Live page.

use std::rc::Rc;

use tracking::Consent;

#[derive(Clone, Debug, Default, PartialEq, yewdux::Store)]
pub struct TrackingStatus {
    pub consent: Consent,
    /// The browser asks not to be tracked (GPC or Do Not Track) and the person has not answered yet.
    pub browser_says_no: bool,
    pub pending: u64,
    /// Changes of the page's state so far.
    pub actions: u64,
    /// What the tracker was told of them.
    pub signals: u64,
    pub recorded: u64,
    /// Recorded and not yet accepted.
    pub queued: u64,
    /// Of these, how many are on their way.
    pub in_flight: u64,
    /// Of these, how many survive this page.
    pub persisted: u64,
    pub sent: u64,
    pub batches_sent: u64,
    pub retried: u64,
    /// How the latest request ended.
    pub last_answer: Option<Rc<str>>,
    /// An operator holds everything back.
    pub paused: bool,
    /// An operator lets every request fail.
    pub offline: bool,
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
    pub place: Place,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    Waiting,
    OnItsWay,
    /// Accepted, or dropped and counted.
    Gone,
}
