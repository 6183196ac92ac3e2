//! From an answer to a picture and a table.

use std::rc::Rc;

use insights::{Assumed, LENGTHS_MS};

use super::{
    cost, notes,
    table::{Table, Value},
    totals,
};
use crate::{
    answers::{Answer, Asked, Question},
    charts::{
        Drawing, bars,
        bars::Bar,
        calendar::{self, Offset},
        columns,
        columns::Column,
        heatmap, sankey,
        scale::{duration, grouped, percent},
    },
    registry::Registry,
};

/// All that a panel shows of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub tiles: Vec<Tile>,
    pub drawing: Drawing,
    pub table: Table,
    /// A sentence below the picture.
    pub note: String,
}

/// One number that is read at a glance.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    pub name: String,
    pub value: String,
    /// Below it.
    pub small: String,
}

pub struct Setting<'a> {
    pub registry: &'a Rc<Registry>,
    pub asked: &'a Asked,
    pub width: i32,
    pub offset: Offset<'a>,
    pub assumed: Assumed,
    /// How many rows of a long table are wanted: ways have very many.
    pub rows: usize,
}

/// How many bars a picture has; the table has all.
const BARS: usize = 10;

impl Setting<'_> {
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        match key {
            "(entry)" => "Arrives".to_owned(),
            "(exit)" => "Leaves".to_owned(),
            "(other)" => "Other".to_owned(),
            hash => {
                self.registry.find(hash).map_or_else(|| hash.to_owned(), |c| c.name.to_string())
            }
        }
    }

    fn component(&self, hash: &str) -> Value {
        Value::Component(hash.to_owned(), self.name(hash))
    }

    fn bar(&self, hash: &str, value: u64, shown: String) -> Bar {
        Bar { name: self.name(hash), value, shown, pick: Some(hash.to_owned()), ..Bar::default() }
    }

    fn counted(&self, hash: &str, value: u64) -> Bar {
        self.bar(hash, value, grouped(value))
    }

    fn bars(&self, mut all: Vec<Bar>, heads: Vec<&'static str>, rows: Vec<Vec<Value>>) -> View {
        let hidden = all.len().saturating_sub(BARS);
        all.truncate(BARS);
        let note = if hidden > 0 { format!("{hidden} more in the table.") } else { String::new() };
        View {
            drawing: bars::bars(&all, self.width),
            table: Table { heads, rows },
            note,
            ..View::default()
        }
    }

    fn when(&self, at_ms: u64) -> String {
        let span = self.asked.range.to_ms.saturating_sub(self.asked.range.from_ms);
        if span <= 2 * 24 * 3_600_000 {
            calendar::clock(at_ms, self.offset)
        } else {
            calendar::day(at_ms, self.offset)
        }
    }
}

