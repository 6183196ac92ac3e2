//! What is shown when. Pure: it is told the time, on any clock that only rises.

use std::rc::Rc;

use insights::{Kind, Range, Story};

/// As often as in life.
pub const SPEEDS: [u64; 3] = [1, 4, 16];
/// Each component stays this long at least, whatever the speed: else nobody sees it.
const LEAST_MS: u64 = 600;

/// A session without the time in which nobody looked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    pub session: Rc<str>,
    steps: Vec<Step>,
    length_ms: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Step {
    at_ms: u64,
    component: Rc<str>,
    name: Rc<str>,
    /// What happened then, in order.
    moments: Vec<(u64, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Start(Rc<Plan>, u64),
    Tick(u64),
    /// At the end: once more.
    Play(u64),
    Pause(u64),
    Speed(u64, u64),
    Stop,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    pub plan: Rc<Plan>,
    pub speed: u64,
    /// Components that would not be open without it.
    pub opened: Vec<Rc<str>>,
    step: usize,
    position_ms: u64,
    /// When `position_ms` was right; none while it pauses.
    since: Option<u64>,
    /// How long the step has been shown, up to `since`.
    shown_ms: u64,
}

impl Plan {
    /// None when there is nothing to show.
    #[must_use]
    pub fn new(story: &Story) -> Option<Self> {
        let seen = seen(story);
        let at = |at_ms: u64| {
            seen.iter().map(|part| at_ms.clamp(part.from_ms, part.to_ms) - part.from_ms).sum()
        };
        let step = |visit: &insights::Visit| Step {
            at_ms: at(visit.start_ms),
            component: visit.component.as_str().into(),
            name: visit.name.as_str().into(),
            moments: visit
                .moments
                .iter()
                .filter(|moment| moment.kind != Kind::Load)
                .map(|moment| (at(moment.at_ms), moment.text.clone()))
                .collect(),
        };
        let steps: Vec<Step> = story.visits.iter().map(step).collect();
        let session = story.session_id.as_str().into();
        (!steps.is_empty()).then(|| Self { session, steps, length_ms: at(u64::MAX) })
    }
}

/// The stretches in which something could be seen, in order and apart from each other.
fn seen(story: &Story) -> Vec<Range> {
    let mut parts = Vec::new();
    for visit in &story.visits {
        let mut from_ms = visit.start_ms;
        for hidden in &visit.hidden {
            parts.push(Range::new(from_ms, hidden.from_ms.max(from_ms)));
            from_ms = hidden.to_ms.max(from_ms);
        }
        parts.push(Range::new(from_ms, visit.end_ms.max(from_ms)));
    }
    parts.sort_unstable_by_key(|part| part.from_ms);
    let mut apart: Vec<Range> = Vec::new();
    for part in parts {
        match apart.last_mut().filter(|last| part.from_ms <= last.to_ms) {
            Some(last) => last.to_ms = last.to_ms.max(part.to_ms),
            None => apart.push(part),
        }
    }
    apart
}

impl Replay {
    fn new(plan: Rc<Plan>, now_ms: u64) -> Self {
        Self {
            plan,
            speed: SPEEDS[0],
            opened: Vec::new(),
            step: 0,
            position_ms: 0,
            since: Some(now_ms),
            shown_ms: 0,
        }
    }

    #[must_use]
    pub fn after(replay: Option<Self>, command: &Command) -> Option<Self> {
        if let Command::Start(plan, now_ms) = command {
            return Some(Self::new(plan.clone(), *now_ms));
        }
        let mut replay = replay?;
        match command {
            Command::Start(..) | Command::Stop => return None,
            Command::Tick(now_ms) => replay.go_on(*now_ms),
            Command::Pause(now_ms) => {
                replay.go_on(*now_ms);
                replay.since = None;
            }
            Command::Speed(now_ms, speed) => {
                replay.go_on(*now_ms);
                replay.speed = if SPEEDS.contains(speed) { *speed } else { SPEEDS[0] };
            }
            Command::Play(now_ms) if replay.is_over() => {
                let Self { plan, speed, opened, .. } = replay;
                replay = Self { speed, opened, ..Self::new(plan, *now_ms) };
            }
            Command::Play(now_ms) => replay.since = Some(*now_ms),
        }
        Some(replay)
    }

    /// One component further at most, however late it is told: none is left out.
    fn go_on(&mut self, now_ms: u64) {
        let Some(since) = self.since else { return };
        let elapsed_ms = now_ms.saturating_sub(since);
        self.since = Some(since.max(now_ms));
        self.shown_ms = self.shown_ms.saturating_add(elapsed_ms);
        let end_ms = self.step_ends_ms();
        let ahead_ms = elapsed_ms.saturating_mul(self.speed);
        self.position_ms = self.position_ms.saturating_add(ahead_ms).min(end_ms);
        if self.position_ms < end_ms || self.shown_ms < LEAST_MS {
            return;
        }
        if self.step + 1 < self.plan.steps.len() {
            self.step += 1;
            self.shown_ms = 0;
        } else {
            self.since = None;
        }
    }

    fn step_ends_ms(&self) -> u64 {
        self.plan.steps.get(self.step + 1).map_or(self.plan.length_ms, |next| next.at_ms)
    }

    /// When to be told the time next; none while nothing changes.
    #[must_use]
    pub fn due_in_ms(&self, now_ms: u64) -> Option<u64> {
        let elapsed_ms = now_ms.saturating_sub(self.since?);
        let left_ms = self.step_ends_ms().saturating_sub(self.position_ms).div_ceil(self.speed);
        Some(left_ms.max(LEAST_MS.saturating_sub(self.shown_ms)).saturating_sub(elapsed_ms))
    }

    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.since.is_some()
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        !self.is_playing()
            && self.step + 1 == self.plan.steps.len()
            && self.position_ms == self.plan.length_ms
            && self.shown_ms >= LEAST_MS
    }

    fn current(&self) -> Option<&Step> {
        self.plan.steps.get(self.step)
    }

    #[must_use]
    pub fn component(&self) -> Option<&Rc<str>> {
        self.current().map(|step| &step.component)
    }

    /// As it was called then.
    #[must_use]
    pub fn name(&self) -> Rc<str> {
        self.current().map(|step| step.name.clone()).unwrap_or_default()
    }

    /// What happened last in this visit.
    #[must_use]
    pub fn moment(&self) -> Option<&str> {
        let moments = &self.current()?.moments;
        let so_far = moments.iter().rfind(|(at_ms, _)| *at_ms <= self.position_ms);
        so_far.map(|(_, text)| text.as_str())
    }

    /// Visits shown so far, this one included, and all; milliseconds shown so far, and all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize, u64, u64) {
        (self.step + 1, self.plan.steps.len(), self.position_ms, self.plan.length_ms)
    }
}

