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
