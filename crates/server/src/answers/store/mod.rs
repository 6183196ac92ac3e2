//! Answers from the store: what its sheets say, counted by two threads, and of a few sessions the events
//! themselves.

pub mod cost;
mod counts;
mod read;
mod scope;

use insights::MAX_EVENTS;
use rusqlite::Transaction;

use crate::{
    answers::{Answering, Question, Source, Subject},
    store::{Store, StoreError},
};
use scope::Scope;

impl Source for Store {
    fn answer(&self, question: Question) -> Answering<'_> {
        Box::pin(async move { Ok(self.read(move |events| question.ask(events)).await?) })
    }
}

impl Question {
    /// The answer as JSON.
    ///
    /// # Errors
    /// When the events cannot be read.
    pub fn ask(&self, events: &Transaction<'_>) -> Result<Vec<u8>, StoreError> {
        let meaning = self.subject.insight().filter_meaning();
        let scope = &Scope { events, range: self.range, filter: &self.filter, meaning };
        Ok(match &self.subject {
            Subject::Summary => serde_json::to_vec(&counts::summary(scope)?),
            Subject::Visits { known } => serde_json::to_vec(&counts::visits(scope, known)?),
            Subject::Journey => serde_json::to_vec(&counts::journey(scope)?),
            Subject::Time => serde_json::to_vec(&counts::time(scope)?),
            Subject::Popularity { bucket_ms } => {
                serde_json::to_vec(&counts::popularity(scope, *bucket_ms)?)
            }
            Subject::Funnel { components, within_ms } => {
                serde_json::to_vec(&counts::funnel(scope, components, *within_ms)?)
            }
            Subject::Activity { starts } => serde_json::to_vec(&counts::activity(scope, starts)?),
            Subject::Paths { steps } => serde_json::to_vec(&counts::paths(scope, *steps)?),
            Subject::SessionLengths => serde_json::to_vec(&counts::session_lengths(scope)?),
            Subject::Sessions { search, limit, offset } => {
                serde_json::to_vec(&counts::sessions(scope, search, *limit, *offset)?)
            }
            Subject::Session { id } => {
                // One more than are told, so that it can be told that there are more. A filter may choose
                // the session by its last event.
                let at_most = if self.filter.is_empty() { MAX_EVENTS + 1 } else { usize::MAX };
                let records = scope.records(id, at_most)?;
                let records = self.filter.apply(&records, self.range, meaning);
                serde_json::to_vec(&insights::session(&records, self.range, id))
            }
            Subject::Bounce => serde_json::to_vec(&counts::bounce(scope)?),
            Subject::EntryPoints => serde_json::to_vec(&counts::entry_points(scope)?),
            Subject::ExitPoints => serde_json::to_vec(&counts::exit_points(scope)?),
            Subject::ActiveUsers => serde_json::to_vec(&counts::active_users(scope)?),
            Subject::Errors => serde_json::to_vec(&counts::errors(scope)?),
            Subject::Loads => serde_json::to_vec(&counts::loads(scope)?),
        }?)
    }
}
