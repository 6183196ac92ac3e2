//! Timelines and lengths: answers whose columns are stretches of time.

use insights::{LENGTHS_MS, Range};

use super::{
    show::{Setting, View},
    table::{Table, Value},
};
use crate::{
    answers::Question,
    charts::{
        calendar,
        columns::{self, Column},
        scale::{counted, duration, percent},
    },
};

/// The columns of a timeline: what each is called, and which part of it lies in the range.
struct Axis<'a> {
    column: calendar::Column,
    set: &'a Setting<'a>,
}

impl Axis<'_> {
    fn label(&self, at_ms: u64) -> String {
        match self.column {
            calendar::Column::Minutes(..=60) => calendar::clock(at_ms, self.set.offset),
            calendar::Column::Months(_) => calendar::month(at_ms, self.set.offset),
            _ => calendar::day(at_ms, self.set.offset),
        }
    }

    fn name(&self, at_ms: u64) -> String {
        let (day, clock) =
            (calendar::day(at_ms, self.set.offset), calendar::clock(at_ms, self.set.offset));
        match self.column {
            calendar::Column::Minutes(_) => format!("{day}, {clock}"),
            calendar::Column::Days(1) => day,
            calendar::Column::Days(_) => format!("7 days from {day}"),
            calendar::Column::Months(1) => calendar::month(at_ms, self.set.offset),
            calendar::Column::Months(_) => {
                format!("from {}", calendar::month(at_ms, self.set.offset))
            }
        }
    }

    /// What is missing of a column that only partly lies in the range.
    fn part(&self, at_ms: u64) -> Option<String> {
        let Range { from_ms, to_ms } = self.set.asked.range;
        let end_ms = calendar::column_end(at_ms, self.column, self.set.offset);
        let clock = |ms| {
            let clock = calendar::clock(ms, self.set.offset);
            match self.column {
                calendar::Column::Minutes(_) | calendar::Column::Days(1) => clock,
                _ => format!("{}, {clock}", calendar::day(ms, self.set.offset)),
            }
        };
        match (at_ms < from_ms, end_ms > to_ms) {
            (true, true) => Some(format!(" from {} to {}", clock(from_ms), clock(to_ms))),
            (true, false) => Some(format!(" from {} on", clock(from_ms))),
            (false, true) => Some(format!(" until {}", clock(to_ms))),
            (false, false) => None,
        }
    }
}

pub fn activity_view(question: Question, all: &[insights::Activity], set: &Setting<'_>) -> View {
    let users = question == Question::Users;
    let Range { from_ms, to_ms } = set.asked.range;
    let axis = Axis { column: calendar::column(to_ms.saturating_sub(from_ms)), set };
    let column = |a: &insights::Activity| {
        let part = axis.part(a.start_ms);
        let at = format!("{}{}", axis.name(a.start_ms), part.as_deref().unwrap_or_default());
        let (value, tip) = if users {
            (a.users, format!("{at}: {}", counted(a.users, "person")))
        } else {
            let (visits, errors) = (counted(a.visits, "visit"), counted(a.errors, "error"));
            (a.visits, format!("{at}: {visits}, {errors}"))
        };
        let errors = if users { 0 } else { a.errors };
        Column { label: axis.label(a.start_ms), value, tip, errors, is_partial: part.is_some() }
    };
    let shown: Vec<Column> = all.iter().map(column).collect();
    let draw = if users { columns::line } else { columns::columns };
    let row = |a: &insights::Activity| {
        let counts = [a.visits, a.sessions, a.users, a.errors].map(Value::Number);
        [Value::Time(a.start_ms)].into_iter().chain(counts).collect()
    };
    let mut notes = Vec::new();
    if columns::has_many_errors(&shown).contains(&true) {
        notes.push("Diamond: more than twice the usual errors.");
    }
    if shown.iter().any(|column| column.is_partial) {
        notes.push("Pale: only a part of it lies in the period.");
    }
    View {
        drawing: draw(&shown, set.width),
        table: Table::new(
            &["From", "Visits", "Sessions", "People", "Errors"],
            all.iter().map(row),
            usize::MAX,
        ),
        note: notes.join(" "),
        ..View::default()
    }
}