#[must_use]
pub fn view(question: Question, answer: &Answer, set: &Setting<'_>) -> View {
    match answer {
        Answer::Totals(totals) => totals::view(totals),
        Answer::Cost(cost) => cost::view(cost, &set.assumed),
        Answer::Counts(counts) => {
            let unit = if question == Question::Visits { "Visits" } else { "Sessions" };
            let bars = counts.iter().map(|c| set.counted(&c.component, c.visits));
            let row = |c: &insights::ComponentVisits| {
                vec![set.component(&c.component), Value::Number(c.visits)]
            };
            set.bars(bars.collect(), vec!["Component", unit], counts.iter().map(row).collect())
        }
        Answer::Time(times) => {
            let bars =
                times.iter().map(|t| set.bar(&t.component, t.total_ms, duration(t.total_ms)));
            let row = |t: &insights::ComponentTime| {
                let mut row = vec![set.component(&t.component), Value::Ms(Some(t.total_ms))];
                row.extend([t.average_ms, t.median_ms, t.p95_ms].map(Value::Ms));
                row
            };
            let heads = vec!["Component", "Total", "Average", "Median", "95 of 100 below"];
            set.bars(bars.collect(), heads, times.iter().map(row).collect())
        }
        Answer::Loads(loads) => loads_view(loads, set),
        Answer::Errors(errors) => {
            let bars = errors.iter().map(|e| set.counted(&e.component, e.errors));
            let row = |e: &insights::ComponentErrors| {
                let latest = Value::Text(notes::messages(&e.latest));
                vec![set.component(&e.component), Value::Number(e.errors), latest]
            };
            let latest = errors
                .first()
                .and_then(|e| Some((set.name(&e.component), &e.latest.first()?.message)));
            let mut view = set.bars(
                bars.collect(),
                vec!["Component", "Errors", "Latest messages"],
                errors.iter().map(row).collect(),
            );
            if let Some((name, message)) = latest {
                view.note = format!("Latest in {name}: {message}");
            }
            view
        }
        Answer::Funnel(steps) => funnel_view(steps, set),
        Answer::Activity(stretches) => activity_view(question, stretches, set),
        Answer::Lengths(lengths) => lengths_view(lengths, set),
        Answer::Paths(paths) => {
            let link = |p: &insights::PathStep| sankey::Link {
                step: usize::try_from(p.step).unwrap_or(1),
                from: p.from.clone(),
                to: p.to.clone(),
                count: p.sessions,
            };
            let links: Vec<_> = paths.iter().map(link).collect();
            let row = |p: &insights::PathStep| {
                let (from, to) = (set.component(&p.from), set.component(&p.to));
                vec![Value::Number(p.step), from, to, Value::Number(p.sessions)]
            };
            View {
                drawing: sankey::sankey(&links, set.width, |key| set.name(key)),
                table: Table {
                    heads: vec!["Step", "From", "To", "Sessions"],
                    rows: paths.iter().take(set.rows).map(row).collect(),
                },
                ..View::default()
            }
        }
        Answer::Flows(flows) => {
            let cells: Vec<_> = flows
                .iter()
                .map(|f| heatmap::Cell { row: &f.from, column: &f.to, count: f.count })
                .collect();
            let row = |f: &insights::Flow| {
                vec![set.component(&f.from), set.component(&f.to), Value::Number(f.count)]
            };
            View {
                drawing: heatmap::heatmap(&cells, set.width, |key| set.name(key)),
                table: Table {
                    heads: vec!["From", "To", "Times"],
                    rows: flows.iter().take(set.rows).map(row).collect(),
                },
                ..View::default()
            }
        }
    }
}

fn loads_view(loads: &[insights::ComponentLoads], set: &Setting<'_>) -> View {
    // The slowest first.
    let mut loads: Vec<_> = loads.iter().collect();
    sankey::most_first(&mut loads, |l| l.median_ms.unwrap_or(0));
    let expected = |hash: &str| set.registry.find(hash).map(|c| c.expected_load_time_ms);
    let bars = loads.iter().map(|l| {
        let median = l.median_ms.unwrap_or(0);
        let mark = expected(&l.component);
        let bar = set.bar(&l.component, median, duration(median));
        let of = mark.map_or_else(String::new, |ms| format!(", expected {}", duration(ms)));
        let tip = format!("{}: {} in half of {} loads{of}", bar.name, bar.shown, grouped(l.loads));
        Bar { mark, tip, ..bar }
    });
    let row = |l: &&insights::ComponentLoads| {
        let mut row = vec![set.component(&l.component), Value::Number(l.loads)];
        row.extend([l.median_ms, l.p95_ms, expected(&l.component)].map(Value::Ms));
        row
    };
    let heads = vec!["Component", "Loads", "Median", "95 of 100 below", "Expected"];
    let mut view = set.bars(bars.collect(), heads, loads.iter().map(row).collect());
    view.note.insert_str(0, "The line is what the registry expects. ");
    view
}