#[cfg(test)]
mod tests {
    use insights::{Moment, Visit};

    use super::*;

    fn visit(component: &str, start_ms: u64, end_ms: u64, hidden: &[(u64, u64)]) -> Visit {
        Visit {
            component: component.into(),
            name: component.to_uppercase(),
            start_ms,
            end_ms,
            stay_ms: 0,
            hidden: hidden.iter().map(|&(from_ms, to_ms)| Range { from_ms, to_ms }).collect(),
            moments: Vec::new(),
        }
    }

    /// a for 10 s, of which 4 s hidden; nobody there for 1 h; b for 8 s; a at once left; c for 2 s.
    fn plan() -> Rc<Plan> {
        let mut b = visit("b", 3_610_000, 3_618_000, &[]);
        let kinds = [(Kind::Load, "loaded"), (Kind::Interaction, "clicked"), (Kind::Error, "oops")];
        for (n, (kind, text)) in (1_u64..).zip(kinds) {
            let at_ms = 3_610_000 + n * 1_000;
            b.moments.push(Moment { at_ms, kind, text: text.into(), load_time_ms: None });
        }
        let visits = vec![
            visit("a", 0, 10_000, &[(3_000, 7_000)]),
            b,
            visit("a", 3_618_000, 3_618_000, &[]),
            visit("c", 3_618_000, 3_620_000, &[]),
        ];
        let story = Story {
            session_id: "session_0_0000".into(),
            user_id: String::new(),
            started_ms: 0,
            ended_ms: 3_620_000,
            visits,
            other: Vec::new(),
            cut: false,
        };
        Rc::new(Plan::new(&story).unwrap())
    }

    fn after(commands: &[Command]) -> Option<Replay> {
        commands.iter().fold(None, Replay::after)
    }

    fn told(replay: &Replay) -> (&str, u64) {
        (replay.component().map_or("", |hash| hash), replay.progress().2)
    }

