//! When to look: no longer at once than Loki allows, and nowhere where it can have nothing.

use insights::Range;

use crate::answers::{Question, Subject};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Loki refuses more in one query than 30 days and an hour.
const LONGEST_MS: u64 = 30 * DAY_MS;

/// The stretches of time that `question` is about, the first first, for a Loki that keeps events for
/// `keeps_days`.
pub fn stretches(question: &Question, keeps_days: u64, now_ms: u64) -> Vec<Range> {
    let kept = Range::new(
        now_ms.saturating_sub(keeps_days.saturating_mul(DAY_MS)),
        // No clock that we believe is so far ahead.
        now_ms.saturating_add(DAY_MS),
    );
    let mut within = both(question.range, kept);
    // Its id tells when a session began, and it ends after some hours.
    if let Subject::Session { id } = &question.subject
        && let Some(began_ms) = began_ms(id).filter(|began_ms| kept.contains(*began_ms))
    {
        within = both(within, Range::new(began_ms.saturating_sub(DAY_MS), began_ms + 2 * DAY_MS));
    }
    let mut stretches = Vec::new();
    while within.from_ms < within.to_ms {
        let end_ms = within.to_ms.min(within.from_ms + LONGEST_MS);
        stretches.push(Range::new(within.from_ms, end_ms));
        within.from_ms = end_ms;
    }
    stretches
}

fn both(a: Range, b: Range) -> Range {
    Range::new(a.from_ms.max(b.from_ms), a.to_ms.min(b.to_ms))
}

fn began_ms(session_id: &str) -> Option<u64> {
    session_id.strip_prefix("session_")?.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use insights::Filter;

    use super::*;

    const NOW_MS: u64 = 1_764_000_000_000;

    fn of(subject: Subject, from_ms: u64, to_ms: u64) -> Vec<Range> {
        let range = Range::new(from_ms, to_ms);
        stretches(&Question { subject, range, filter: Filter::default() }, 100, NOW_MS)
    }

    #[test]
    fn a_long_range_is_asked_for_in_stretches_that_touch() {
        let all = of(Subject::Visits { known: Vec::new() }, NOW_MS - 65 * DAY_MS, NOW_MS);
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].from_ms, all[2].to_ms), (NOW_MS - 65 * DAY_MS, NOW_MS));
        assert!(all.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "{all:?}");
        assert_eq!(of(Subject::Visits { known: Vec::new() }, NOW_MS, NOW_MS), []);
    }

    #[test]
    fn nobody_looks_where_loki_has_nothing() {
        let ever = of(Subject::Visits { known: Vec::new() }, 0, u64::MAX);
        assert_eq!(ever.first().unwrap().from_ms, NOW_MS - 100 * DAY_MS);
        assert_eq!(ever.last().unwrap().to_ms, NOW_MS + DAY_MS);
        assert_eq!(of(Subject::Visits { known: Vec::new() }, 0, 1_000), []);
    }

    #[test]
    fn a_session_is_looked_for_around_its_beginning() {
        let began_ms = NOW_MS - 50 * DAY_MS;
        let session = |ms: u64| Subject::Session { id: format!("session_{ms}_0001") };
        let around = Range::new(began_ms - DAY_MS, began_ms + 2 * DAY_MS);
        assert_eq!(of(session(began_ms), 0, u64::MAX), [around]);
        assert_eq!(of(session(began_ms), began_ms, u64::MAX)[0].from_ms, began_ms);
        // One that tells no time is looked for everywhere.
        assert_eq!(of(session(1), 0, u64::MAX).len(), 4);
    }
}
