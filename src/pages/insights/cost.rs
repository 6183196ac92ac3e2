//! What tracking costs: what was measured, and what that comes to with the assumed days.

use insights::{Assumed, Cost, FREE_BYTES, share};
use yew::prelude::*;

use super::{
    filters::field,
    query::Query,
    show::{Tile, View},
    table::{Table, Value},
};
use crate::charts::scale::{counted, grouped, percent};

/// Part of the address, what it is, and the most it may be.
const ASSUMED: [(&str, &str, u64); 3] = [
    ("people", "People a day", 1_000_000_000),
    ("visits", "Visits of each", 10_000),
    ("days", "Days", 366),
];

/// Which of them are no numbers.
#[must_use]
pub fn problem(query: &Query) -> Vec<String> {
    let is_number = |text: &str| text.parse::<u64>().is_ok_and(|number| number > 0);
    [&query.people, &query.visits, &query.days]
        .into_iter()
        .flatten()
        .filter(|text| !is_number(text))
        .map(|text| {
            format!("“{text}” is no whole number from 1; the cost is reckoned with the usual one.")
        })
        .collect()
}

/// The address's numbers; where there are none, those of the design text.
#[must_use]
pub fn assumed(query: &Query) -> Assumed {
    let Assumed { users_per_day, visits_per_user, days } = Assumed::default();
    let number = |text: &Option<String>, most: u64, default: u64| {
        text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(default).clamp(1, most)
    };
    let [(.., people), (.., visits), (.., longest)] = ASSUMED;
    Assumed {
        users_per_day: number(&query.people, people, users_per_day),
        visits_per_user: number(&query.visits, visits, visits_per_user),
        days: number(&query.days, longest, days),
    }
}

pub fn builder(query: &Query) -> Html {
    let Assumed { users_per_day, visits_per_user, days } = assumed(query);
    html! {
        <div class="funnel-pick">
            { for ASSUMED.iter().zip([users_per_day, visits_per_user, days]).map(|((part, label, most), value)| {
                field(label, "number", part, value.to_string(), Some(*most), query)
            }) }
        </div>
    }
}

/// Nothing without a visit: all is reckoned from visits.
#[must_use]
pub fn view(cost: &Cost, assumed: &Assumed) -> View {
    let Some(month) = assumed.month(cost) else { return View::default() };
    // For one event, for one person on one day, and for all that is supposed.
    let row = |name: &str, bytes: Option<u64>, month: Option<u64>| {
        let one = |of: u64| bytes.and_then(|bytes| share(1, bytes, of));
        let cells = [one(cost.events), one(cost.user_days), month].map(Value::Bytes);
        let row: Vec<Value> = [Value::Text(name.to_owned())].into_iter().chain(cells).collect();
        row
    };
    let rows = vec![
        row("Sent by pages", cost.sent.and_then(|sent| sent.of(cost.events)), month.sent),
        row("File of the server", cost.file.and_then(|file| file.of(cost.events)), month.file),
        row("Lines", Some(cost.line_bytes), share(month.loki, cost.line_bytes, cost.loki_bytes())),
        row("Counted by Loki", Some(cost.loki_bytes()), Some(month.loki)),
    ];
    let [sent, _, _, loki] = &rows[..] else { return View::default() };
    let shown = |row: &[Value], column: usize| {
        row.get(column).map_or_else(String::new, |value| value.shown(&|_| 0))
    };
    // Not known where requests go elsewhere, and before there was one.
    let way = |column| match cost.sent {
        Some(_) => format!("{} over the network", shown(sent, column)),
        None => "lines and ids".to_owned(),
    };
    let tile =
        |name: &str, value: String, small: String| Tile { name: name.to_owned(), value, small };
    let late = match cost.late_streams {
        Some(late) if late > 0 => {
            let hold = if late == 1 { "holds" } else { "hold" };
            format!(" {} {hold} what came late.", counted(late, "more stream"))
        }
        _ => String::new(),
    };
    let fill = assumed.users_that_fill(FREE_BYTES, &month);
    let fill = fill.map_or_else(String::new, |people| {
        format!("limit reached at {} a day", counted(people, "person"))
    });
    let share_of_free = match percent(month.loki, FREE_BYTES) {
        0 => "under 1 %".to_owned(),
        percent => format!("{} %", grouped(percent)),
    };
    View {
        tiles: vec![
            tile("Size per event in Loki", shown(loki, 1), way(1)),
            tile("Size per person-day in Loki", shown(loki, 2), way(2)),
            tile("Streams in Loki", grouped(cost.streams), "does not grow with people".to_owned()),
            tile(&format!("{} in Loki", counted(assumed.days, "day")), shown(loki, 3), way(3)),
            tile("Of the free 50 GB", share_of_free, fill),
        ],
        table: Table::new(
            &["Where", "Per event", "Per person-day", "All days"],
            rows.into_iter(),
            usize::MAX,
        ),
        note: format!(
            "Measured: {} in {} on {}. The calculation assumes that other days are alike. Grafana Cloud's free \
             plan counts lines and their ids, uncompressed.{late}",
            counted(cost.events, "event"),
            counted(cost.visits, "visit"),
            counted(cost.user_days, "person-day")
        ),
        ..View::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights::Weight;

    fn measured() -> Cost {
        Cost {
            events: 3_000,
            visits: 1_000,
            user_days: 200,
            line_bytes: 1_200_000,
            id_bytes: 300_000,
            streams: 104,
            sent: Some(Weight { bytes: 300_000, events: 3_000 }),
            ..Cost::default()
        }
    }

    #[test]
    fn the_scenario_of_the_design_text_is_where_it_begins() {
        let View { tiles, table, .. } = view(&measured(), &assumed(&Query::default()));
        let shown: Vec<_> = tiles.iter().map(|tile| (&*tile.value, &*tile.small)).collect();
        assert_eq!(
            shown,
            [
                ("500 B", "100 B over the network"),
                ("7.5 kB", "1.5 kB over the network"),
                ("104", "does not grow with people"),
                ("450 MB", "90 MB over the network"),
                ("1 %", "limit reached at 111,111 people a day"),
            ]
        );
        assert_eq!(table.rows[3][3], Value::Bytes(Some(450_000_000)));
        // Not known on a static host.
        assert_eq!(
            table.rows[1][1..],
            [Value::Bytes(None), Value::Bytes(None), Value::Bytes(None)]
        );
    }

    #[test]
    fn one_day_is_one_day() {
        let one = Assumed { days: 1, ..Assumed::default() };
        let cost = Cost { events: 1, visits: 1, user_days: 1, late_streams: Some(1), ..measured() };
        let View { tiles, note, .. } = view(&cost, &one);
        assert_eq!(tiles[3].name, "1 day in Loki");
        assert!(note.starts_with("Measured: 1 event in 1 visit on 1 person-day."), "{note}");
        assert!(note.ends_with("1 more stream holds what came late."), "{note}");
    }

    #[test]
    fn assumptions_come_from_the_address_and_have_bounds() {
        let query = Query::parse("people=5000&visits=0&days=99999");
        let expected = Assumed { users_per_day: 5_000, visits_per_user: 1, days: 366 };
        assert_eq!(assumed(&query), expected);
        assert_eq!(assumed(&Query::parse("people=many")), Assumed::default());
    }

    #[test]
    fn nothing_measured_shows_nothing() {
        assert!(view(&Cost::default(), &Assumed::default()).table.is_empty());
    }
}
