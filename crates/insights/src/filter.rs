//! Which events an answer is about, beside its range.

use std::collections::BTreeSet;

use tracking::{Event, Record};

use crate::{Range, select::in_range};

/// Applied before an answer; the default lets everything through.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only events of these components, by hash; of all when there are none.
    pub components: Vec<String>,
    /// Only sessions that have their entry in range, and by the component with this hash.
    pub entry: Option<String>,
    /// A `user_id`.
    pub user: Option<String>,
    /// A `session_id`.
    pub session: Option<String>,
    /// What the player of a demo journey did is left out, as if it had not been.
    pub hide_demo: bool,
}

impl Filter {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The events of `records` that pass.
    #[must_use]
    pub fn apply(&self, records: &[Record], range: Range) -> Vec<Record> {
        let entered = self.entry.as_deref().map(|entry| {
            entered_by(records, range, |visit| visit.component.hash == entry && self.takes(visit))
        });
        let is = |wanted: &Option<String>, id: &str| wanted.as_deref().is_none_or(|w| w == id);
        in_range(records, range)
            .filter(|record| self.takes(record))
            .filter(|record| is(&self.user, record.user_id.as_str()))
            .filter(|record| is(&self.session, record.session_id.as_str()))
            .filter(|record| {
                self.components.is_empty() || self.components.contains(&record.component.hash)
            })
            .filter(|record| {
                entered.as_ref().is_none_or(|ids| ids.contains(record.session_id.as_str()))
            })
            .cloned()
            .collect()
    }

    fn takes(&self, record: &Record) -> bool {
        !(self.hide_demo && record.demo)
    }
}

fn entered_by(records: &[Record], range: Range, is: impl Fn(&Record) -> bool) -> BTreeSet<&str> {
    let mut sessions = BTreeSet::new();
    for record in in_range(records, range) {
        let enters = matches!(record.event, Event::ComponentVisit { is_entry: true, .. });
        if enters && is(record) {
            sessions.insert(record.session_id.as_str());
        }
    }
    sessions
}
