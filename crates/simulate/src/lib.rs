//! A population of people with habits, a day and a week, driven through the real tracking core.
//!
//! What comes out are the bodies that their pages would have sent, and beside them what is true of
//! the people, counted from what they did and never from an event. The same seed gives the same bytes.

mod browser;
mod bundle;
mod persona;
mod place;
mod script;
mod truth;

use fastrand::Rng;

use browser::Browser;
pub use bundle::bundle;
use persona::{Frame, HOUR, Person};
pub use place::{Place, places};
pub use truth::{Sat, Truth, Visited};

const DAY: u64 = 24 * HOUR;
/// The first day is shorter by this: a server that takes events of so many days takes them all, also when
/// they arrive a little later.
const MARGIN_MS: u64 = 2 * HOUR;
/// From the end of one sitting to the next: more than a session's idle time after the last sign of life.
const GAP_MS: u64 = 45 * 60 * 1_000;

/// Who, how long and until when.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub users: usize,
    pub days: u32,
    pub seed: u64,
    /// When it ends; nothing happens from here on.
    pub end_ms: u64,
}

/// A request of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Push {
    pub at_ms: u64,
    /// JSON in Loki's push format.
    pub body: String,
}

struct Somebody {
    person: Person,
    browser: Browser,
}

/// Yields day by day what the pages send.
pub struct Simulation {
    plan: Plan,
    places: Vec<Place>,
    people: Vec<Somebody>,
    day: u32,
    truth: Truth,
}

impl Simulation {
    #[must_use]
    pub fn new(plan: Plan, places: Vec<Place>) -> Self {
        let mut seeds = Rng::with_seed(plan.seed);
        let people = (0..plan.users)
            .map(|_| Somebody {
                person: Person::new(seeds.fork()),
                browser: Browser::new(seeds.fork()),
            })
            .collect();
        Self { plan, places, people, day: 0, truth: Truth::default() }
    }

    /// What is true of the days so far.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The name under which the person at this place of the truth is known.
    #[must_use]
    pub fn user_id(&self, user: usize) -> Option<tracking::UserId> {
        self.people.get(user).map(|somebody| somebody.browser.user_id())
    }

    /// When the first of the days begins.
    #[must_use]
    pub fn start_ms(&self) -> u64 {
        self.plan.end_ms.saturating_sub(u64::from(self.plan.days) * DAY) + MARGIN_MS
    }
}

impl Iterator for Simulation {
    type Item = Vec<Push>;

    /// What is sent on the next day, in order.
    fn next(&mut self) -> Option<Vec<Push>> {
        if self.day >= self.plan.days {
            return None;
        }
        let (start_ms, end_ms) = (self.start_ms(), self.plan.end_ms);
        // Habits follow the calendar; the plan ends when it ends.
        let from_ms = start_ms - MARGIN_MS + u64::from(self.day) * DAY;
        self.day += 1;
        let is_last = self.day == self.plan.days;
        let mut pushes = Vec::new();
        for (user, Somebody { person, browser }) in self.people.iter_mut().enumerate() {
            let today = from_ms - from_ms % DAY;
            let mut starts = person.starts(today);
            if is_last {
                starts.extend(person.starts(today + DAY));
            }
            for at_ms in starts {
                if at_ms < start_ms.max(person.free_from_ms) {
                    continue;
                }
                let frame = Frame { start_ms: at_ms, is_asked: browser.is_asked() };
                let sitting = person.sits(&self.places, frame);
                let over_ms = sitting.end_ms() + GAP_MS;
                if over_ms > end_ms {
                    break;
                }
                person.free_from_ms = over_ms;
                browser.play(&self.places, &sitting, &mut pushes);
                if browser.has_agreed() {
                    self.truth.add(user, &self.places, &sitting);
                }
            }
            if is_last {
                browser.hand_in(end_ms - 10 * 60 * 1_000, &mut pushes);
            }
        }
        pushes.sort_by_key(|push| push.at_ms);
        Some(pushes)
    }
}
