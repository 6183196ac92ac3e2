//! From the address to the instants that are asked about. Pure.

use insights::Range;

use super::query::Query;
use crate::charts::calendar::{self, Offset};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Key in the address, name, and how far back.
pub const RANGES: [(&str, &str, u64); 5] = [
    ("1h", "Last hour", HOUR_MS),
    ("24h", "24 hours", DAY_MS),
    ("7d", "7 days", 7 * DAY_MS),
    ("30d", "30 days", 30 * DAY_MS),
    ("custom", "Custom", 7 * DAY_MS),
];
pub const DEFAULT_RANGE: &str = "24h";

/// The range's key; of an unknown one the default.
#[must_use]
pub fn key(query: &Query) -> &'static str {
    let asked = query.range.as_deref();
    let known = RANGES.iter().find(|(key, ..)| Some(*key) == asked);
    known.map_or(DEFAULT_RANGE, |(key, ..)| key)
}

/// Custom days are whole ones, from the first instant of the first to the first instant after the last.
#[must_use]
pub fn range(query: &Query, now_ms: u64, offset: Offset<'_>) -> Range {
    let key = key(query);
    let back = RANGES.iter().find(|(known, ..)| *known == key).map_or(DAY_MS, |(.., back)| *back);
    if key != "custom" {
        return Range::new(now_ms.saturating_sub(back), now_ms);
    }
    let day = |date: &Option<String>| calendar::day_range(date.as_deref()?, offset);
    let (from_ms, to_ms) = match (day(&query.from), day(&query.to)) {
        (None, None) => (now_ms.saturating_sub(back), now_ms),
        (Some((from_ms, _)), None) => (from_ms, now_ms.max(from_ms)),
        (None, Some((_, to_ms))) => (to_ms.saturating_sub(back), to_ms),
        // Nothing where the last day lies before the first.
        (Some((from_ms, _)), Some((_, to_ms))) => (from_ms.min(to_ms), to_ms),
    };
    Range::new(from_ms, to_ms)
}

/// The question in a time that holds all from `first_ms` to `last_ms`: its own range where that does, else those
/// days. So what a link leads to is there whenever it was.
#[must_use]
pub fn holding(
    query: Query,
    first_ms: u64,
    last_ms: u64,
    now_ms: u64,
    offset: Offset<'_>,
) -> Query {
    let asked = range(&query, now_ms, offset);
    if asked.from_ms <= first_ms && last_ms <= asked.to_ms {
        return query;
    }
    let date = |at_ms: u64| calendar::date(at_ms, offset);
    let query = query.with("range", "custom").with("from", &date(first_ms));
    query.with("to", &date(last_ms))
}

/// Where the columns of a timeline of `range` begin: at least one.
#[must_use]
pub fn starts(range: Range, offset: Offset<'_>) -> Vec<u64> {
    let column = calendar::column(range.to_ms.saturating_sub(range.from_ms));
    let starts = calendar::starts(range.from_ms, range.to_ms, column, offset);
    if starts.is_empty() { vec![range.from_ms] } else { starts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_the_time_of_what_it_leads_to() {
        const NOW: u64 = 1_790_000_000_000;
        let utc = |_: u64| 0;
        let asked = |range: &str| Query::default().with("range", range).with("component", "a");
        let week_ago = NOW - 7 * DAY_MS;
        for (query, first_ms, last_ms, from) in [
            (asked("30d"), week_ago, week_ago + HOUR_MS, None),
            (asked("24h"), NOW - HOUR_MS, NOW, None),
            (Query::default(), week_ago, week_ago + HOUR_MS, Some("2026-09-14")),
            (asked("24h"), week_ago, NOW, Some("2026-09-14")),
            (asked("1h"), NOW - 2 * HOUR_MS, NOW, Some("2026-09-21")),
            (custom("2026-01-01", "2026-01-02"), week_ago, week_ago, Some("2026-09-14")),
        ] {
            let held = holding(query.clone(), first_ms, last_ms, NOW, &utc);
            assert_eq!(held.component, query.component);
            let range = range(&held, NOW, &utc);
            assert!(range.from_ms <= first_ms && last_ms <= range.to_ms, "{held:?}");
            match from {
                None => assert_eq!(held, query),
                Some(from) => assert_eq!(held.from.as_deref(), Some(from)),
            }
        }
    }

    fn custom(from: &str, to: &str) -> Query {
        Query::default().with("range", "custom").with("from", from).with("to", to)
    }

    #[test]
    fn a_custom_day_is_asked_from_its_first_instant_to_that_of_the_next() {
        let santiago =
            |at: u64| if at < 1_788_667_200_000 { -4 * 3_600_000 } else { -3 * 3_600_000 };
        let azores = |at: u64| if at < 1_774_746_000_000 { -3_600_000 } else { 0 };
        let apia = |at: u64| if at < 1_325_239_200_000 { -36_000_000 } else { 50_400_000 };
        for (from, to, offset, wanted) in [
            (
                "2026-09-06",
                "2026-09-06",
                &santiago as Offset<'_>,
                (1_788_667_200_000, 1_788_750_000_000),
            ),
            ("2026-09-05", "2026-09-06", &santiago, (1_788_580_800_000, 1_788_750_000_000)),
            ("2026-09-06", "2026-09-05", &santiago, (1_788_667_200_000, 1_788_667_200_000)),
            ("2026-03-29", "2026-03-29", &azores, (1_774_746_000_000, 1_774_828_800_000)),
            ("", "2026-03-29", &azores, (1_774_828_800_000 - 7 * DAY_MS, 1_774_828_800_000)),
            ("2026-09-06", "", &santiago, (1_788_667_200_000, 1_790_000_000_000)),
            // A day that was skipped holds nothing.
            ("2011-12-30", "2011-12-30", &apia, (1_325_239_200_000, 1_325_239_200_000)),
        ] {
            let Range { from_ms, to_ms } = range(&custom(from, to), 1_790_000_000_000, offset);
            assert_eq!((from_ms, to_ms), wanted, "{from} to {to}");
            assert!(!starts(Range { from_ms, to_ms }, offset).is_empty());
        }
    }

    #[test]
    fn other_ranges_end_now() {
        let now_ms = 1_790_000_000_000;
        let of = |text: &str| range(&Query::parse(text), now_ms, &|_| 0);
        assert_eq!(of("range=1h"), Range::new(now_ms - HOUR_MS, now_ms));
        assert_eq!(of(""), Range::new(now_ms - DAY_MS, now_ms));
        assert_eq!(of("range=abc"), Range::new(now_ms - DAY_MS, now_ms));
    }
}
