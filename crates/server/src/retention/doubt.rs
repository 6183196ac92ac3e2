//! Whether the clock of this machine can be right. One that jumps (an empty battery, a wrong date at boot) would make
//! every event too old at once; so a jump is not acted on before it is confirmed: by clocks of pages on other
//! machines, or by hours of running with it.

/// What is no jump: a machine that was off for a day.
const LEAP_MS: u64 = 24 * 60 * 60 * 1_000;
/// Running for so long with a clock confirms it.
const CONFIRMED_MS: u64 = 6 * 60 * 60 * 1_000;
/// So many pages of other machines do.
const WITNESSES: u64 = 3;

/// What is kept from one look to the next, over restarts too.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Believed {
    /// The time, as far as that is sure.
    pub now_ms: u64,
    /// How long the server has run with a clock that jumped.
    pub waited_ms: u64,
}

/// How many pushes came from pages whose clock is ours, and from others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Witnesses {
    pub agree: u64,
    pub differ: u64,
}

impl Witnesses {
    fn confirm(self) -> bool {
        self.agree >= WITNESSES && self.agree > self.differ.saturating_mul(3)
    }

    fn contradict(self) -> bool {
        self.differ >= WITNESSES && self.differ > self.agree
    }
}

/// A look at the clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Look {
    pub believed: Believed,
    /// What is older than a bound is so by both clocks, the one that is believed and the one that is there.
    pub now_ms: u64,
    /// By how much the clock has jumped, ahead or (negative) back; none if it can be right.
    pub doubt_ms: Option<i64>,
}

/// `passed_ms` is what went by since `before`, measured and not read from a clock; after a start that is not known, so 0.
pub fn look(before: Believed, clock_ms: u64, passed_ms: u64, witnesses: Witnesses) -> Look {
    let expected_ms = before.now_ms.saturating_add(passed_ms);
    let waited_ms = before.waited_ms.saturating_add(passed_ms);
    let is_confirmed =
        witnesses.confirm() || (waited_ms >= CONFIRMED_MS && !witnesses.contradict());
    if clock_ms.abs_diff(expected_ms) <= LEAP_MS || is_confirmed {
        let believed = Believed { now_ms: clock_ms, waited_ms: 0 };
        return Look { believed, now_ms: clock_ms, doubt_ms: None };
    }
    let doubt = i128::from(clock_ms) - i128::from(expected_ms);
    Look {
        believed: Believed { now_ms: expected_ms, waited_ms },
        now_ms: clock_ms.min(expected_ms),
        doubt_ms: Some(i64::try_from(doubt).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 60 * 60 * 1_000;
    const DAY: u64 = 24 * HOUR;
    const NOW: u64 = 20_000 * DAY;
    const NOBODY: Witnesses = Witnesses { agree: 0, differ: 0 };

    fn believed(now_ms: u64, waited_ms: u64) -> Believed {
        Believed { now_ms, waited_ms }
    }

    #[test]
    fn a_clock_that_goes_on_is_believed() {
        for (clock, passed) in
            [(NOW, 0), (NOW + 10 * 60_000, 10 * 60_000), (NOW + DAY, 0), (NOW - DAY, 0)]
        {
            let look = look(believed(NOW, 5), clock, passed, NOBODY);
            assert_eq!(look, Look { believed: believed(clock, 0), now_ms: clock, doubt_ms: None });
        }
    }

    #[test]
    fn a_jump_is_not_acted_on_until_it_is_confirmed() {
        for days in [2, 8, 40, 366, 20_000] {
            let (ahead, back) = (NOW + days * DAY, NOW.saturating_sub(days * DAY));
            let look_at = |clock, passed, before| look(before, clock, passed, NOBODY);
            let first = look_at(ahead, 0, believed(NOW, 0));
            assert_eq!((first.now_ms, first.believed), (NOW, believed(NOW, 0)), "{days}");
            assert!(first.doubt_ms.is_some_and(|ms| ms > 0));
            // Time goes by all the same, and a restart takes nothing of it away.
            let later = look_at(ahead + 5 * HOUR, 5 * HOUR, first.believed);
            assert_eq!((later.now_ms, later.believed.waited_ms), (NOW + 5 * HOUR, 5 * HOUR));
            let again = look_at(ahead + 20 * HOUR, 0, later.believed);
            assert_eq!(again.now_ms, NOW + 5 * HOUR);
            let last = look_at(ahead + 21 * HOUR, HOUR, again.believed);
            assert_eq!((last.now_ms, last.doubt_ms), (ahead + 21 * HOUR, None));
            // Back: nothing is older by such a clock, and it is not sure what bears a future date.
            let first = look_at(back, 0, believed(NOW, 0));
            assert_eq!((first.now_ms, first.believed), (back, believed(NOW, 0)), "{days}");
            assert!(first.doubt_ms.is_some_and(|ms| ms < 0));
        }
    }

    #[test]
    fn pages_of_other_machines_confirm_it_or_not() {
        let jumped = |waited, agree, differ| {
            look(believed(NOW, waited), NOW + 40 * DAY, 0, Witnesses { agree, differ }).doubt_ms
        };
        assert!(jumped(0, 2, 0).is_some());
        assert!(jumped(0, 3, 0).is_none());
        assert!(jumped(0, 3, 1).is_some());
        assert!(jumped(0, 30, 1).is_none());
        assert!(jumped(100 * HOUR, 2, 5).is_some(), "they say that it is wrong");
        assert!(jumped(100 * HOUR, 2, 2).is_none());
    }
}
