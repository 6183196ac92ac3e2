//! The name of a file of request lines: its day, as everybody writes it.

/// `requests-2026-03-29.jsonl`, and `requests-2026-03-29.1.jsonl` when that is full.
const PREFIX: &str = "requests-";
const SUFFIX: &str = ".jsonl";

pub fn file_name(day: u64, part: u64) -> String {
    let (year, month, date) = date(day);
    let part = if part == 0 { String::new() } else { format!(".{part}") };
    format!("{PREFIX}{year:04}-{month:02}-{date:02}{part}{SUFFIX}")
}

/// The day since 1970 and the part of a name that [`file_name`] made.
pub fn read_name(name: &str) -> Option<(u64, u64)> {
    let name_part = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (day, part) = match name_part.split_once('.') {
        Some((day, part)) => (day, part.parse().ok()?),
        None => (name_part, 0),
    };
    let mut numbers = day.splitn(3, '-').map(str::parse::<u64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(date)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let day = day_of(year, month, date)?;
    (file_name(day, part) == name).then_some((day, part))
}

/// Days of an era of 400 years, of which March begins each year: leap days are the last ones.
const ERA: u64 = 146_097;
/// From the first of March of year 0 to 1970.
const EPOCH: u64 = 719_468;

fn date(day: u64) -> (u64, u64, u64) {
    let day = day + EPOCH;
    let (era, day) = (day / ERA, day % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let date = day - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, date)
}

fn day_of(year: u64, month: u64, date: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let march = (month + 9) % 12;
    let day = (153 * march + 2) / 5 + date - 1;
    let (era, year) = (year / 400, year % 400);
    (era * ERA + year * 365 + year / 4 - year / 100 + day).checked_sub(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_the_name_of_its_date() {
        for (day, name) in [
            (0, "requests-1970-01-01.jsonl"),
            (59, "requests-1970-03-01.jsonl"),
            (11_016, "requests-2000-02-29.jsonl"),
            (20_454, "requests-2026-01-01.jsonl"),
            (20_819, "requests-2027-01-01.jsonl"),
        ] {
            assert_eq!(file_name(day, 0), name);
        }
        for day in 0..100_000 {
            for part in [0, 1, 12] {
                assert_eq!(read_name(&file_name(day, part)), Some((day, part)));
            }
        }
        for other in [
            "requests-2026-02-30.jsonl",
            "requests-2026-1-1.jsonl",
            "requests-.jsonl",
            "server.jsonl",
        ] {
            assert_eq!(read_name(other), None, "{other}");
        }
    }
}
