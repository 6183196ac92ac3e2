//! From numbers to pixels, and numbers as people read them.

/// Where `value` lies on an axis of `pixels` that ends at `top`.
#[must_use]
pub fn place(value: u64, top: u64, pixels: i32) -> i32 {
    let pixels = u128::from(pixels.unsigned_abs());
    let at = u128::from(value.min(top)) * pixels / u128::from(top.max(1));
    i32::try_from(at).unwrap_or(i32::MAX)
}

/// Round numbers from 0 to at least `max`, about `count` of them beside 0.
#[must_use]
pub fn ticks(max: u64, count: u64) -> Vec<u64> {
    let rough = max.div_ceil(count.max(1)).max(1);
    let mut power = 1_u64;
    while rough / power >= 10 {
        power = power.saturating_mul(10);
    }
    let step = [1, 2, 5, 10]
        .into_iter()
        .map(|factor| power.saturating_mul(factor))
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let last = max.div_ceil(step).max(1);
    (0..=last).map(|at| at.saturating_mul(step)).collect()
}

/// At most four digits: `950`, `1.2k`, `34k`, `5.6M`.
#[must_use]
pub fn short(number: u64) -> String {
    shortened(number, "")
}

/// `950 B`, `1.2 kB`, `34 kB`, `5.6 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    shortened(count, " ") + "B"
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 visit`, `2 visits`, `1,234 visits`: every count that a person reads with its noun.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    format!("{} {}", grouped(count), noun(count, one))
}

/// The noun alone, as it stands after `count`.
#[must_use]
pub fn noun(count: u64, one: &str) -> String {
    if count == 1 {
        return one.to_owned();
    }
    let (before, last) = one
        .rsplit_once([' ', '-'])
        .map_or(("", one), |(_, last)| (&one[..one.len() - last.len()], last));
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    let many = match last {
        "person" => "people".to_owned(),
        _ if last.ends_with('y') && !ends(&["ay", "ey", "oy", "uy"]) => {
            format!("{}ies", &last[..last.len() - 1])
        }
        _ if ends(&["s", "x", "ch", "sh"]) => format!("{last}es"),
        _ => format!("{last}s"),
    };
    format!("{before}{many}")
}

fn shortened(number: u64, gap: &str) -> String {
    let mut unit = 1;
    let mut letter = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        if number / unit < 1_000 {
            break;
        }
        unit *= 1_000;
        letter = next;
    }
    let (whole, tenth) = (number / unit, number % unit / (unit / 10).max(1));
    if whole < 10 && tenth > 0 && unit > 1 {
        format!("{whole}.{tenth}{gap}{letter}")
    } else {
        format!("{whole}{gap}{letter}")
    }
}

/// `part` of `whole` in percent, rounded.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    let (part, whole) = (u128::from(part), u128::from(whole.max(1)));
    u64::try_from((part * 100 + whole / 2) / whole).unwrap_or(u64::MAX)
}

/// `2,146 h`, `1 h 4 min`, `4 min 3 s`, `12 s`, `1.2 s`, `340 ms`.
#[must_use]
pub fn duration(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms} ms");
    }
    if ms < 9_950 {
        let tenths = (ms + 50) / 100;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        return if tenth == 0 { format!("{whole} s") } else { format!("{whole}.{tenth} s") };
    }
    let seconds = ms.saturating_add(500) / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) if m == 0 || h >= 100 => format!("{} h", grouped(h)),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_find_their_place_however_large() {
        for (value, top, pixels, at) in [
            (0, 0, 100, 0),
            (5, 10, 100, 50),
            (20, 10, 100, 100),
            (u64::MAX, u64::MAX, 300, 300),
            (1, u64::MAX, 300, 0),
            (1, 1, 0, 0),
        ] {
            assert_eq!(place(value, top, pixels), at);
        }
    }

    #[test]
    fn ticks_are_round_and_reach_the_top() {
        assert_eq!(ticks(0, 4), [0, 1]);
        assert_eq!(ticks(1, 4), [0, 1]);
        assert_eq!(ticks(7, 4), [0, 2, 4, 6, 8]);
        assert_eq!(ticks(1_234, 4), [0, 500, 1_000, 1_500]);
        for max in [1, 9, 10, 11, 99, 12_345, u64::MAX / 3, u64::MAX] {
            let ticks = ticks(max, 4);
            assert!(ticks.len() <= 6 && ticks.last() >= Some(&max), "{max}: {ticks:?}");
        }
    }

    #[test]
    fn short_numbers_keep_their_size() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_250, "1.2k"),
            (34_567, "34k"),
            (5_600_000, "5.6M"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(short(number), text);
        }
    }

    #[test]
    fn sizes_and_large_numbers_are_read_at_a_glance() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.2 kB"),
            (52_000_000_000, "52 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_is_one_and_all_other_counts_are_many() {
        for (count, one, text) in [
            (0, "visit", "0 visits"),
            (1, "visit", "1 visit"),
            (1_234, "visit", "1,234 visits"),
            (1, "person", "1 person"),
            (2, "person", "2 people"),
            (2, "entry", "2 entries"),
            (2, "day", "2 days"),
            (2, "person-day", "2 person-days"),
            (2, "more match", "2 more matches"),
            (21, "point", "21 points"),
        ] {
            assert_eq!(counted(count, one), text);
        }
        assert_eq!(noun(1, "session"), "session");
    }

    #[test]
    fn percent_rounds_and_never_divides_by_nothing() {
        assert_eq!((percent(1, 3), percent(2, 3), percent(0, 0)), (33, 67, 0));
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn a_duration_reads_like_a_person_says_it() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_499, "1.5 s"),
            (1_049, "1 s"),
            (9_950, "10 s"),
            (59_500, "1 min"),
            (243_000, "4 min 3 s"),
            (3_600_000, "1 h"),
            (3_840_000, "1 h 4 min"),
            (7_725_840_000, "2,146 h"),
        ] {
            assert_eq!(duration(ms), text);
        }
        assert!(duration(u64::MAX).contains(" h"));
    }
}
