//! Every LogQL query there is, once: for the page, Grafana's dashboards and alerts, and the docs.
//!
//! ```
//! use logql::{Panel, Scope};
//!
//! let scope = Scope::new("clm-frontend", 24 * 60 * 60);
//! assert_eq!(
//!     Panel::VisitsByComponent.query(&scope),
//!     r#"sum by (component) (count_over_time({job="clm-frontend", event="component_visit"} [1d]))"#
//! );
//! ```
//!
//! What keeps the queries cheap and right:
//! - `job`, `event` and `component` are labels of the stream; everything else is read from the line
//!   with `| json`. `user_id` and `session_id` may be structured metadata or labels: a filter behind
//!   the selector finds them in both.
//! - Behind `unwrap` stands `__error__=""`: one value that is no number would fail the whole query.
//! - Nothing groups by a user or a session where another form has the same answer: Loki stops at 500
//!   series by default.

pub mod alert;
pub mod answer;
mod expected;
pub mod field;
#[cfg(feature = "grafana")]
pub mod grafana;
mod panel;
mod scope;
mod text;

pub use expected::{Expected, SLOW_FACTOR};
pub use panel::Panel;
pub use scope::{Chosen, Scope, Span};
pub use text::Text;