pub fn lengths_view(lengths: &insights::SessionLengths, set: &Setting<'_>) -> View {
    let all: u64 = lengths.sessions.iter().sum();
    let label = |start: u64| if start == 0 { "0 s".to_owned() } else { duration(start) };
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    for (at, (start, sessions)) in LENGTHS_MS.iter().zip(&lengths.sessions).enumerate() {
        let label = label(*start);
        let to = LENGTHS_MS
            .get(at + 1)
            .map_or_else(|| " and longer".to_owned(), |end| format!(" to {}", duration(*end)));
        let tip = format!(
            "{label}{to}: {} ({} %)",
            counted(*sessions, "session"),
            percent(*sessions, all)
        );
        rows.push(vec![Value::Text(format!("{label}{to}")), Value::Number(*sessions)]);
        columns.push(Column { label, value: *sessions, tip, ..Column::default() });
    }
    let note = match (lengths.median_ms, lengths.p95_ms) {
        (Some(half), Some(most)) => {
            format!("Median {}, 95th percentile {}.", duration(half), duration(most))
        }
        _ => String::new(),
    };
    View {
        drawing: columns::columns(&columns, set.width),
        table: Table::new(&["Length", "Sessions"], rows.into_iter(), usize::MAX),
        note,
        ..View::default()
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{
        answers::{Asked, Source},
        charts::calendar::Offset,
    };
    use insights::{Activity, Assumed, Filter};

    const HOUR_MS: u64 = 3_600_000;
    const DAY_MS: u64 = 24 * HOUR_MS;

    fn looked_at(range: Range, offset: Offset<'_>, question: Question) -> View {
        let starts = super::super::period::starts(range, offset);
        let of = |start_ms: &u64| Activity {
            start_ms: *start_ms,
            visits: 1,
            users: 1,
            errors: 2,
            ..Activity::default()
        };
        let all: Vec<_> = starts.iter().map(of).collect();
        let asked = Asked {
            range,
            filter: Filter::default(),
            starts,
            funnel: Vec::new(),
            within_ms: None,
            known: Vec::new(),
            of: Source::Server,
        };
        let set = Setting {
            registry: &Rc::default(),
            asked: &asked,
            width: 900,
            offset,
            assumed: Assumed::default(),
            rows: 1,
        };
        activity_view(question, &all, &set)
    }

    fn tips(view: &View) -> Vec<&str> {
        let shapes = view.drawing.shapes.iter().map(|shape| &*shape.tip);
        shapes.filter(|tip| !tip.is_empty()).collect()
    }

    #[test]
    fn a_day_is_called_by_its_date_and_a_part_of_it_says_which() {
        let from_ms = 20_000 * DAY_MS + 19 * HOUR_MS;
        let view =
            looked_at(Range::new(from_ms, from_ms + 20 * DAY_MS), &|_| 0, Question::Activity);
        let tips = tips(&view);
        assert_eq!(tips[0], "4 Oct from 19:00 on: 1 visit, 2 errors");
        assert_eq!(tips[1], "5 Oct: 1 visit, 2 errors");
        assert_eq!(tips[20], "24 Oct until 19:00: 1 visit, 2 errors");
        assert_eq!(view.note, "Pale: only a part of it lies in the period.");
    }

    #[test]
    fn whole_days_are_not_partial_wherever_they_begin() {
        // Chile's day of 23 hours and the one after it.
        let santiago = |at| if at < 1_788_667_200_000 { -4 * 3_600_000 } else { -3 * 3_600_000 };
        let range = Range::new(1_788_667_200_000 - 16 * DAY_MS, 1_788_750_000_000 + DAY_MS);
        let view = looked_at(range, &santiago, Question::Users);
        assert_eq!(view.note, "");
        let tips = tips(&view);
        assert_eq!(tips[15..], ["5 Sep: 1 person", "6 Sep: 1 person", "7 Sep: 1 person"]);
    }

    #[test]
    fn hours_are_called_by_day_and_clock() {
        let range = Range::new(20_000 * DAY_MS, 20_000 * DAY_MS + 3 * HOUR_MS);
        let view = looked_at(range, &|_| 0, Question::Activity);
        assert_eq!(tips(&view)[1], "4 Oct, 00:05: 1 visit, 2 errors");
    }
}
