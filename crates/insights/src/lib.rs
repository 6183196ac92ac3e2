//! Each answer, as a pure function over events: the definition every engine is held to.
//!
//! Shared by all answers:
//! - Integers only; times and durations are milliseconds, `*_ms` timestamps count from
//!   1970-01-01 UTC.
//! - Only events with `from_ms <= timestamp < to_ms` exist for an answer, see [`Range`]. Every
//!   event is expected once.
//! - A *visit* is a `component_visit` event. A *session* or *user* counts when it has at least one
//!   visit in range.
//! - A range ends what is known: a session that goes on after it counts with what it had done by then.
//!   One that began before it has no entry in it, so it is no bounce, and where answers are about whole
//!   sessions from their beginning ([`paths()`], [`session_lengths()`]) it is left out.
//! - What a [`Filter`] means for an answer, [`Insight::filter_meaning`] says.
//! - Answers have at most [`MAX_ROWS`] rows; all others are one row, [`OTHER`].
//! - Events of a session are ordered by time, then `seq`, then `event_id`.
//! - A component's `name` is the alphabetically last of the names its counted events carry.
//! - Lists come largest first, equal ones in the order of the component's hash, unless an answer
//!   says otherwise.
//! - Percentiles are nearest-rank: of n sorted values, the one at `ceil(p * n / 100)`.

mod active_users;
mod activity;
mod bounce;
mod cost;
mod entry_points;
mod errors;
mod exit_points;
mod filter;
mod fold;
mod funnel;
mod journey;
mod loads;
mod meaning;
mod paths;
mod percentile;
mod popularity;
mod range;
mod rows;
mod select;
mod session;
mod session_lengths;
mod sessions;
mod summary;
#[cfg(feature = "testing")]
pub mod testing;
mod time;
mod visits;

pub use active_users::{ActiveUsers, active_users};
pub use activity::{Activity, MAX_STARTS, activity, stretches};
pub use bounce::{Bounce, bounce};
pub use cost::{Assumed, Cost, FREE_BYTES, Month, Weight, cost, share};
pub use entry_points::entry_points;
pub use errors::{ComponentErrors, ErrorMessage, RECENT, errors, messages};
pub use exit_points::exit_points;
pub use filter::Filter;
pub use fold::fold;
pub use funnel::{FunnelChain, FunnelStep, funnel};
pub use journey::{Flow, journey};
pub use loads::{ComponentLoads, loads};
pub use meaning::{FilterMeaning, Insight};
pub use paths::{PathStep, paths};
pub use percentile::percentile;
pub use popularity::{Bucket, MAX_BUCKETS, bucket_starts, popularity};
pub use range::Range;
pub use rows::{MAX_ROWS, MAX_SERIES, OTHER, Row, bounded, bounded_by_step, bounded_series};
pub use session::{Kind, MAX_EVENTS, Moment, Story, Visit, session};
pub use session_lengths::{LENGTHS_MS, SessionLengths, session_lengths};
pub use sessions::{Fold, Session, sessions};
pub use summary::{Summary, summary};
pub use time::{ComponentTime, time};
pub use visits::{ComponentVisits, KnownComponent, visits, with_unvisited};
