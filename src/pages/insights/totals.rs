//! The range at a glance, and how it changed against the one before.

use super::{
    show::{Tile, View},
    table::{Table, Value},
};
use crate::{
    answers::Totals,
    charts::scale::{duration, grouped, percent},
};

#[must_use]
pub fn view([now, then]: &[Totals; 2]) -> View {
    let mut view = View {
        table: Table { heads: vec!["What", "Now", "Before"], rows: Vec::new() },
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
    add("Time spent", Value::Ms(Some(spent)), Value::Ms(Some(before)), change(spent, before));
    let (rate, before) = (bounced(now), bounced(then));
    let points = match (then.bounce.sessions, rate >= before) {
        (0, _) => "none before".to_owned(),
        (_, true) => format!("+{} points", rate - before),
        (_, false) => format!("−{} points", before - rate),
    };
    add("Bounce rate", Value::Percent(rate), Value::Percent(before), points);
    let (new, old) = (new.errors, old.errors);
    add("Errors", Value::Number(new), Value::Number(old), change(new, old));
    view
}

/// In percent of before.
fn change(now: u64, then: u64) -> String {
    if then == 0 {
        return if now == 0 { "as before" } else { "none before" }.to_owned();
    }
    match (percent(now.abs_diff(then), then), now > then) {
        (0, _) => "as before".to_owned(),
        (percent, true) => format!("+{} %", grouped(percent)),
        (percent, false) => format!("−{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights::{Bounce, Summary};

    #[test]
    fn a_change_is_told_against_before() {
        for (now, then, told) in [
            (0, 0, "as before"),
            (5, 0, "none before"),
            (5, 5, "as before"),
            (6, 4, "+50 %"),
            (0, 4, "−100 %"),
            (10_001, 10_000, "as before"),
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
        assert_eq!((&*tile("Visits").value, &*tile("Visits").small), ("12,345", "as before"));
        assert_eq!((&*tile("Sessions").value, &*tile("Sessions").small), ("4", "+100 %"));
        let bounce = tile("Bounce rate");
        assert_eq!((&*bounce.value, &*bounce.small), ("25 %", "−25 points"));
        assert_eq!(table.rows.len(), tiles.len());
        assert!(!table.is_empty());
        assert!(view(&[of(0, 0), of(0, 0)]).table.rows.len() == 7);
    }
}
