//! From an answer to a picture and a table.

use std::rc::Rc;

use insights::LENGTHS_MS;

use crate::{
    answers::{Answer, Asked, Question},
    charts::{
        Drawing, bars,
        bars::Bar,
        calendar::{self, Offset},
        columns,
        columns::Column,
        heatmap, sankey,
        scale::{duration, percent},
    },
    registry::Registry,
};

/// All that a panel shows of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub drawing: Drawing,
    pub table: Table,
    /// A sentence below the picture.
    pub note: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub heads: Vec<&'static str>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    /// A component, by hash and name.
    Component(String, String),
    Number(u64),
    Ms(Option<u64>),
    /// Milliseconds since 1970.
    Time(u64),
}

pub struct Setting<'a> {
    pub registry: &'a Rc<Registry>,
    pub asked: &'a Asked,
    pub width: i32,
    pub offset: Offset<'a>,
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
        Bar { name: self.name(hash), value, shown, mark: None, pick: Some(hash.to_owned()) }
    }

    fn bars(&self, mut all: Vec<Bar>, heads: Vec<&'static str>, rows: Vec<Vec<Value>>) -> View {
        let hidden = all.len().saturating_sub(BARS);
        all.truncate(BARS);
        let note = if hidden > 0 { format!("{hidden} more in the table.") } else { String::new() };
        View { drawing: bars::bars(&all, self.width), table: Table { heads, rows }, note }
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
        Answer::Totals(_) => View::default(),
        Answer::Counts(counts) => {
            let unit = if question == Question::Visits { "Visits" } else { "Sessions" };
            let bars = counts.iter().map(|c| set.bar(&c.component, c.visits, c.visits.to_string()));
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
            let bars = errors.iter().map(|e| set.bar(&e.component, e.errors, e.errors.to_string()));
            let row = |e: &insights::ComponentErrors| {
                let latest = Value::Text(e.latest.join(" · "));
                vec![set.component(&e.component), Value::Number(e.errors), latest]
            };
            let latest =
                errors.first().and_then(|e| Some((set.name(&e.component), e.latest.first()?)));
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
                    rows: paths.iter().map(row).collect(),
                },
                note: String::new(),
            }
        }
        Answer::Flows(flows) => {
            let sum = flows.iter().map(|f| f.count).sum();
            let cell = |f: &insights::Flow| {
                let (row, column) = (set.name(&f.from), set.name(&f.to));
                let share = percent(f.count, sum);
                let tip = format!("{row} → {column}: {} times ({share} %)", f.count);
                heatmap::Cell { row, column, count: f.count, tip }
            };
            let cells: Vec<_> = flows.iter().map(cell).collect();
            let row = |f: &insights::Flow| {
                vec![set.component(&f.from), set.component(&f.to), Value::Number(f.count)]
            };
            View {
                drawing: heatmap::heatmap(&cells, set.width),
                table: Table {
                    heads: vec!["From", "To", "Times"],
                    rows: flows.iter().map(row).collect(),
                },
                note: String::new(),
            }
        }
    }
}

fn loads_view(loads: &[insights::ComponentLoads], set: &Setting<'_>) -> View {
    let expected = |hash: &str| set.registry.find(hash).map(|c| c.expected_load_time_ms);
    let bars = loads.iter().map(|l| {
        let median = l.median_ms.unwrap_or(0);
        Bar { mark: expected(&l.component), ..set.bar(&l.component, median, duration(median)) }
    });
    let row = |l: &insights::ComponentLoads| {
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
    let bars = steps.iter().map(|s| {
        let shown = format!("{} · {} %", s.sessions, percent(s.sessions, all));
        set.bar(&s.component, s.sessions, shown)
    });
    let mut before = all;
    let rows = steps.iter().map(|s| {
        let lost = before.saturating_sub(s.sessions);
        before = s.sessions;
        vec![
            set.component(&s.component),
            Value::Number(s.sessions),
            Value::Number(lost),
            Value::Ms(s.median_ms_from_previous),
        ]
    });
    let heads = vec!["Step", "Sessions", "Lost before it", "Median time from the step before"];
    set.bars(bars.collect(), heads, rows.collect())
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
            (a.users, format!("{at}: {} people", a.users))
        } else {
            (a.visits, format!("{at}: {} visits, {} errors", a.visits, a.errors))
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
    }
}

