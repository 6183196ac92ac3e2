//! Time as the person's clock and calendar show it. What lies east of UTC comes in as a function, because
//! it changes twice a year.

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Milliseconds that local time is ahead of UTC at an instant.
pub type Offset<'a> = &'a dyn Fn(u64) -> i64;

/// The width of a column that gives a chart of `span_ms` some 30 of them.
#[must_use]
pub fn column_ms(span_ms: u64) -> u64 {
    let widths = [1, 2, 5, 15, 30, 60, 6 * 60, 24 * 60, 7 * 24 * 60];
    let fits = |width: &u64| span_ms.div_ceil(*width) <= 36;
    let widest = span_ms.div_ceil(36).max(1).next_multiple_of(DAY);
    widths.into_iter().map(|minutes| minutes * MINUTE).find(fits).unwrap_or(widest)
}

/// When each column begins: the first at or before `from_ms`, all before `to_ms`, on the local clock's
/// round times. A local day has 23 to 25 hours.
#[must_use]
pub fn starts(from_ms: u64, to_ms: u64, column_ms: u64, offset: Offset<'_>) -> Vec<u64> {
    let column = column_ms.max(1);
    let mut local = floor(ahead(from_ms, offset), column);
    let mut starts = Vec::new();
    let mut next = utc(local, offset).min(from_ms);
    while next < to_ms {
        if starts.last().is_none_or(|last| *last < next) {
            starts.push(next);
        }
        local = local.saturating_add(column);
        // Hours that are repeated or skipped stay hours; only longer columns follow the calendar.
        next = if column <= HOUR { next + column } else { utc(local, offset).max(next) };
    }
    starts
}

/// `14:05`.
#[must_use]
pub fn clock(at_ms: u64, offset: Offset<'_>) -> String {
    let local = ahead(at_ms, offset);
    format!("{:02}:{:02}", local % DAY / HOUR, local % HOUR / MINUTE)
}

/// `14:05:09`.
#[must_use]
pub fn second(at_ms: u64, offset: Offset<'_>) -> String {
    format!("{}:{:02}", clock(at_ms, offset), ahead(at_ms, offset) % MINUTE / 1_000)
}

/// `3 Nov`.
#[must_use]
pub fn day(at_ms: u64, offset: Offset<'_>) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day) = civil(ahead(at_ms, offset) / DAY);
    let name = usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1));
    format!("{day} {}", name.unwrap_or(&""))
}

/// `2026-11-03`, as a date field has it.
#[must_use]
pub fn date(at_ms: u64, offset: Offset<'_>) -> String {
    let (year, month, day) = civil(ahead(at_ms, offset) / DAY);
    format!("{year}-{month:02}-{day:02}")
}

/// When the local day `date` begins; `None` when it is no date.
#[must_use]
pub fn day_start(date: &str, offset: Offset<'_>) -> Option<u64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(utc(days(year, month, day)? * DAY, offset))
}

fn ahead(at_ms: u64, offset: Offset<'_>) -> u64 {
    at_ms.saturating_add_signed(offset(at_ms))
}

fn floor(value: u64, unit: u64) -> u64 {
    value - value % unit
}

/// The instant when local clocks show `local`; the later one's neighbour when they never do.
fn utc(local: u64, offset: Offset<'_>) -> u64 {
    let guess = local.saturating_add_signed(-offset(local));
    local.saturating_add_signed(-offset(guess))
}

/// Year, month and day of a count of days since 1970-01-01 (Gregorian, in eras of 400 years).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_all = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    of_all.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = 3_600_000;
    /// 2026-03-29 01:00 UTC and 2026-10-25 01:00 UTC, when Berlin changes its clocks.
    const SPRING: u64 = 1_774_746_000_000;
    const AUTUMN: u64 = 1_792_890_000_000;

    fn berlin(at: u64) -> i64 {
        if (SPRING..AUTUMN).contains(&at) { 2 * H } else { H }
    }

    #[test]
    fn days_are_as_long_as_the_calendar_says() {
        for (change, lengths) in [(SPRING, [24, 23, 24]), (AUTUMN, [24, 25, 24])] {
            let starts = starts(change - 36 * HOUR, change + 60 * HOUR, DAY, &berlin);
            let hours: Vec<u64> =
                starts.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).skip(1).take(3).collect();
            assert_eq!(hours, lengths);
            assert!(starts.iter().all(|start| clock(*start, &berlin) == "00:00"));
        }
    }

    #[test]
    fn hours_stay_hours_when_the_clock_changes() {
        for change in [SPRING, AUTUMN] {
            let starts = starts(change - 3 * HOUR, change + 3 * HOUR, HOUR, &berlin);
            assert_eq!(starts.len(), 6);
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == HOUR));
        }
    }

    #[test]
    fn half_hours_and_the_far_west_begin_at_round_local_times() {
        let india = |_: u64| 11 * H / 2;
        assert!(
            starts(SPRING, SPRING + DAY, HOUR, &india)
                .iter()
                .all(|start| clock(*start, &india).ends_with(":00"))
        );
        let samoa = |_: u64| -11 * H;
        let days = starts(SPRING, SPRING + 3 * DAY, DAY, &samoa);
        assert!(days.iter().all(|start| clock(*start, &samoa) == "00:00"), "{days:?}");
        assert!(days[0] <= SPRING && days.len() == 4);
        assert!(starts(5, 5, DAY, &samoa).is_empty());
    }

    #[test]
    fn dates_are_the_gregorian_ones() {
        let utc = |_: u64| 0;
        for (at, text, short) in [
            (0, "1970-01-01", "1 Jan"),
            (951_782_400_000, "2000-02-29", "29 Feb"),
            (4_107_542_400_000, "2100-03-01", "1 Mar"),
            (1_764_000_000_123, "2025-11-24", "24 Nov"),
        ] {
            assert_eq!((date(at, &utc).as_str(), day(at, &utc).as_str()), (text, short));
            assert_eq!(day_start(text, &utc), Some(floor(at, DAY)));
        }
        assert_eq!(
            day_start("2026-10-25", &berlin).map(|at| clock(at, &berlin)),
            Some("00:00".into())
        );
        for bad in ["", "2026-13-01", "2026-1", "x-y-z", "1969-01-01"] {
            assert_eq!(day_start(bad, &utc), None, "{bad}");
        }
    }

    #[test]
    fn a_chart_has_a_handful_of_columns() {
        for span in [1, HOUR, DAY, 7 * DAY, 30 * DAY, 400 * DAY, 40_000 * DAY] {
            let columns = span.div_ceil(column_ms(span));
            assert!(columns <= 36, "{span}: {columns}");
        }
        assert_eq!(column_ms(30 * DAY), DAY);
    }
}