fn funnel_view(steps: &[insights::FunnelStep], set: &Setting<'_>) -> View {
    let all = steps.first().map_or(0, |step| step.sessions);
    if all == 0 {
        return View::default();
    }
    let before = [all].into_iter().chain(steps.iter().map(|step| step.sessions));
    let mut bars = Vec::new();
    let mut rows = Vec::new();
    for (step, before) in steps.iter().zip(before) {
        let lost = before.saturating_sub(step.sessions);
        let (reach, drop) = (percent(step.sessions, all), percent(lost, before));
        let bar = set.bar(
            &step.component,
            step.sessions,
            format!("{} · {reach} %", grouped(step.sessions)),
        );
        let wait = step.median_ms_from_previous;
        let wait =
            wait.map_or_else(String::new, |ms| format!("; half of the others in {}", duration(ms)));
        let tip = if bars.is_empty() {
            format!("{}: {} sessions begin", bar.name, grouped(all))
        } else {
            format!("{}: {} ({drop} %) are lost before it{wait}", bar.name, grouped(lost))
        };
        bars.push(Bar { tip, ..bar });
        rows.push(vec![
            set.component(&step.component),
            Value::Number(step.sessions),
            Value::Number(lost),
            Value::Percent(drop),
            Value::Ms(step.median_ms_from_previous),
        ]);
    }
    let heads =
        vec!["Step", "Sessions", "Lost before it", "Of the step before", "Median time from it"];
    let mut view = set.bars(bars, heads, rows);
    if let [_, .., last] = steps {
        let (end, share) = (grouped(last.sessions), percent(last.sessions, all));
        view.note = format!("{end} of {} sessions ({share} %) come to the end.", grouped(all));
    }
    view
}

fn activity_view(question: Question, all: &[insights::Activity], set: &Setting<'_>) -> View {
    let users = question == Question::Users;
    let column = |a: &insights::Activity| {
        let at = format!(
            "{}, {}",
            calendar::day(a.start_ms, set.offset),
            calendar::clock(a.start_ms, set.offset)
        );
        let (value, tip) = if users {
            (a.users, format!("{at}: {} people", grouped(a.users)))
        } else {
            let (visits, errors) = (grouped(a.visits), grouped(a.errors));
            (a.visits, format!("{at}: {visits} visits, {errors} errors"))
        };
        Column { label: set.when(a.start_ms), value, tip, errors: if users { 0 } else { a.errors } }
    };
    let shown: Vec<Column> = all.iter().map(column).collect();
    let draw = if users { columns::line } else { columns::columns };
    let row = |a: &insights::Activity| {
        let counts = [a.visits, a.sessions, a.users, a.errors].map(Value::Number);
        [Value::Time(a.start_ms)].into_iter().chain(counts).collect()
    };
    let errors: u64 = all.iter().map(|a| a.errors).sum();
    let note = if errors > 0 && !users { "A diamond marks errors." } else { "" };
    View {
        drawing: draw(&shown, set.width),
        table: Table {
            heads: vec!["From", "Visits", "Sessions", "People", "Errors"],
            rows: all.iter().map(row).collect(),
        },
        note: note.to_owned(),
        ..View::default()
    }
}

fn lengths_view(lengths: &insights::SessionLengths, set: &Setting<'_>) -> View {
    let all: u64 = lengths.sessions.iter().sum();
    let label = |start: u64| if start == 0 { "0 s".to_owned() } else { duration(start) };
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    for (at, (start, sessions)) in LENGTHS_MS.iter().zip(&lengths.sessions).enumerate() {
        let label = label(*start);
        let to = LENGTHS_MS
            .get(at + 1)
            .map_or_else(|| " and longer".to_owned(), |end| format!(" to {}", duration(*end)));
        let tip =
            format!("{label}{to}: {} sessions ({} %)", grouped(*sessions), percent(*sessions, all));
        rows.push(vec![Value::Text(format!("{label}{to}")), Value::Number(*sessions)]);
        columns.push(Column { label, value: *sessions, tip, errors: 0 });
    }
    let note = match (lengths.median_ms, lengths.p95_ms) {
        (Some(half), Some(most)) => format!(
            "Half of the sessions are shorter than {}, 95 of 100 shorter than {}.",
            duration(half),
            duration(most)
        ),
        _ => String::new(),
    };
    View {
        drawing: columns::columns(&columns, set.width),
        table: Table { heads: vec!["Length", "Sessions"], rows },
        note,
        ..View::default()
    }
}
