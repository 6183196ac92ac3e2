//! Time as the person's clock and calendar show it. The offset from UTC comes in as a function of the
//! instant. Days have 23 to 25 hours, some begin at one o'clock, and a zone may skip a whole day.

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Milliseconds that local time is ahead of UTC at an instant.
pub type Offset<'a> = &'a dyn Fn(u64) -> i64;

/// What one column of a chart stands for. Minutes divide an hour, or are whole hours that divide a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Column {
    Minutes(u64),
    Days(u64),
    Months(u64),
}

use Column::{Days, Minutes, Months};

const COLUMNS: [Column; 11] = [
    Minutes(1),
    Minutes(2),
    Minutes(5),
    Minutes(15),
    Minutes(30),
    Minutes(60),
    Minutes(6 * 60),
    Days(1),
    Days(7),
    Months(1),
    Months(12),
];
/// A chart has about this many columns at most.
const MOST: u64 = 36;

impl Column {
    fn about_ms(self) -> u64 {
        match self {
            Minutes(count) => count * MINUTE,
            Days(count) => count * DAY,
            Months(count) => count * 30 * DAY,
        }
    }
}

/// The column that gives a chart of `span_ms` some 30 of them.
#[must_use]
pub fn column(span_ms: u64) -> Column {
    let fits = |column: &Column| span_ms.div_ceil(column.about_ms()) <= MOST;
    let years = span_ms.div_ceil(MOST * 360 * DAY);
    COLUMNS.into_iter().find(fits).unwrap_or(Months(12 * years))
}

/// When each column begins: the first at or before `from_ms`, all before `to_ms`. Each begins at a round
/// time of the local clock, or where the clock jumps over it.
#[must_use]
pub fn starts(from_ms: u64, to_ms: u64, column: Column, offset: Offset<'_>) -> Vec<u64> {
    let mut starts = Vec::new();
    let mut start = column_start(from_ms, column, offset);
    while start < to_ms {
        let end = column_end(start, column, offset);
        if end > from_ms && from_ms < to_ms {
            starts.push(start);
        }
        start = end;
    }
    starts
}

/// When the column that begins at `start_ms` ends.
#[must_use]
pub fn column_end(start_ms: u64, column: Column, offset: Offset<'_>) -> u64 {
    let local = ahead(start_ms, offset);
    let end = match column {
        Minutes(count @ ..=60) => minutes_end(start_ms, count * MINUTE, offset),
        Minutes(count) => first(floor(local, count * MINUTE) + count * MINUTE, offset),
        Days(count) => first((day_of_column(local, count) + count) * DAY, offset),
        Months(count) => {
            let month = month_of_column(local, count) + count;
            first(month_start(month), offset)
        }
    };
    end.max(start_ms + 1)
}

fn column_start(at_ms: u64, column: Column, offset: Offset<'_>) -> u64 {
    let local = ahead(at_ms, offset);
    match column {
        Minutes(count @ ..=60) => {
            let round = at_ms - (local % (count * MINUTE)).min(at_ms);
            if offset(round) == offset(at_ms) { round } else { change(round, at_ms, offset) }
        }
        Minutes(count) => first(floor(local, count * MINUTE), offset),
        Days(count) => first(day_of_column(local, count) * DAY, offset),
        Months(count) => first(month_start(month_of_column(local, count)), offset),
    }
}

/// An hour that the clock repeats is two columns; where it jumps into the middle of another column, that
/// one begins there.
fn minutes_end(start_ms: u64, width: u64, offset: Offset<'_>) -> u64 {
    let next = |at_ms: u64| at_ms + width - ahead(at_ms, offset) % width;
    let end = next(start_ms);
    if offset(end) == offset(start_ms) {
        return end;
    }
    let change = change(start_ms, end, offset);
    let (before, after) = (ahead(change - 1, offset), ahead(change, offset));
    let is_round = after.is_multiple_of(width);
    if is_round || floor(after, width) > floor(before, width) { change } else { next(change) }
}

/// Weeks begin on Monday: 1970-01-01 was a Thursday.
fn day_of_column(local: u64, count: u64) -> u64 {
    let shift = if count == 7 { 3 } else { 0 };
    floor(local / DAY + shift, count).saturating_sub(shift)
}

/// Months since 1970-01.
fn month_of_column(local: u64, count: u64) -> u64 {
    let (year, month, _) = civil(local / DAY);
    floor((year - 1970) * 12 + month - 1, count)
}

