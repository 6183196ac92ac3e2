//! The names that queries use. A test holds each of them to what the tracker really writes.

/// Labels of a stream.
pub const JOB: &str = "job";
pub const EVENT: &str = "event";
pub const COMPONENT: &str = "component";
/// Only on streams of what happened long before it was sent: `backlog`, or the hour it happened in.
pub const LATE: &str = tracking::encode::LATE_LABEL;

/// Structured metadata, or labels where Loki is older than 3.0.
pub const USER_ID: &str = "user_id";
pub const SESSION_ID: &str = "session_id";

/// Fields of the JSON line.
pub const COMPONENT_HASH: &str = "component_hash";
pub const COMPONENT_NAME: &str = "component_name";
pub const DEMO: &str = "demo";
pub const DROPPED_COUNT: &str = "dropped_count";
pub const DROPPED_REASON: &str = "dropped_reason";
pub const DURATION_MS: &str = "duration_ms";
pub const ERROR_KIND: &str = "error_kind";
pub const ERROR_MESSAGE: &str = "error_message";
pub const INTERACTION_TYPE: &str = "interaction_type";
pub const IS_ENTRY: &str = "is_entry";
pub const IS_LAST: &str = "is_last";
pub const LOAD_TIME_MS: &str = "load_time_ms";
pub const NEXT_COMPONENT: &str = "next_component";
pub const PREV_COMPONENT: &str = "prev_component";
pub const SESSION_ELAPSED_MS: &str = "session_elapsed_ms";
pub const VISIT_INDEX: &str = "visit_index";

/// Field of the server's own line for each request.
pub const PATH: &str = "path";
/// Fields of its line about what waits for Loki.
pub const AGE_SECONDS: &str = "age_seconds";
pub const SINK: &str = "sink";

/// Label of a line that a stage could not handle; Loki's own.
pub const ERROR: &str = "__error__";
