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
}
