//! The pure core of the tracker: what is an event, whose is it, when does it leave.
//!
//! Nothing in here reads a clock, draws a random number or does I/O. The browser shell (and every
//! test) hands in the time and the ids, and carries out what comes back.

pub mod event;
pub mod id;
pub mod limit;
pub mod loki;
pub mod time;
mod wire;

pub use event::{Component, ErrorKind, Event, InvalidLine, Record};
pub use id::{EventId, SessionId, UserId, UserSecret};
pub use time::{Now, Timestamp};
