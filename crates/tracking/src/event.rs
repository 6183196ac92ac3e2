//! What is tracked: the events and their JSON line.

use serde_json::value::RawValue;
use thiserror::Error;

use crate::{
    id::{EventId, SessionId, UserId},
    limit::{self, fit},
    time::Timestamp,
    wire::Wire,
};

/// Version of the line's fields. Raised when a field changes its meaning, never when one is added.
pub const SCHEMA_VERSION: u64 = 1;

/// `prev_component` of a session's first visit.
pub const ENTRY: &str = "(entry)";
/// `next_component` of an exit that ends the session in this tab.
pub const EXIT: &str = "(exit)";
/// `next_component` of an exit because the tab was hidden.
pub const HIDDEN: &str = "(hidden)";
/// The component of events that belong to the page itself.
pub const DASHBOARD: &str = "(dashboard)";

/// A component of the registry, as events name it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Component {
    pub hash: String,
    pub name: String,
}

impl Component {
    pub fn new(hash: impl Into<String>, name: impl Into<String>) -> Self {
        Self { hash: hash.into(), name: name.into() }
    }

    /// The page itself.
    #[must_use]
    pub fn dashboard() -> Self {
        Self::new(DASHBOARD, "Dashboard")
    }
}

/// Something that happened, with all the fields its line needs beside the envelope of [`Record`].
#[derive(Clone, Debug)]
pub enum Event {
    SessionStart {
        previous_session_id: Option<SessionId>,
    },
    ComponentVisit {
        /// Scheme, host and path only.
        url: String,
        referrer: String,
        /// 1 for the session's first visit.
        visit_index: u64,
        is_entry: bool,
        /// [`ENTRY`] when this is the first visit.
        prev_component: String,
        prev_component_name: String,
    },
    /// The tab is visible again: the next stretch of the same visit.
    ComponentResume {
        visit_index: u64,
    },
    /// The end of one stretch of a visit.
    ComponentExit {
        duration_ms: u64,
        /// A component's hash, [`HIDDEN`] or [`EXIT`].
        next_component: String,
        is_last: bool,
        session_elapsed_ms: u64,
    },
    ComponentInteraction {
        /// `component_loaded`, or the component's own event name.
        interaction_type: String,
        load_time_ms: Option<u64>,
        /// The component's own JSON, nested so that it can never overwrite our fields.
        details: Option<Box<RawValue>>,
    },
    ComponentError {
        error_kind: ErrorKind,
        error_message: String,
        error_stack: String,
        /// Errors of the same component, kind and message since the last one that was recorded.
        suppressed: u64,
    },
    /// The tracker had to give up events; travels once delivery works again.
    TrackingDropped {
        dropped_reason: DropReason,
        dropped_count: u64,
    },
}

/// Why an event that was recorded will never arrive.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DropReason {
    /// The queue was at its limit of events or bytes; the oldest went.
    QueueFull,
    /// The receiver said that it will never take it.
    Rejected,
    /// Its line is over [`crate::limit::LINE`] or cannot be written.
    TooLarge,
    /// What storage gave back was not what was stored.
    Corrupt,
    /// More than fit into memory happened before there was an answer about consent.
    PendingFull,
    /// One kind of error repeated too often; the next one of its kind carries the count.
    Repeated,
    /// The embedder's [`BeforeRecord`](crate::BeforeRecord) did not let it pass.
    Filtered,
    /// Stored by another user of this browser, or before consent was withdrawn.
    Foreign,
    /// An operator let go of what waited.
    Forgotten,
    /// A component said more than its budget allows.
    Flooded,
}

