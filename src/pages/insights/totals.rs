//! The range at a glance, and how it changed against the one before.

use std::cmp::Ordering;

use insights::Summary;

use super::{
    show::{Tile, View},
    table::{Table, Value},
};
use crate::{
    answers::Totals,
    charts::scale::{counted, duration, grouped, percent},
};

const NO_EARLIER: &str = "no earlier data";
const NO_CHANGE: &str = "no change";

#[must_use]
pub fn view([now, then]: &[Totals; 2]) -> View {
    let mut view = View {
        table: Table::new(&["Metric", "This period", "Previous period"], [].into_iter(), 0),
        ..View::default()
    };
    let bounced = |of: &Totals| percent(of.bounce.bounced, of.bounce.sessions);
    let mut add = |name: &str, now: Value, then: Value, change: String| {
        let value = match now {
            Value::Ms(Some(ms)) => duration(ms),
            Value::Percent(percent) => format!("{percent} %"),
            Value::Number(number) => grouped(number),
            _ => String::new(),
        };
        view.tiles.push(Tile { name: name.to_owned(), value, small: change });
        view.table.rows.push(vec![Value::Text(name.to_owned()), now, then]);
    };
    let (new, old) = (&now.summary, &then.summary);
    for (name, new, old) in [
        ("Visits", new.visits, old.visits),
        ("Sessions", new.sessions, old.sessions),
        ("People", new.users, old.users),
        ("Components", new.components, old.components),
    ] {
        add(name, Value::Number(new), Value::Number(old), change(new, old));
    }
    let (spent, before) = (new.total_ms, old.total_ms);
    add("Visible time", Value::Ms(Some(spent)), Value::Ms(Some(before)), change(spent, before));
    let (rate, before) = (bounced(now), bounced(then));
    let points = match (then.bounce.sessions, rate.cmp(&before)) {
        (0, _) => NO_EARLIER.to_owned(),
        (_, Ordering::Equal) => NO_CHANGE.to_owned(),
        (_, Ordering::Greater) => format!("+{}", counted(rate - before, "point")),
        (_, Ordering::Less) => format!("−{}", counted(before - rate, "point")),
    };
    add("Bounce rate", Value::Percent(rate), Value::Percent(before), points);
    let (new, old) = (new.errors, old.errors);
    add("Errors", Value::Number(new), Value::Number(old), change(new, old));
    view.table.all = view.table.rows.len();
    view
}

/// Whether nothing was counted in the range.
#[must_use]
pub fn is_empty([now, _]: &[Totals; 2]) -> bool {
    now.summary == Summary::default()
}

/// In percent of before.
fn change(now: u64, then: u64) -> String {
    if then == 0 {
        return if now == 0 { NO_CHANGE } else { NO_EARLIER }.to_owned();
    }
    match (percent(now.abs_diff(then), then), now > then) {
        (0, _) => NO_CHANGE.to_owned(),
        (percent, true) => format!("+{} %", grouped(percent)),
        (percent, false) => format!("−{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights::Bounce;

    #[test]
    fn a_change_is_told_against_before() {
        for (now, then, told) in [
            (0, 0, NO_CHANGE),
            (5, 0, NO_EARLIER),
            (5, 5, NO_CHANGE),
            (6, 4, "+50 %"),
            (0, 4, "−100 %"),
            (10_001, 10_000, NO_CHANGE),
            (20_000, 1, "+1,999,900 %"),
        ] {
            assert_eq!(change(now, then), told);
        }
    }

    #[test]
    fn tiles_and_table_tell_the_same() {
        let of = |sessions, bounced| Totals {
            summary: Summary { sessions, visits: 12_345, ..Summary::default() },
            bounce: Bounce { sessions, bounced },
        };
        let View { tiles, table, .. } = view(&[of(4, 1), of(2, 1)]);
        let tile = |name: &str| tiles.iter().find(|tile| tile.name == name).unwrap();
        assert_eq!((&*tile("Visits").value, &*tile("Visits").small), ("12,345", NO_CHANGE));
        assert_eq!((&*tile("Sessions").value, &*tile("Sessions").small), ("4", "+100 %"));
        let bounce = tile("Bounce rate");
        assert_eq!((&*bounce.value, &*bounce.small), ("25 %", "−25 points"));
        assert_eq!(table.rows.len(), tiles.len());
        assert!(!table.is_empty());
        assert!(view(&[of(0, 0), of(0, 0)]).table.rows.len() == 7);
        // One point is one point, and none is no change.
        for (now, then, told) in [(50, 51, "−1 point"), (52, 50, "+2 points"), (50, 50, NO_CHANGE)]
        {
            let View { tiles, .. } = view(&[of(100, now), of(100, then)]);
            let bounce = tiles.iter().find(|tile| tile.name == "Bounce rate").unwrap();
            assert_eq!(bounce.small, told);
        }
        let nothing = Totals { summary: Summary::default(), ..of(0, 0) };
        assert!(is_empty(&[nothing, of(4, 1)]));
        assert!(!is_empty(&[of(4, 1), of(4, 1)]));
    }
}