    #[test]
    fn what_nobody_looked_at_is_left_out() {
        let replay = after(&[Command::Start(plan(), 0)]).unwrap();
        assert_eq!(replay.progress(), (1, 4, 0, 16_000));
        assert_eq!(replay.due_in_ms(0), Some(6_000));
    }

    #[test]
    fn it_goes_as_fast_as_it_is_told_and_stands_still_while_it_pauses() {
        let start = || Command::Start(plan(), 100);
        for (commands, expected) in [
            (vec![Command::Tick(2_100)], ("a", 2_000)),
            (vec![Command::Tick(6_100)], ("b", 6_000)),
            (vec![Command::Speed(100, 4), Command::Tick(1_100)], ("a", 4_000)),
            (vec![Command::Speed(1_100, 16), Command::Tick(1_200)], ("a", 2_600)),
            (vec![Command::Speed(1_100, 7), Command::Tick(1_200)], ("a", 1_100)),
            (vec![Command::Pause(1_100), Command::Tick(9_000)], ("a", 1_000)),
            (vec![Command::Pause(1_100), Command::Play(9_000), Command::Tick(9_500)], ("a", 1_500)),
            // A clock that jumps back is no reason to.
            (vec![Command::Tick(2_100), Command::Tick(50)], ("a", 2_000)),
        ] {
            let commands: Vec<_> = [start()].into_iter().chain(commands).collect();
            assert_eq!(told(&after(&commands).unwrap()), expected, "{commands:?}");
        }
    }

    #[test]
    fn no_component_is_left_out_however_late_it_is_told() {
        let mut replay = after(&[Command::Start(plan(), 0), Command::Speed(0, 16)]);
        let mut seen = vec!["a".to_owned()];
        let mut now_ms = 0;
        while let Some(due_ms) = replay.as_ref().and_then(|replay| replay.due_in_ms(now_ms)) {
            assert!(due_ms <= LEAST_MS, "{due_ms}");
            now_ms += due_ms + 60_000;
            let step = replay.as_ref().map(|replay| replay.step);
            replay = Replay::after(replay, &Command::Tick(now_ms));
            let now = replay.as_ref().unwrap();
            if Some(now.step) != step {
                seen.push(now.component().unwrap().to_string());
            }
        }
        assert_eq!(seen, ["a", "b", "a", "c"]);
        let replay = replay.unwrap();
        assert!(replay.is_over());
        assert_eq!(replay.progress(), (4, 4, 16_000, 16_000));
        let again = Replay::after(Some(replay), &Command::Play(now_ms)).unwrap();
        assert_eq!((told(&again), again.speed), (("a", 0), 16));
    }

    #[test]
    fn each_component_is_seen_for_a_moment() {
        let start = [Command::Start(plan(), 0), Command::Speed(0, 16)];
        let at = |now_ms| {
            let replay = after(&start);
            let replay = Replay::after(replay, &Command::Tick(now_ms)).unwrap();
            replay.progress().0
        };
        // 6 s at 16x are over after 375 ms.
        assert_eq!((at(400), at(LEAST_MS - 1), at(LEAST_MS)), (1, 1, 2));
    }

    #[test]
    fn the_latest_interaction_or_error_is_told_and_loads_are_not() {
        let moments: Vec<_> = [0, 1_500, 2_500, 3_500]
            .into_iter()
            .map(|ms| {
                let commands = [6_000, 6_000 + ms].map(Command::Tick);
                let start = after(&[Command::Start(plan(), 0)]);
                let replay = commands.iter().fold(start, Replay::after).unwrap();
                replay.moment().map(str::to_owned)
            })
            .collect();
        assert_eq!(moments, [None, None, Some("clicked".into()), Some("oops".into())]);
    }

    #[test]
    fn nothing_is_shown_of_a_session_without_visits_and_after_a_stop() {
        assert_eq!(after(&[Command::Tick(1), Command::Play(2), Command::Pause(3)]), None);
        assert_eq!(after(&[Command::Start(plan(), 0), Command::Stop]), None);
        let empty = Story {
            session_id: String::new(),
            user_id: String::new(),
            started_ms: 5,
            ended_ms: 9,
            visits: Vec::new(),
            other: Vec::new(),
            cut: false,
        };
        assert_eq!(Plan::new(&empty), None);
    }
}
