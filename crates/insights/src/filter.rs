//! Which events an answer is about, beside its range.

use std::collections::BTreeSet;

use tracking::{Event, Record};

use crate::{
    FilterMeaning, KnownComponent, Range,
    select::{in_range, is_visit},
};

/// Applied before an answer; the default lets everything through.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// These components, by hash; all when there are none. [`FilterMeaning`] says what of them.
    pub components: Vec<String>,
    /// Only sessions that have their entry in range, and by the component with this hash.
    pub entry: Option<String>,
    /// A `user_id`.
    pub user: Option<String>,
    /// A `session_id`.
    pub session: Option<String>,
    /// Leaves out what the player of a demo journey did. [`FilterMeaning`] says whether that is its
    /// events or the sessions that have a visit by it.
    pub hide_demo: bool,
}

impl Filter {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The events of `records` that an answer with this `meaning` counts. For
    /// [`FilterMeaning::Transitions`] the answer itself keeps the steps from or to the components.
    #[must_use]
    pub fn apply(&self, records: &[Record], range: Range, meaning: FilterMeaning) -> Vec<Record> {
        let counts_events = meaning == FilterMeaning::Events;
        let is_demo = |record: &Record| self.hide_demo && record.demo;
        let entered = self.entry.as_deref().map(|entry| {
            let enters = |record: &Record| {
                matches!(record.event, Event::ComponentVisit { is_entry: true, .. })
                    && record.component.hash == entry
                    && !is_demo(record)
            };
            sessions_with(in_range(records, range), enters)
        });
        let is = |wanted: &Option<String>, id: &str| wanted.as_deref().is_none_or(|w| w == id);
        let of_person = || {
            in_range(records, range)
                .filter(|record| is(&self.user, record.user_id.as_str()))
                .filter(|record| is(&self.session, record.session_id.as_str()))
        };
        let visiting =
            (meaning == FilterMeaning::Sessions && !self.components.is_empty()).then(|| {
                sessions_with(of_person(), |record| {
                    is_visit(record) && self.components.contains(&record.component.hash)
                })
            });
        let with_demo = (!counts_events && self.hide_demo)
            .then(|| sessions_with(of_person(), |record| is_visit(record) && record.demo));
        let has = |sessions: &Option<BTreeSet<&str>>, record: &Record| {
            sessions.as_ref().map(|ids| ids.contains(record.session_id.as_str()))
        };
        of_person()
            .filter(|record| {
                !counts_events
                    || (!is_demo(record)
                        && (self.components.is_empty()
                            || self.components.contains(&record.component.hash)))
            })
            .filter(|record| has(&entered, record) != Some(false))
            .filter(|record| has(&visiting, record) != Some(false))
            .filter(|record| has(&with_demo, record) != Some(true))
            .cloned()
            .collect()
    }

    /// Those of the `known` components that the filter is about.
    #[must_use]
    pub fn of_known(&self, known: &[KnownComponent]) -> Vec<KnownComponent> {
        let is_chosen = |known: &&KnownComponent| {
            self.components.is_empty() || self.components.contains(&known.hash)
        };
        known.iter().filter(is_chosen).cloned().collect()
    }
}

/// The sessions that have an event which `is` it.
fn sessions_with<'a>(
    records: impl Iterator<Item = &'a Record>,
    is: impl Fn(&Record) -> bool,
) -> BTreeSet<&'a str> {
    records.filter(|record| is(record)).map(|record| record.session_id.as_str()).collect()
}
