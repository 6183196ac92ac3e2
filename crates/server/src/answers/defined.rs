//! The definition of each answer, over events that are at hand.

use tracking::Record;

use crate::answers::{Question, Subject, folded};

impl Question {
    /// The answer as JSON, as the crate `insights` defines it. `records` may be more than it needs, in any
    /// order, but each only once.
    ///
    /// # Errors
    /// Never so far: every answer can be written.
    pub fn defined(&self, records: &[Record]) -> serde_json::Result<Vec<u8>> {
        let range = self.range;
        let meaning = self.subject.insight().filter_meaning();
        let records = &self.filter.apply(records, range, meaning);
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        match &self.subject {
            Subject::Summary => serde_json::to_vec(&insights::summary(records, range)),
            Subject::Visits { known } => {
                let known = self.filter.of_known(known);
                serde_json::to_vec(&insights::visits(records, range, &known))
            }
            Subject::Journey => {
                let around = &self.filter.components;
                serde_json::to_vec(&insights::journey(records, range, around))
            }
            Subject::Time => serde_json::to_vec(&insights::time(records, range)),
            Subject::Popularity { bucket_ms } => {
                serde_json::to_vec(&insights::popularity(records, range, *bucket_ms))
            }
            Subject::Funnel { components, within_ms } => {
                serde_json::to_vec(&insights::funnel(records, range, components, *within_ms))
            }
            Subject::Activity { starts } => {
                serde_json::to_vec(&insights::activity(records, range, starts))
            }
            Subject::Paths { steps } => {
                serde_json::to_vec(&insights::paths(records, range, *steps))
            }
            Subject::SessionLengths => {
                serde_json::to_vec(&insights::session_lengths(records, range))
            }
            Subject::Sessions { search, limit, offset } => {
                let (limit, offset) = (size(*limit), size(*offset));
                serde_json::to_vec(&insights::sessions(
                    records, range, search, folded, limit, offset,
                ))
            }
            Subject::Session { id } => serde_json::to_vec(&insights::session(records, range, id)),
            Subject::Bounce => serde_json::to_vec(&insights::bounce(records, range)),
            Subject::EntryPoints => serde_json::to_vec(&insights::entry_points(records, range)),
            Subject::ExitPoints => serde_json::to_vec(&insights::exit_points(records, range)),
            Subject::ActiveUsers => serde_json::to_vec(&insights::active_users(records, range)),
            Subject::Errors => serde_json::to_vec(&insights::errors(records, range)),
            Subject::Loads => serde_json::to_vec(&insights::loads(records, range)),
        }
    }
}