/// In local time.
fn month_start(month: u64) -> u64 {
    days(1970 + month / 12, month % 12 + 1, 1).unwrap_or(0) * DAY
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

/// `Nov 2026`.
#[must_use]
pub fn month(at_ms: u64, offset: Offset<'_>) -> String {
    let (year, ..) = civil(ahead(at_ms, offset) / DAY);
    let day = day(at_ms, offset);
    let name = day.split_once(' ').map_or("", |(_, name)| name);
    format!("{name} {year}")
}

/// `2026-09-06T01:00:00-03:00`.
#[must_use]
pub fn iso(at_ms: u64, offset: Offset<'_>) -> String {
    let minutes = offset(at_ms) / 60_000;
    let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs());
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let (date, time) = (date(at_ms, offset), second(at_ms, offset));
    format!("{date}T{time}{sign}{hours:02}:{minutes:02}")
}

/// The local day `date`, from its first instant to that of the next day; `None` when it is no date. A day
/// that the zone skipped is empty.
#[must_use]
pub fn day_range(date: &str, offset: Offset<'_>) -> Option<(u64, u64)> {
    let mut parts = date.splitn(3, '-').map(str::parse::<u64>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    if !(1970..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let number = days(year, month, day)?;
    // Not the 31st of February.
    let is_date = civil(number) == (year, month, day);
    is_date.then(|| (first(number * DAY, offset), first((number + 1) * DAY, offset)))
}

fn ahead(at_ms: u64, offset: Offset<'_>) -> u64 {
    at_ms.saturating_add_signed(offset(at_ms))
}

fn floor(value: u64, unit: u64) -> u64 {
    value - value % unit
}

/// The first instant when local clocks show `local` or more: where they jump over it, the jump.
fn first(local: u64, offset: Offset<'_>) -> u64 {
    // No zone was ever further from UTC.
    const REACH: u64 = 16 * HOUR;
    let (low, high) = (local.saturating_sub(REACH), local.saturating_add(REACH));
    let (before, after) = (offset(low), offset(high));
    let by_before = local.saturating_add_signed(-before);
    if before == after {
        return by_before;
    }
    let change = change(low, high, offset);
    if by_before < change { by_before } else { change.max(local.saturating_add_signed(-after)) }
}

/// When the offset changes between two instants that have different ones.
fn change(mut low: u64, mut high: u64, offset: Offset<'_>) -> u64 {
    let before = offset(low);
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if offset(middle) == before { low = middle } else { high = middle }
    }
    high
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

    /// One change of the clocks: from when on, and the minutes ahead of UTC before and after.
    fn zone(change: u64, before: i64, after: i64) -> impl Fn(u64) -> i64 {
        move |at| if at < change { before * 60_000 } else { after * 60_000 }
    }

    /// 2026-09-06 04:00 UTC: Chile goes from 00:00 to 01:00.
    const SANTIAGO: u64 = 1_788_667_200_000;
    /// 2026-03-08 05:00 UTC: Cuba goes from 00:00 to 01:00.
    const HAVANA: u64 = 1_772_946_000_000;
    /// 2026-11-01 05:00 UTC: Cuba goes from 01:00 back to 00:00.
    const HAVANA_BACK: u64 = 1_793_509_200_000;
    /// 2011-12-30 10:00 UTC: Samoa goes from the end of the 29th to the 31st.
    const APIA: u64 = 1_325_239_200_000;
    /// 2026-04-23 22:00 UTC: Egypt goes from 00:00 to 01:00.
    const CAIRO: u64 = 1_776_981_600_000;
    /// 2026-10-03 15:30 UTC and 2026-04-04 15:00 UTC: Lord Howe changes its clocks by half an hour.
    const LORD_HOWE: u64 = 1_791_041_400_000;
    const LORD_HOWE_BACK: u64 = 1_775_314_800_000;

    fn local(at: u64, offset: Offset<'_>) -> String {
        format!("{} {}", date(at, offset), clock(at, offset))
    }

    #[test]
    fn a_day_begins_at_its_first_instant_and_ends_at_that_of_the_next() {
        for (day, offset, from, to) in [
            ("2026-09-06", zone(SANTIAGO, -240, -180), 1_788_667_200_000, 1_788_750_000_000),
            ("2026-09-05", zone(SANTIAGO, -240, -180), 1_788_580_800_000, 1_788_667_200_000),
            ("2026-03-29", zone(SPRING, -60, 0), 1_774_746_000_000, 1_774_828_800_000),
            ("2026-03-08", zone(HAVANA, -300, -240), HAVANA, HAVANA + 23 * HOUR),
            (
                "2026-11-01",
                zone(HAVANA_BACK, -240, -300),
                HAVANA_BACK - HOUR,
                HAVANA_BACK + 24 * HOUR,
            ),
            ("2026-04-24", zone(CAIRO, 120, 180), CAIRO, CAIRO + 23 * HOUR),
            ("2011-12-29", zone(APIA, -600, 840), APIA - 24 * HOUR, APIA),
            ("2011-12-30", zone(APIA, -600, 840), APIA, APIA),
            ("2011-12-31", zone(APIA, -600, 840), APIA, APIA + 24 * HOUR),
            // 00:01 went back to 23:01: the day began a minute earlier.
            (
                "2010-11-07",
                zone(1_289_097_060_000, -150, -210),
                1_289_097_000_000,
                1_289_187_000_000,
            ),
            // Kathmandu: 5 h 45 min.
            ("2026-01-01", zone(0, 345, 345), 1_767_204_900_000, 1_767_291_300_000),
            (
                "2026-10-04",
                zone(LORD_HOWE, 630, 660),
                LORD_HOWE - 2 * HOUR,
                LORD_HOWE + 43 * HOUR / 2,
            ),
            ("2026-03-29", zone(SPRING, 60, 120), SPRING - 2 * HOUR, SPRING + 21 * HOUR),
            ("2026-10-25", zone(AUTUMN, 120, 60), AUTUMN - 3 * HOUR, AUTUMN + 22 * HOUR),
        ] {
            assert_eq!(day_range(day, &offset), Some((from, to)), "{day}");
        }
    }

    #[test]
    fn an_instant_is_told_with_its_offset() {
        let santiago = zone(SANTIAGO, -240, -180);
        assert_eq!(iso(SANTIAGO - 1, &santiago), "2026-09-05T23:59:59-04:00");
        assert_eq!(iso(SANTIAGO, &santiago), "2026-09-06T01:00:00-03:00");
        assert_eq!(iso(0, &|_| 345 * 60_000), "1970-01-01T05:45:00+05:45");
        assert_eq!(month(SANTIAGO, &santiago), "Sep 2026");
    }

    #[test]
    fn each_day_has_one_column_of_its_name_wherever_the_clocks_change() {
        for (change, before, after) in [
            (SANTIAGO, -240, -180),
            (SPRING, -60, 0),
            (HAVANA, -300, -240),
            (HAVANA_BACK, -240, -300),
            (CAIRO, 120, 180),
            (APIA, -600, 840),
            (LORD_HOWE, 630, 660),
            (LORD_HOWE_BACK, 660, 630),
            (SPRING, 345, 345),
            (SPRING, 60, 120),
            (AUTUMN, 120, 60),
        ] {
            let offset = zone(change, before, after);
            let (from, to) = (change - 10 * DAY - 5, change + 10 * DAY + 5);
            let starts = starts(from, to, Days(1), &offset);
            assert!(starts[0] <= from && starts[1] > from && starts.is_sorted(), "{starts:?}");
            let names: Vec<String> = starts.iter().map(|at| date(*at, &offset)).collect();
            let mut once = names.clone();
            once.dedup();
            assert_eq!(names, once, "{change}");
            // All days between the first and the last, but for the one that Samoa skipped.
            let skipped = usize::from(change == APIA);
            let count = (ahead(to, &offset) / DAY - ahead(from, &offset) / DAY + 1) as usize;
            assert_eq!(names.len(), count - skipped, "{names:?}");
            for (day, at) in names.iter().zip(&starts) {
                assert_eq!(day_range(day, &offset).map(|(from, _)| from), Some(*at), "{day}");
            }
            for column in [Minutes(360), Days(7), Months(1)] {
                let starts = super::starts(from, to, column, &offset);
                let names: Vec<String> = starts.iter().map(|at| local(*at, &offset)).collect();
                let mut once = names.clone();
                once.dedup();
                assert_eq!(names, once, "{column:?}");
                let ends = starts.iter().map(|start| column_end(*start, column, &offset));
                assert!(ends.zip(&starts[1..]).all(|(end, next)| end == *next), "{column:?}");
            }
        }
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let offset = zone(SANTIAGO, -240, -180);
        let names = |column, days| -> Vec<String> {
            let starts = starts(SANTIAGO - days * DAY, SANTIAGO + days * DAY, column, &offset);
            starts.iter().map(|at| local(*at, &offset)).collect()
        };
        assert_eq!(
            names(Days(7), 8),
            ["2026-08-24 00:00", "2026-08-31 00:00", "2026-09-07 00:00", "2026-09-14 00:00"]
        );
        assert_eq!(
            names(Months(1), 35),
            ["2026-08-01 00:00", "2026-09-01 00:00", "2026-10-01 00:00"]
        );
        assert_eq!(
            names(Months(12), 400),
            ["2025-01-01 00:00", "2026-01-01 00:00", "2027-01-01 00:00"]
        );
        // The 1st of April 2012 in Samoa, and a month that begins where the clock jumps over midnight.
        let jump = zone(1_788_235_200_000, -240, -180);
        let (from, to) = (1_788_235_200_000 - DAY, 1_788_235_200_000 + DAY);
        let starts = starts(from, to, Months(1), &jump);
        assert_eq!(local(starts[1], &jump), "2026-09-01 01:00");
    }

    #[test]
    fn columns_of_half_an_hour_or_less_follow_clocks_that_change_by_half_an_hour() {
        let names = |change, before, after, minutes| -> Vec<String> {
            let offset = zone(change, before, after);
            let starts = starts(change - HOUR, change + HOUR, Minutes(minutes), &offset);
            starts.iter().map(|at| clock(*at, &offset)).collect()
        };
        // 02:00 becomes 02:30, and 02:00 becomes 01:30.
        assert_eq!(names(LORD_HOWE, 630, 660, 60), ["01:00", "02:30", "03:00"]);
        assert_eq!(names(LORD_HOWE_BACK, 660, 630, 60), ["01:00", "02:00"]);
        assert_eq!(names(LORD_HOWE_BACK, 660, 630, 30), ["01:00", "01:30", "01:30", "02:00"]);
    }

    #[test]
    fn days_are_as_long_as_the_calendar_says() {
        for (change, lengths) in [(SPRING, [24, 23, 24]), (AUTUMN, [24, 25, 24])] {
            let starts = starts(change - 36 * HOUR, change + 60 * HOUR, Days(1), &berlin);
            let hours: Vec<u64> =
                starts.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR).skip(1).take(3).collect();
            assert_eq!(hours, lengths);
            assert!(starts.iter().all(|start| clock(*start, &berlin) == "00:00"));
        }
    }

    #[test]
    fn hours_stay_hours_when_the_clock_changes() {
        for change in [SPRING, AUTUMN] {
            let starts = starts(change - 3 * HOUR, change + 3 * HOUR, Minutes(60), &berlin);
            assert_eq!(starts.len(), 6);
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == HOUR));
        }
    }

    #[test]
    fn half_hours_and_the_far_west_begin_at_round_local_times() {
        let india = |_: u64| 11 * H / 2;
        assert!(
            starts(SPRING, SPRING + DAY, Minutes(60), &india)
                .iter()
                .all(|start| clock(*start, &india).ends_with(":00"))
        );
        let samoa = |_: u64| -11 * H;
        let days = starts(SPRING, SPRING + 3 * DAY, Days(1), &samoa);
        assert!(days.iter().all(|start| clock(*start, &samoa) == "00:00"), "{days:?}");
        assert!(days[0] <= SPRING && days.len() == 4);
        assert!(starts(5, 5, Days(1), &samoa).is_empty());
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
            assert!(month(at, &utc).starts_with(short.split(' ').nth(1).unwrap()));
            let day = floor(at, DAY);
            assert_eq!(day_range(text, &utc), Some((day, day + DAY)));
        }
        assert_eq!(
            day_range("2026-10-25", &berlin).map(|(at, _)| clock(at, &berlin)),
            Some("00:00".into())
        );
        for bad in ["", "2026-13-01", "2026-1", "x-y-z", "1969-01-01", "2026-02-30", "2026-04-31"] {
            assert_eq!(day_range(bad, &utc), None, "{bad}");
        }
    }

    #[test]
    fn a_chart_has_a_handful_of_columns() {
        for span in [1, HOUR, DAY, 7 * DAY, 30 * DAY, 400 * DAY, 40_000 * DAY] {
            let columns = starts(SPRING, SPRING + span, column(span), &berlin).len();
            assert!(columns <= 38, "{span}: {columns}");
        }
        assert_eq!(column(30 * DAY), Days(1));
    }
}
