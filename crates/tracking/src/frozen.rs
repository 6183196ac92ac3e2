//! A record as it will travel: its bytes never change again, so a retry changes nothing anywhere.

use std::rc::Rc;

use crate::{
    event::{InvalidLine, Record},
    id::{EventId, SessionId, UserId},
    limit,
    time::Timestamp,
};

/// The line of a record and what a push request needs to place it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frozen {
    pub event_id: EventId,
    pub timestamp: Timestamp,
    pub event: &'static str,
    pub component: Rc<str>,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub line: Rc<str>,
}

impl Frozen {
    /// `None` when the line cannot be written or is longer than [`limit::LINE`].
    #[must_use]
    pub fn new(record: Record) -> Option<Self> {
        let line = record.to_line().ok().filter(|line| line.len() <= limit::LINE)?;
        Some(Self::with_line(record, line.into()))
    }

    /// Thaws nothing: the line stays the very bytes that were stored.
    ///
    /// # Errors
    /// When `line` is not a record's line.
    pub fn from_line(line: &str) -> Result<Self, InvalidLine> {
        if line.len() > limit::LINE {
            return Err(InvalidLine::TooLong("line"));
        }
        Ok(Self::with_line(Record::from_line(line)?, line.into()))
    }

    fn with_line(record: Record, line: Rc<str>) -> Self {
        Self {
            event_id: record.event_id,
            timestamp: record.timestamp,
            event: record.event.name(),
            component: record.component.hash.into(),
            user_id: record.user_id,
            session_id: record.session_id,
            line,
        }
    }

    /// Upper bound of what this record adds to a push request: the line as a JSON string, the
    /// entry around it, and in the worst case a stream of its own.
    #[must_use]
    pub fn max_encoded_bytes(&self) -> usize {
        const ENTRY_AND_STREAM: usize = 512;
        let escaped = |text: &str| {
            text.bytes().map(|b| if b == b'"' || b == b'\\' { 2 } else { 1 }).sum::<usize>()
        };
        // A line holds no raw control characters, so quotes and backslashes are all that grows.
        escaped(&self.line) + 2 * escaped(&self.component) + ENTRY_AND_STREAM
    }
}