fn lengths_view(lengths: &insights::SessionLengths, set: &Setting<'_>) -> View {
    let bins = LENGTHS_MS.iter().zip(&lengths.sessions);
    let label = |start: u64| if start == 0 { "0 s".to_owned() } else { duration(start) };
    let column = |(start, sessions): (&u64, &u64)| Column {
        label: label(*start),
        value: *sessions,
        tip: format!("{} and longer: {sessions} sessions", label(*start)),
        errors: 0,
    };
    let row = |(start, sessions): (&u64, &u64)| {
        vec![Value::Text(label(*start)), Value::Number(*sessions)]
    };
    let median = lengths.median_ms.map_or_else(String::new, |ms| {
        format!("Half of the sessions are shorter than {}.", duration(ms))
    });
    View {
        drawing: columns::columns(&bins.clone().map(column).collect::<Vec<_>>(), set.width),
        table: Table { heads: vec!["From", "Sessions"], rows: bins.map(row).collect() },
        note: median,
    }
}

impl Table {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // A row of zeros says as little as none.
        self.rows.iter().flatten().all(|value| {
            matches!(value, Value::Number(0) | Value::Ms(_) | Value::Time(_) | Value::Text(_))
        })
    }

    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = self.heads.join(",");
        for row in &self.rows {
            text.push('\n');
            let cells: Vec<String> = row.iter().map(Value::in_csv).collect();
            text.push_str(&cells.join(","));
        }
        text
    }

    /// One object for each row.
    #[must_use]
    pub fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let fields: Vec<String> = self
                .heads
                .iter()
                .zip(row)
                .map(|(head, value)| format!("{}: {}", quoted(head), value.in_json()))
                .collect();
            format!("  {{ {} }}", fields.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(object).collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }
}

impl Value {
    /// As a person reads it.
    #[must_use]
    pub fn shown(&self, offset: Offset<'_>) -> String {
        match self {
            Self::Text(text) | Self::Component(_, text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Ms(ms) => ms.map_or_else(|| "–".to_owned(), duration),
            Self::Time(at) => {
                format!("{} {}", calendar::date(*at, offset), calendar::clock(*at, offset))
            }
        }
    }

    fn exact(&self) -> Option<u64> {
        match self {
            Self::Number(number) | Self::Ms(Some(number)) | Self::Time(number) => Some(*number),
            Self::Text(_) | Self::Component(..) | Self::Ms(None) => None,
        }
    }

    /// Durations and times in ms. A text that a spreadsheet would run begins with a quote.
    fn in_csv(&self) -> String {
        if let Some(number) = self.exact() {
            return number.to_string();
        }
        match self {
            Self::Text(text) | Self::Component(_, text) => {
                let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
                format!("\"{guard}{}\"", text.replace('"', "\"\""))
            }
            _ => String::new(),
        }
    }

    fn in_json(&self) -> String {
        match (self, self.exact()) {
            (_, Some(number)) => number.to_string(),
            (Self::Text(text), _) => quoted(text),
            (Self::Component(hash, _), _) => quoted(hash),
            _ => "null".to_owned(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_are_exact_and_cannot_be_run() {
        let table = Table {
            heads: vec!["Component", "Visits", "Median"],
            rows: vec![
                vec![
                    Value::Component("a".into(), "=A \"1\"".into()),
                    Value::Number(3),
                    Value::Ms(Some(1_499)),
                ],
                vec![Value::Text("x, y".into()), Value::Number(0), Value::Ms(None)],
            ],
        };
        assert_eq!(table.csv(), "Component,Visits,Median\n\"'=A \"\"1\"\"\",3,1499\n\"x, y\",0,");
        let json: serde_json::Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(json[0]["Component"], "a");
        assert_eq!(json[0]["Median"], 1_499);
        assert_eq!(json[1]["Median"], serde_json::Value::Null);
    }
}