impl DropReason {
    pub const ALL: [Self; 10] = [
        Self::QueueFull,
        Self::Rejected,
        Self::TooLarge,
        Self::Corrupt,
        Self::PendingFull,
        Self::Repeated,
        Self::Filtered,
        Self::Foreign,
        Self::Forgotten,
        Self::Flooded,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Rejected => "rejected",
            Self::TooLarge => "too_large",
            Self::Corrupt => "corrupt",
            Self::PendingFull => "pending_full",
            Self::Repeated => "repeated",
            Self::Filtered => "filtered",
            Self::Foreign => "foreign",
            Self::Forgotten => "forgotten",
            Self::Flooded => "flooded",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What kind of failure a `component_error` reports.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ErrorKind {
    /// The component's page answered with an HTTP error.
    Http,
    /// The component's page, or the registry, could not be reached.
    Network,
    /// The component said so itself (`clm_error`).
    Reported,
    /// An uncaught exception.
    Exception,
    UnhandledRejection,
    /// Neither loaded nor ready before its deadline.
    Timeout,
    /// It used to beat and stopped while visible.
    HeartbeatLost,
    /// The registry could be read but not used.
    Registry,
}

impl ErrorKind {
    pub const ALL: [Self; 8] = [
        Self::Http,
        Self::Network,
        Self::Reported,
        Self::Exception,
        Self::UnhandledRejection,
        Self::Timeout,
        Self::HeartbeatLost,
        Self::Registry,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Network => "network",
            Self::Reported => "reported",
            Self::Exception => "exception",
            Self::UnhandledRejection => "unhandled_rejection",
            Self::Timeout => "timeout",
            Self::HeartbeatLost => "heartbeat_lost",
            Self::Registry => "registry",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The names on the wire, which are also the values of Loki's `event` label.
pub mod name {
    pub const SESSION_START: &str = "session_start";
    pub const COMPONENT_VISIT: &str = "component_visit";
    pub const COMPONENT_RESUME: &str = "component_resume";
    pub const COMPONENT_EXIT: &str = "component_exit";
    pub const COMPONENT_INTERACTION: &str = "component_interaction";
    pub const COMPONENT_ERROR: &str = "component_error";
    pub const TRACKING_DROPPED: &str = "tracking_dropped";

    pub const ALL: [&str; 7] = [
        SESSION_START,
        COMPONENT_VISIT,
        COMPONENT_RESUME,
        COMPONENT_EXIT,
        COMPONENT_INTERACTION,
        COMPONENT_ERROR,
        TRACKING_DROPPED,
    ];
}

/// `interaction_type` of a component's successful load.
pub const COMPONENT_LOADED: &str = "component_loaded";

impl Event {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SessionStart { .. } => name::SESSION_START,
            Self::ComponentVisit { .. } => name::COMPONENT_VISIT,
            Self::ComponentResume { .. } => name::COMPONENT_RESUME,
            Self::ComponentExit { .. } => name::COMPONENT_EXIT,
            Self::ComponentInteraction { .. } => name::COMPONENT_INTERACTION,
            Self::ComponentError { .. } => name::COMPONENT_ERROR,
            Self::TrackingDropped { .. } => name::TRACKING_DROPPED,
        }
    }

    /// Sent along because Loki otherwise guesses it from words in the line.
    #[must_use]
    pub fn level(&self) -> &'static str {
        match self {
            Self::ComponentError { .. } => "error",
            Self::TrackingDropped { .. } => "warn",
            Self::SessionStart { .. }
            | Self::ComponentVisit { .. }
            | Self::ComponentResume { .. }
            | Self::ComponentExit { .. }
            | Self::ComponentInteraction { .. } => "info",
        }
    }

    /// Cuts every part to its [`limit`], and puts `details` on one line.
    pub(crate) fn fit(&mut self) {
        match self {
            Self::ComponentVisit { url, referrer, prev_component, prev_component_name, .. } => {
                fit(url, limit::URL);
                fit(referrer, limit::URL);
                fit(prev_component, limit::NAME);
                fit(prev_component_name, limit::NAME);
            }
            Self::ComponentExit { next_component, .. } => fit(next_component, limit::NAME),
            Self::ComponentInteraction { interaction_type, details, .. } => {
                fit(interaction_type, limit::NAME);
                if details.as_ref().is_some_and(|json| json.get().len() > limit::DETAILS) {
                    *details = None;
                }
                if let Some(json) = details
                    && json.get().contains(['\n', '\r', '\t'])
                {
                    // JSON has them between its tokens only; a stored line must not have any.
                    let flat = json.get().replace(['\n', '\r', '\t'], " ");
                    *details = RawValue::from_string(flat).ok();
                }
            }
            Self::ComponentError { error_message, error_stack, .. } => {
                fit(error_message, limit::ERROR_MESSAGE);
                fit(error_stack, limit::ERROR_STACK);
            }
            Self::SessionStart { .. }
            | Self::ComponentResume { .. }
            | Self::TrackingDropped { .. } => {}
        }
    }
}

/// An event with its id, its time and whose it is. Frozen when it is recorded.
#[derive(Clone, Debug)]
pub struct Record {
    pub event_id: EventId,
    pub timestamp: Timestamp,
    pub user_id: UserId,
    pub session_id: SessionId,
    /// Unique within the session and rising within one page load.
    pub seq: u64,
    pub component: Component,
    /// The player of a demo journey did it, and not a person.
    pub demo: bool,
    pub event: Event,
}

/// Why a line is not a record. The text names the field and never repeats its value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidLine {
    #[error("not JSON of the expected shape: {0}")]
    Json(String),
    #[error("unknown event")]
    UnknownEvent,
    #[error("schema_version {0} is not known here")]
    SchemaVersion(u64),
    #[error("missing field {0}")]
    Missing(&'static str),
    #[error("bad value in field {0}")]
    BadValue(&'static str),
    #[error("field {0} is too long")]
    TooLong(&'static str),
}

impl Record {
    /// The JSON line, fields in a fixed order, so that equal records are equal bytes.
    ///
    /// # Errors
    /// Never so far: every part of a record is text, a number or JSON already.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        Ok(crate::wire::write(self))
    }

    /// Reads a line back and checks every field.
    ///
    /// # Errors
    /// Says which field is wrong, see [`InvalidLine`].
    pub fn from_line(line: &str) -> Result<Self, InvalidLine> {
        serde_json::from_str::<Wire>(line)
            .map_err(|error| InvalidLine::Json(crate::wire::without_values(&error)))?
            .try_into()
    }
}
