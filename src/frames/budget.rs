//! How much one sender may say: what comes beyond is counted and left out, before anybody looks at it.

/// A person is never this quick. A component that says what it does from time to time has its turn; one that
/// loops does not take the page, nor the others' places in the queue.
const AT_ONCE: u64 = 200;
/// And from then on one message in this time: 20 a second.
const EVERY_MS: u64 = 50;
/// A flood is over when nothing was left out for so long ...
const QUIET_MS: u64 = 2_000;
/// ... and one that does not end is told this often.
const TELL_EVERY_MS: u64 = 60_000;

/// A token for each message. Full at the start.
#[derive(Debug)]
pub struct Budget {
    tokens: u64,
    refilled_ms: u64,
    left_out: u64,
    first_ms: u64,
    latest_ms: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { tokens: AT_ONCE, refilled_ms: 0, left_out: 0, first_ms: 0, latest_ms: 0 }
    }
}

impl Budget {
    /// Whether a message that comes now is listened to.
    pub fn admit(&mut self, now_ms: u64) -> bool {
        let back = now_ms.saturating_sub(self.refilled_ms) / EVERY_MS;
        if back > 0 {
            self.tokens = (self.tokens + back).min(AT_ONCE);
            self.refilled_ms += back * EVERY_MS;
        }
        if let Some(left) = self.tokens.checked_sub(1) {
            self.tokens = left;
            return true;
        }
        if self.left_out == 0 {
            self.first_ms = now_ms;
        }
        self.left_out += 1;
        self.latest_ms = now_ms;
        false
    }

    /// How many were left out, when it is time to tell: the flood is over, or goes on for long.
    pub fn due(&mut self, now_ms: u64) -> Option<u64> {
        let is_over = now_ms.saturating_sub(self.latest_ms) >= QUIET_MS;
        let is_long = now_ms.saturating_sub(self.first_ms) >= TELL_EVERY_MS;
        if is_over || is_long { self.take() } else { None }
    }

    /// How many were left out and not told yet; none when there are none.
    pub fn take(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.left_out)).filter(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages that are listened to of one each `step_ms`.
    fn heard(budget: &mut Budget, from_ms: u64, to_ms: u64, step_ms: usize) -> usize {
        (from_ms..to_ms).step_by(step_ms).filter(|ms| budget.admit(*ms)).count()
    }

    #[test]
    fn a_flood_is_cut_and_told_once_when_it_is_over() {
        let mut budget = Budget::default();
        let admitted = (0..100_000).filter(|n| budget.admit(n / 100)).count() as u64;
        assert_eq!(admitted, 200 + 19);
        assert_eq!(budget.due(1_500), None, "it may go on");
        assert_eq!(budget.due(3_000), Some(100_000 - admitted));
        assert_eq!((budget.due(9_000), budget.take()), (None, None));
    }

    #[test]
    fn one_that_does_not_end_is_told_once_a_minute() {
        let mut budget = Budget::default();
        let mut told = Vec::new();
        for ms in 0..180_000 {
            budget.admit(ms);
            if ms % 1_000 == 0 {
                told.extend(budget.due(ms).map(|_| ms / 1_000));
            }
        }
        assert_eq!(told.len(), 2, "{told:?}");
    }

    #[test]
    fn who_speaks_as_people_act_is_always_heard() {
        let mut budget = Budget::default();
        assert_eq!(heard(&mut budget, 0, 60_000, 50), 1_200);
        // As fast as a screen is drawn, for three seconds.
        assert_eq!(heard(&mut budget, 90_000, 93_000, 16), 188);
        assert_eq!(budget.take(), None);
    }
}
