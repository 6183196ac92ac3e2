//! What the tracker tells about itself, for the chip, the privacy panel and the Live page.

use std::rc::Rc;

use tracking::{Consent, Outcome};

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
    /// Why events wait although they could leave.
    pub trouble: Option<Outcome>,
    /// The same as a sentence, with the next try.
    pub last_error: Option<Rc<str>>,
    /// Milliseconds that this device's clock is ahead of the server's, where the server corrects times for it.
    pub clock_ahead_ms: Option<i64>,
    pub storage_works: bool,
    pub key_in_page: bool,
    pub user_id: Option<Rc<str>>,
    pub session_id: Option<Rc<str>>,
    /// The latest events, newest first.
    pub recent: Rc<Vec<LiveEvent>>,
}

impl TrackingStatus {
    /// Says that times are corrected, and by how much.
    #[must_use]
    pub fn clock(&self) -> Option<String> {
        let ms = self.clock_ahead_ms?;
        let minutes = ms.unsigned_abs().saturating_add(30_000) / 60_000;
        let off = match minutes {
            0..90 => format!("{minutes} min"),
            90..2_160 => format!("{} h", (minutes + 30) / 60),
            _ => format!("{} days", (minutes + 720) / 1_440),
        };
        let side = if ms < 0 { "behind" } else { "ahead of" };
        Some(format!("This device's clock is {off} {side} the server's; times are corrected."))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_in_the_unit_a_person_would_use() {
        const MINUTE: i64 = 60_000;
        for (ahead_ms, says) in [
            (11 * MINUTE, "11 min ahead of"),
            (11 * MINUTE + 29_000, "11 min ahead of"),
            (-2 * MINUTE, "2 min behind"),
            (60 * MINUTE, "60 min ahead of"),
            (-120 * MINUTE, "2 h behind"),
            (40 * 1_440 * MINUTE, "40 days ahead of"),
            (i64::MIN, "106751991167 days behind"),
        ] {
            let status =
                TrackingStatus { clock_ahead_ms: Some(ahead_ms), ..TrackingStatus::default() };
            let text = format!("This device's clock is {says} the server's; times are corrected.");
            assert_eq!(status.clock(), Some(text));
        }
        assert_eq!(TrackingStatus::default().clock(), None);
    }
}
