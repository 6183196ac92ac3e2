//! What events weigh: on the way, where they are stored, and at Loki; and what a month of them would.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tracking::{LabelMode, Record};

use crate::{
    Range,
    select::{in_range, is_visit},
};

/// What Grafana Cloud's free plan takes of logs in a month.
pub const FREE_BYTES: u64 = 50_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Counted, not estimated. `late_streams`, `file` and `sent` are known only where events are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cost {
    pub events: u64,
    pub visits: u64,
    /// Who had a visit on which UTC day.
    pub user_days: u64,
    pub line_bytes: u64,
    /// Names and values of the structured metadata that Loki gets with the lines.
    pub id_bytes: u64,
    /// Different sets of labels at Loki.
    pub streams: u64,
    /// Further ones, of events that came too late for those.
    pub late_streams: Option<u64>,
    /// The file with all events, whatever the range.
    pub file: Option<Weight>,
    /// The bodies of requests as they came in, since the server started.
    pub sent: Option<Weight>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Weight {
    pub bytes: u64,
    /// Of so many events.
    pub events: u64,
}

/// What is not measured but supposed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Assumed {
    pub users_per_day: u64,
    pub visits_per_user: u64,
    pub days: u64,
}

/// The scenario of the design text.
impl Default for Assumed {
    fn default() -> Self {
        Self { users_per_day: 1_000, visits_per_user: 10, days: 30 }
    }
}

/// What the assumed days come to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Month {
    pub events: u64,
    pub sent: Option<u64>,
    pub file: Option<u64>,
    /// What Loki counts: lines and their metadata, unpacked.
    pub loki: u64,
}

impl Cost {
    #[must_use]
    pub fn loki_bytes(&self) -> u64 {
        self.line_bytes.saturating_add(self.id_bytes)
    }
}

/// `part` of `whole`, of `all`; none of nothing.
#[must_use]
pub fn share(all: u64, part: u64, whole: u64) -> Option<u64> {
    let (product, whole) = (u128::from(all) * u128::from(part), u128::from(whole));
    let rounded = (product + whole / 2).checked_div(whole)?;
    Some(u64::try_from(rounded).unwrap_or(u64::MAX))
}

impl Weight {
    /// Of so many events, if they are like these.
    #[must_use]
    pub fn of(self, events: u64) -> Option<u64> {
        share(events, self.bytes, self.events)
    }
}

impl Assumed {
    /// Events grow with visits, as they were measured; none while there are no visits.
    #[must_use]
    pub fn month(&self, cost: &Cost) -> Option<Month> {
        let visits =
            self.users_per_day.saturating_mul(self.visits_per_user).saturating_mul(self.days);
        let events = share(visits, cost.events, cost.visits)?;
        Some(Month {
            events,
            sent: cost.sent.and_then(|sent| sent.of(events)),
            file: cost.file.and_then(|file| file.of(events)),
            loki: share(visits, cost.loki_bytes(), cost.visits)?,
        })
    }

    /// How many people a day would fill `bytes` in as many days.
    #[must_use]
    pub fn users_that_fill(&self, bytes: u64, month: &Month) -> Option<u64> {
        share(bytes, self.users_per_day, month.loki)
    }
}

/// What `records` weigh, and how Loki would get them if none were late.
#[must_use]
pub fn cost(records: &[Record], range: Range, labels: LabelMode) -> Cost {
    let mut cost = Cost::default();
    let (mut days, mut streams) = (BTreeSet::new(), BTreeSet::new());
    for record in in_range(records, range) {
        let (user, session) = (record.user_id.as_str(), record.session_id.as_str());
        cost.events += 1;
        cost.line_bytes += record.to_line().map_or(0, |line| line.len() as u64);
        let session = match labels {
            LabelMode::Metadata => {
                let names = "user_id".len() + "session_id".len();
                cost.id_bytes += (names + user.len() + session.len()) as u64;
                ""
            }
            LabelMode::Stream => session,
        };
        streams.insert((record.event.name(), record.component.hash.as_str(), session));
        if is_visit(record) {
            cost.visits += 1;
            days.insert((user, record.timestamp.0 / DAY_MS));
        }
    }
    cost.user_days = days.len() as u64;
    cost.streams = streams.len() as u64;
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Cost {
        Cost {
            events: 300,
            visits: 100,
            line_bytes: 120_000,
            id_bytes: 30_000,
            file: Some(Weight { bytes: 2_000, events: 2 }),
            sent: Some(Weight { bytes: 900, events: 6 }),
            ..Cost::default()
        }
    }

    #[test]
    fn a_month_is_what_was_measured_times_what_is_assumed() {
        let month = Assumed::default().month(&measured()).unwrap();
        let visits = 300_000;
        assert_eq!(month.events, visits * 3);
        assert_eq!(month.loki, visits * 1_500);
        assert_eq!(month.file, Some(month.events * 1_000));
        assert_eq!(month.sent, Some(month.events * 150));
    }

    #[test]
    fn nothing_measured_projects_nothing_and_the_largest_numbers_do_not_wrap() {
        assert_eq!(Assumed::default().month(&Cost::default()), None);
        let most = Assumed { users_per_day: u64::MAX, visits_per_user: 9, days: 9 };
        assert_eq!(most.month(&measured()).map(|month| month.loki), Some(u64::MAX));
        let nobody = Assumed { users_per_day: 0, ..Assumed::default() };
        let month = nobody.month(&measured()).unwrap();
        assert_eq!((month.events, month.loki), (0, 0));
        assert_eq!(nobody.users_that_fill(FREE_BYTES, &month), None);
    }

    #[test]
    fn as_many_people_as_fill_the_plan_fill_it() {
        let month = Assumed::default().month(&measured()).unwrap();
        let users_per_day = Assumed::default().users_that_fill(FREE_BYTES, &month).unwrap();
        let full = Assumed { users_per_day, ..Assumed::default() };
        let bytes = full.month(&measured()).unwrap().loki;
        assert!(bytes.abs_diff(FREE_BYTES) < FREE_BYTES / 1_000, "{bytes}");
    }
}
