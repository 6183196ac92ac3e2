//! What is true of the people, counted from their scripts and never from an event.

use std::collections::{BTreeMap, BTreeSet};

use tracking::settings::SESSION_IDLE_MS;

use crate::{
    place::Place,
    script::{Doing, End, Sitting},
};

/// One sitting of somebody who has agreed to be counted.
#[derive(Clone, Debug)]
pub struct Sat {
    /// Which of the people.
    pub user: usize,
    pub start_ms: u64,
    pub end_ms: u64,
    pub visits: Vec<Visited>,
}

/// One visit: where, when, and how long it could be seen.
#[derive(Clone, Debug)]
pub struct Visited {
    pub component: String,
    pub at_ms: u64,
    pub visible_ms: u64,
    /// When and what.
    pub errors: Vec<(u64, String)>,
    /// When and how long it took.
    pub loads: Vec<(u64, u64)>,
    pub interactions: u64,
}

/// Everything the answers must come to.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub sat: Vec<Sat>,
}

impl Truth {
    pub(crate) fn add(&mut self, user: usize, places: &[Place], sitting: &Sitting) {
        let mut at_ms = sitting.start_ms;
        let mut visits = Vec::with_capacity(sitting.stays.len());
        for stay in &sitting.stays {
            let mut visited = Visited {
                component: places[stay.place].component.hash.clone(),
                at_ms,
                visible_ms: 0,
                errors: Vec::new(),
                loads: Vec::new(),
                interactions: 0,
            };
            // Since when it is seen, if it is.
            let mut seen_since = Some(0);
            for (after_ms, doing) in &stay.doings {
                match doing {
                    Doing::Loads(ms) => visited.loads.push((at_ms + after_ms, *ms)),
                    Doing::Fails(_, message) => {
                        visited.errors.push((at_ms + after_ms, message.clone()));
                    }
                    Doing::Interacts(..) => visited.interactions += 1,
                    Doing::Moves => {}
                    Doing::Hides => {
                        visited.visible_ms += seen_since.take().map_or(0, |since| after_ms - since);
                    }
                    Doing::Shows => seen_since = Some(*after_ms),
                    Doing::Reloads(pause_ms) => {
                        visited.visible_ms += seen_since
                            .replace(after_ms + pause_ms)
                            .map_or(0, |since| after_ms - since);
                    }
                }
            }
            visited.visible_ms += seen_since.map_or(0, |since| stay.ms - since);
            at_ms += stay.ms;
            visits.push(visited);
        }
        // Nobody can say when a person stopped looking: the page gives them the idle time.
        if sitting.end == End::WalksAway {
            at_ms += SESSION_IDLE_MS;
            if let Some(last) = visits.last_mut() {
                last.visible_ms += SESSION_IDLE_MS;
            }
        }
        self.sat.push(Sat { user, start_ms: sitting.start_ms, end_ms: at_ms, visits });
    }

    /// What is true of some of the sittings.
    #[must_use]
    pub fn of(&self, is_chosen: impl Fn(&Sat) -> bool) -> Self {
        Self { sat: self.sat.iter().filter(|sat| is_chosen(sat)).cloned().collect() }
    }

    /// Sittings by how many of `steps` they come to: for each visit to the first step, the others one
    /// after the other, none later than `within_ms` after it.
    #[must_use]
    pub fn funnel(&self, steps: &[&str], within_ms: u64) -> Vec<u64> {
        let mut reached = vec![0; steps.len()];
        for sat in &self.sat {
            let far = (0..sat.visits.len())
                .filter(|&at| steps.first().is_some_and(|step| *step == sat.visits[at].component))
                .map(|start| {
                    let begin_ms = sat.visits[start].at_ms;
                    let in_time =
                        |visit: &&Visited| visit.at_ms.saturating_sub(begin_ms) <= within_ms;
                    let later = sat.visits[start..].iter().take_while(in_time);
                    later.fold(0, |far, visit| {
                        far + usize::from(steps.get(far) == Some(&&*visit.component))
                    })
                })
                .max();
            reached.iter_mut().take(far.unwrap_or(0)).for_each(|sittings| *sittings += 1);
        }
        reached
    }

    fn visited(&self) -> impl Iterator<Item = &Visited> {
        self.sat.iter().flat_map(|sat| &sat.visits)
    }

    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.sat.len() as u64
    }

    #[must_use]
    pub fn users(&self) -> u64 {
        self.sat.iter().map(|sat| sat.user).collect::<BTreeSet<_>>().len() as u64
    }

    /// Sessions with one visit.
    #[must_use]
    pub fn bounces(&self) -> u64 {
        self.sat.iter().filter(|sat| sat.visits.len() == 1).count() as u64
    }

    #[must_use]
    pub fn errors(&self) -> u64 {
        self.visited().map(|visited| visited.errors.len() as u64).sum()
    }

    /// Visits by component.
    #[must_use]
    pub fn visits(&self) -> BTreeMap<&str, u64> {
        tally(self.visited().map(|visited| &*visited.component))
    }

    /// How long each visit to a component could be seen.
    #[must_use]
    pub fn times_ms(&self) -> BTreeMap<&str, Vec<u64>> {
        let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for visited in self.visited() {
            times.entry(&visited.component).or_default().push(visited.visible_ms);
        }
        times
    }

    /// From where to where, with the way in and the way out.
    #[must_use]
    pub fn transitions(&self) -> BTreeMap<(&str, &str), u64> {
        tally(self.sat.iter().flat_map(|sat| {
            let way = sat.visits.iter().map(|visited| &*visited.component);
            let from = std::iter::once(tracking::event::ENTRY).chain(way.clone());
            from.zip(way.chain(std::iter::once(tracking::event::EXIT)))
        }))
    }

    /// Sessions by the component they begin with.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<&str, u64> {
        tally(self.sat.iter().filter_map(|sat| Some(&*sat.visits.first()?.component)))
    }

    /// Sessions by the component they end with.
    #[must_use]
    pub fn exits(&self) -> BTreeMap<&str, u64> {
        tally(self.sat.iter().filter_map(|sat| Some(&*sat.visits.last()?.component)))
    }

    /// By component.
    #[must_use]
    pub fn errors_by_component(&self) -> BTreeMap<&str, u64> {
        tally(self.visited().flat_map(|visited| visited.errors.iter().map(|_| &*visited.component)))
    }

    /// How long each session took from its first to its last moment.
    #[must_use]
    pub fn lengths_ms(&self) -> Vec<u64> {
        self.sat.iter().map(|sat| sat.end_ms - sat.start_ms).collect()
    }
}

fn tally<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}
