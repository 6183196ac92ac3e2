//! The pure core of the tracker: what is an event, whose is it, when does it leave.
//!
//! Nothing in here reads a clock, draws a random number or does I/O. The browser shell (and every
//! test) hands in the time and the ids, and carries out what comes back.

pub mod backoff;
mod delivery;
mod drops;
pub mod encode;
pub mod event;
mod frozen;
pub mod id;
mod json;
pub mod limit;
pub mod loki;
mod outcome;
mod queue;
mod recorder;
mod repeats;
pub mod scrub;
mod session;
pub mod settings;
mod signal;
mod stats;
mod time;
mod tracker;
mod wire;

pub use delivery::LastError;
pub use drops::Drops;
pub use event::{Component, DropReason, ErrorKind, Event, InvalidLine, Record};
pub use frozen::Frozen;
pub use id::{EventId, SessionId, UserId, UserSecret};
pub use outcome::{Answer, Outcome, retry_after_ms};
pub use queue::{BatchId, StorageOp};
pub use recorder::{BeforeRecord, Random};
pub use scrub::Private;
pub use session::StoredSession;
pub use settings::{LabelMode, Settings};
pub use signal::Signal;
pub use stats::{Snapshot, Stats};
pub use time::{Now, Timestamp};
pub use tracker::{Batch, Consent, Identity, Poll, Tracker, Trouble};
