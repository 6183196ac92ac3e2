//! A plan that is played: what is shown when. Pure: it is told the time, on any clock that only rises.

use std::rc::Rc;

/// Each component stays this long at least, whatever the speed: else nobody sees it.
const LEAST_MS: u64 = 600;

/// Components one after the other, each with what happens in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// A session's id, or a journey's name.
    pub title: Rc<str>,
    /// The first is as in life.
    pub speeds: [u64; 3],
    steps: Vec<Step>,
    length_ms: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    pub at_ms: u64,
    pub component: Rc<str>,
    pub name: Rc<str>,
    /// The tab is in the background meanwhile.
    pub away: bool,
    /// What happens then, in order.
    pub moments: Vec<Moment>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moment {
    pub at_ms: u64,
    pub text: Rc<str>,
    /// JSON of the component that does it.
    pub details: Option<Rc<str>>,
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
pub struct Player {
    pub plan: Rc<Plan>,
    pub speed: u64,
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
    pub fn new(title: Rc<str>, speeds: [u64; 3], steps: Vec<Step>, length_ms: u64) -> Option<Self> {
        (!steps.is_empty()).then_some(Self { title, speeds, steps, length_ms })
    }

    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.length_ms
    }
}

impl Player {
    fn new(plan: Rc<Plan>, now_ms: u64) -> Self {
        let speed = plan.speeds[0];
        Self { plan, speed, step: 0, position_ms: 0, since: Some(now_ms), shown_ms: 0 }
    }

    #[must_use]
    pub fn after(player: Option<Self>, command: &Command) -> Option<Self> {
        if let Command::Start(plan, now_ms) = command {
            return Some(Self::new(plan.clone(), *now_ms));
        }
        let mut player = player?;
        match command {
            Command::Start(..) | Command::Stop => return None,
            Command::Tick(now_ms) => player.go_on(*now_ms),
            Command::Pause(now_ms) => {
                player.catch_up(*now_ms);
                player.halt();
            }
            Command::Speed(now_ms, speed) => {
                player.catch_up(*now_ms);
                let speeds = player.plan.speeds;
                player.speed = if speeds.contains(speed) { *speed } else { speeds[0] };
            }
            Command::Play(now_ms) if player.is_over() => {
                player = Self { speed: player.speed, ..Self::new(player.plan, *now_ms) };
            }
            Command::Play(now_ms) => player.since = Some(*now_ms),
        }
        Some(player)
    }

    /// Stands still from now on.
    pub fn halt(&mut self) {
        self.since = None;
    }

    /// Within the step.
    fn catch_up(&mut self, now_ms: u64) {
        let Some(since) = self.since else { return };
        let elapsed_ms = now_ms.saturating_sub(since);
        self.since = Some(since.max(now_ms));
        self.shown_ms = self.shown_ms.saturating_add(elapsed_ms);
        let ahead_ms = elapsed_ms.saturating_mul(self.speed);
        self.position_ms = self.position_ms.saturating_add(ahead_ms).min(self.step_ends_ms());
    }

