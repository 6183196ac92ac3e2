//! The receiver: stores each event once, and fails in every way it can.

use std::collections::HashMap;

use tracking::{Answer, EventId, Frozen, Outcome, Timestamp};

/// In an event's line, what this receiver will never take.
pub const BAD: &str = "\"bad click";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Well,
    /// Takes its time, but less than the page's patience.
    Slow,
    /// Refuses a batch with a bad entry as a whole; otherwise its good entries are stored, as Loki does.
    AllOrNothing,
    AtMostThree,
    Status(u16),
    RetryAfter(u16, u64),
    /// A page for a person comes in place of the receiver's answer.
    Page(u16),
    /// The request is sent elsewhere, to a sign-in page.
    Redirect,
    /// Nobody listens.
    Refused,
    /// All is stored, and the answer never arrives.
    AnswerLost,
    /// Half is stored when the connection breaks.
    Half,
    /// No answer within the page's patience.
    TimesOut,
    /// The shell never learns how it ended.
    Hangs,
}

impl Mode {
    pub const ALL: [Self; 19] = [
        Self::Well,
        Self::Well,
        Self::Slow,
        Self::AllOrNothing,
        Self::AtMostThree,
        Self::Status(500),
        Self::Status(429),
        Self::Status(401),
        Self::RetryAfter(429, 1),
        Self::RetryAfter(429, 30),
        Self::RetryAfter(503, 3_600),
        Self::Page(200),
        Self::Page(400),
        Self::Redirect,
        Self::Refused,
        Self::AnswerLost,
        Self::Half,
        Self::TimesOut,
        Self::Hangs,
    ];

    /// How long the answer takes; `None` when there will be none.
    pub fn takes_ms(self) -> Option<u64> {
        match self {
            Self::Slow => Some(8_000),
            Self::TimesOut => Some(10_000),
            Self::Hangs => None,
            _ => Some(40),
        }
    }
}

#[derive(Default)]
pub struct Server {
    /// How often each event came in; it is stored once.
    pub arrived: HashMap<EventId, u32>,
    /// In the order they were stored.
    pub stored: Vec<EventId>,
}

impl Server {
    /// Whether the events are stored is decided by the mode alone; `Hangs` and `TimesOut` by `coin`.
    pub fn handle(&mut self, records: &[Frozen], mode: Mode, coin: bool) -> Outcome {
        let status = |status| Outcome::Retry { status, retry_after_ms: None };
        let bad = records.iter().any(|record| record.line.contains(BAD));
        match mode {
            Mode::AllOrNothing if bad => return Outcome::Rejected { status: 400 },
            Mode::AtMostThree if records.len() > 3 => return Outcome::Rejected { status: 413 },
            Mode::Status(code @ (401 | 403)) => return Outcome::Unauthorized { status: code },
            Mode::Status(code) => return status(code),
            Mode::RetryAfter(code, seconds) => {
                // Through the header's text, as a page would.
                let text = seconds.to_string();
                let retry_after = Some(&*text);
                let answer = Answer { status: Some(code), retry_after, ..Answer::default() };
                return Outcome::of(&answer, Timestamp(0));
            }
            Mode::Page(code) => {
                let content_type = Some("text/html; charset=utf-8");
                let answer = Answer { status: Some(code), content_type, ..Answer::default() };
                return Outcome::of(&answer, Timestamp(0));
            }
            Mode::Redirect => return Outcome::of(&Answer::default(), Timestamp(0)),
            Mode::Refused => return Outcome::Unreachable,
            Mode::Half => {
                self.store(&records[..records.len() / 2]);
                return Outcome::Unreachable;
            }
            Mode::TimesOut | Mode::Hangs | Mode::AnswerLost => {
                if coin || mode == Mode::AnswerLost {
                    self.store(records);
                }
                return Outcome::Unreachable;
            }
            Mode::Well | Mode::Slow | Mode::AllOrNothing | Mode::AtMostThree => {}
        }
        self.store(records);
        if bad { Outcome::Rejected { status: 422 } } else { Outcome::Accepted }
    }

    fn store(&mut self, records: &[Frozen]) {
        for record in records.iter().filter(|record| !record.line.contains(BAD)) {
            let times = self.arrived.entry(record.event_id).or_default();
            *times += 1;
            if *times == 1 {
                self.stored.push(record.event_id);
            }
        }
    }
}
