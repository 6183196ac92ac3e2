//! Answers from the store: what SQL counts well is asked in SQL; for the rest, only the events it needs
//! are read and given to the pure function itself.

pub mod cost;
mod lines;
mod scope;
mod sql;

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
        let scope = &Scope { events, range: self.range, filter: &self.filter };
        Ok(match &self.subject {
            Subject::Summary => serde_json::to_vec(&sql::summary(scope)?),
            Subject::Visits => serde_json::to_vec(&sql::visits(scope)?),
            Subject::Journey => serde_json::to_vec(&sql::journey(scope)?),
            Subject::Time => serde_json::to_vec(&lines::time(scope)?),
            Subject::Popularity { bucket_ms } => {
                serde_json::to_vec(&sql::popularity(scope, *bucket_ms)?)
            }
            Subject::Funnel { components, within_ms } => {
                serde_json::to_vec(&lines::funnel(scope, components, *within_ms)?)
            }
            Subject::Activity { starts } => serde_json::to_vec(&sql::activity(scope, starts)?),
            Subject::Paths { steps } => serde_json::to_vec(&sql::paths(scope, *steps)?),
            Subject::SessionLengths => serde_json::to_vec(&sql::session_lengths(scope)?),
            Subject::Sessions { search, limit, offset } => {
                serde_json::to_vec(&sql::sessions(scope, search, *limit, *offset)?)
            }
            Subject::Session { id } => serde_json::to_vec(&lines::session(scope, id)?),
            Subject::Bounce => serde_json::to_vec(&sql::bounce(scope)?),
            Subject::EntryPoints => serde_json::to_vec(&sql::entry_points(scope)?),
            Subject::ExitPoints => serde_json::to_vec(&sql::exit_points(scope)?),
            Subject::ActiveUsers => serde_json::to_vec(&sql::active_users(scope)?),
            Subject::Errors => serde_json::to_vec(&sql::errors(scope)?),
            Subject::Loads => serde_json::to_vec(&lines::loads(scope)?),
        }?)
    }
}