    /// One component further at most, however late it is told: none is left out.
    fn go_on(&mut self, now_ms: u64) {
        if !self.is_playing() {
            return;
        }
        self.catch_up(now_ms);
        if self.position_ms < self.step_ends_ms() || self.shown_ms < LEAST_MS {
            return;
        }
        if self.step + 1 < self.plan.steps.len() {
            self.step += 1;
            self.shown_ms = 0;
        } else {
            self.halt();
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

    /// Whether this is what became of `earlier` without a jump back.
    #[must_use]
    pub fn continues(&self, earlier: &Self) -> bool {
        Rc::ptr_eq(&self.plan, &earlier.plan) && earlier.position_ms <= self.position_ms
    }

    /// The place of the current step among the steps.
    #[must_use]
    pub fn at(&self) -> usize {
        self.step
    }

    #[must_use]
    pub fn step(&self, at: usize) -> Option<&Step> {
        self.plan.steps.get(at)
    }

    #[must_use]
    pub fn current(&self) -> Option<&Step> {
        self.step(self.step)
    }

    #[must_use]
    pub fn component(&self) -> Option<&Rc<str>> {
        self.current().map(|step| &step.component)
    }

    /// As the plan calls it.
    #[must_use]
    pub fn name(&self) -> Rc<str> {
        self.current().map(|step| step.name.clone()).unwrap_or_default()
    }

    /// What has happened in a step so far.
    #[must_use]
    pub fn moments(&self, step: usize) -> &[Moment] {
        let Some(Step { moments, .. }) = self.step(step) else { return &[] };
        let so_far = match step.cmp(&self.step) {
            std::cmp::Ordering::Less => moments.len(),
            std::cmp::Ordering::Equal => {
                moments.partition_point(|moment| moment.at_ms <= self.position_ms)
            }
            std::cmp::Ordering::Greater => 0,
        };
        &moments[..so_far]
    }

    /// What happened last in this visit.
    #[must_use]
    pub fn moment(&self) -> Option<&str> {
        self.moments(self.step).last().map(|moment| &*moment.text)
    }

    /// Visits shown so far, this one included, and all; milliseconds shown so far, and all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize, u64, u64) {
        (self.step + 1, self.plan.steps.len(), self.position_ms, self.plan.length_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a for 6 s, b for 8 s with things happening, a at once left, c for 2 s.
    fn plan() -> Rc<Plan> {
        let step = |component: &str, at_ms, moments: &[(u64, &str)]| Step {
            at_ms,
            component: component.into(),
            name: component.to_uppercase().into(),
            away: false,
            moments: moments
                .iter()
                .map(|&(at_ms, text)| Moment { at_ms, text: text.into(), details: None })
                .collect(),
        };
        let steps = vec![
            step("a", 0, &[]),
            step("b", 6_000, &[(8_000, "clicked"), (9_000, "oops")]),
            step("a", 14_000, &[]),
            step("c", 14_000, &[]),
        ];
        Rc::new(Plan::new("p".into(), [1, 4, 16], steps, 16_000).unwrap())
    }

    fn after(commands: &[Command]) -> Option<Player> {
        commands.iter().fold(None, Player::after)
    }

    fn told(player: &Player) -> (&str, u64) {
        (player.component().map_or("", |hash| hash), player.progress().2)
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
            // The next component waits for the play to go on.
            (vec![Command::Pause(7_100), Command::Tick(9_000)], ("a", 6_000)),
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
        let mut player = after(&[Command::Start(plan(), 0), Command::Speed(0, 16)]);
        let mut seen = vec!["a".to_owned()];
        let mut now_ms = 0;
        while let Some(due_ms) = player.as_ref().and_then(|player| player.due_in_ms(now_ms)) {
            assert!(due_ms <= LEAST_MS, "{due_ms}");
            now_ms += due_ms + 60_000;
            let step = player.as_ref().map(|player| player.step);
            player = Player::after(player, &Command::Tick(now_ms));
            let now = player.as_ref().unwrap();
            if Some(now.step) != step {
                seen.push(now.component().unwrap().to_string());
            }
        }
        assert_eq!(seen, ["a", "b", "a", "c"]);
        let player = player.unwrap();
        assert!(player.is_over());
        assert_eq!(player.progress(), (4, 4, 16_000, 16_000));
        let again = Player::after(Some(player.clone()), &Command::Play(now_ms)).unwrap();
        assert_eq!((told(&again), again.speed), (("a", 0), 16));
        assert!(!again.continues(&player));
    }

    #[test]
    fn each_component_is_seen_for_a_moment() {
        let start = [Command::Start(plan(), 0), Command::Speed(0, 16)];
        let at = |now_ms| {
            let player = after(&start);
            let player = Player::after(player, &Command::Tick(now_ms)).unwrap();
            player.progress().0
        };
        // 6 s at 16x are over after 375 ms.
        assert_eq!((at(400), at(LEAST_MS - 1), at(LEAST_MS)), (1, 1, 2));
    }

    #[test]
    fn what_has_happened_is_known_of_the_present_and_of_earlier_steps() {
        let at = |ms: u64| {
            let commands = [Command::Start(plan(), 0), Command::Tick(6_000), Command::Tick(ms)];
            after(&commands).unwrap()
        };
        let moments = [6_000, 8_000, 9_500].map(|ms| at(ms).moment().map(str::to_owned));
        assert_eq!(moments, [None, Some("clicked".into()), Some("oops".into())]);
        let beyond = at(60_000);
        assert_eq!((beyond.at(), beyond.moments(1).len(), beyond.moments(3).len()), (2, 2, 0));
    }

    #[test]
    fn there_is_nothing_without_a_start_and_after_a_stop() {
        assert_eq!(after(&[Command::Tick(1), Command::Play(2), Command::Pause(3)]), None);
        assert_eq!(after(&[Command::Start(plan(), 0), Command::Stop]), None);
        assert_eq!(Plan::new("p".into(), [1, 4, 16], Vec::new(), 5), None);
    }
}
