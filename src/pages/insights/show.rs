//! From an answer to a picture and a table.

use std::rc::Rc;

use insights::Assumed;

use super::{
    cost, notes, over_time,
    table::{Table, Value},
    totals,
};
use crate::{
    answers::{Answer, Asked, Question},
    charts::{
        Drawing, bars,
        bars::Bar,
        calendar::Offset,
        heatmap, is_component, sankey,
        scale::{counted, duration, grouped, percent},
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
    /// How many rows of a long table are wanted.
    pub rows: usize,
}

/// How many bars a picture has; the table has all.
const BARS: usize = 10;

impl Setting<'_> {
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        match key {
            "(entry)" => "Entry".to_owned(),
            "(exit)" => "Exit".to_owned(),
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
        let pick = is_component(hash).then(|| hash.to_owned());
        Bar { name: self.name(hash), value, shown, pick, ..Bar::default() }
    }

    fn counted(&self, hash: &str, value: u64) -> Bar {
        self.bar(hash, value, grouped(value))
    }

    /// The first of `all` as bars, with their share of what all add up to, and the table.
    fn bars<T>(
        &self,
        all: &[T],
        value: impl Fn(&T) -> u64,
        bar: impl Fn(&T) -> Bar,
        heads: &[&'static str],
        row: impl Fn(&T) -> Vec<Value>,
    ) -> View {
        let whole = all.iter().fold(0_u64, |sum, one| sum.saturating_add(value(one)));
        let shown: Vec<Bar> = all.iter().take(BARS).map(bar).collect();
        let more = all.len().saturating_sub(BARS);
        let note = if more > 0 {
            format!("{} more in the table.", grouped(more as u64))
        } else {
            String::new()
        };
        View {
            drawing: bars::bars(&shown, whole, self.width),
            table: Table::new(heads, all.iter().map(row), self.rows),
            note,
            ..View::default()
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
            let row = |c: &insights::ComponentVisits| {
                vec![set.component(&c.component), Value::Number(c.visits)]
            };
            let bar = |c: &insights::ComponentVisits| set.counted(&c.component, c.visits);
            set.bars(counts, |c| c.visits, bar, &["Component", unit], row)
        }
        Answer::Time(times) => {
            let bar = |t: &insights::ComponentTime| {
                set.bar(&t.component, t.total_ms, duration(t.total_ms))
            };
            let row = |t: &insights::ComponentTime| {
                let mut row = vec![set.component(&t.component), Value::Ms(Some(t.total_ms))];
                row.extend([t.average_ms, t.median_ms, t.p95_ms].map(Value::Ms));
                row
            };
            let heads = ["Component", "Total", "Average", "Median", "95th percentile"];
            set.bars(times, |t| t.total_ms, bar, &heads, row)
        }
        Answer::Loads(loads) => loads_view(loads, set),
        Answer::Errors(errors) => errors_view(errors, set),
        Answer::Funnel(steps) => funnel_view(steps, set),
        Answer::Activity(stretches) => over_time::activity_view(question, stretches, set),
        Answer::Lengths(lengths) => over_time::lengths_view(lengths, set),
        Answer::Paths(paths) => paths_view(paths, set),
        Answer::Flows(flows) => flows_view(flows, set),
    }
}

fn errors_view(errors: &[insights::ComponentErrors], set: &Setting<'_>) -> View {
    let row = |e: &insights::ComponentErrors| {
        let latest = Value::Text(notes::messages(&e.latest));
        vec![set.component(&e.component), Value::Number(e.errors), latest]
    };
    let bar = |e: &insights::ComponentErrors| set.counted(&e.component, e.errors);
    let heads = ["Component", "Errors", "Latest messages"];
    let mut view = set.bars(errors, |e| e.errors, bar, &heads, row);
    let latest =
        errors.first().and_then(|e| Some((set.name(&e.component), &e.latest.first()?.message)));
    if let Some((name, message)) = latest {
        view.note = format!("Latest in {name}: {message}");
    }
    view
}

fn paths_view(paths: &[insights::PathStep], set: &Setting<'_>) -> View {
    let link = |p: &insights::PathStep| sankey::Link {
        step: usize::try_from(p.step).unwrap_or(1),
        from: p.from.clone(),
        to: p.to.clone(),
        count: p.sessions,
    };
    let links: Vec<_> = paths.iter().map(link).collect();
    let row = |p: &insights::PathStep| {
        let (from, to) = (set.component(&p.from), set.component(&p.to));
        vec![Value::Ordinal(p.step), from, to, Value::Number(p.sessions)]
    };
    let heads = ["Step", "From", "To", "Sessions"];
    View {
        drawing: sankey::sankey(&links, set.width, |key| set.name(key)),
        table: Table::new(&heads, paths.iter().map(row), set.rows),
        ..View::default()
    }
}

fn flows_view(flows: &[insights::Flow], set: &Setting<'_>) -> View {
    let cells: Vec<_> = flows
        .iter()
        .map(|f| heatmap::Cell { row: &f.from, column: &f.to, count: f.count })
        .collect();
    let row = |f: &insights::Flow| {
        vec![set.component(&f.from), set.component(&f.to), Value::Number(f.count)]
    };
    let drawing = heatmap::heatmap(&cells, set.width, |key| set.name(key));
    let more = drawing.left_out as u64;
    let mut note =
        "The darker a cell, the more moves: each shade is a fifth of the cells.".to_owned();
    if more > 0 {
        note.push_str(&format!(" {} in the table.", counted(more, "more component")));
    }
    View {
        drawing,
        table: Table::new(&["From", "To", "Moves"], flows.iter().map(row), set.rows),
        note,
        ..View::default()
    }
}

fn loads_view(loads: &[insights::ComponentLoads], set: &Setting<'_>) -> View {
    // The slowest first.
    let mut loads: Vec<_> = loads.iter().collect();
    loads.sort_by_key(|l| std::cmp::Reverse(l.median_ms));
    let expected = |hash: &str| set.registry.find(hash).map(|c| c.expected_load_time_ms);
    let bar = |l: &&insights::ComponentLoads| {
        let median = l.median_ms.unwrap_or(0);
        let mark = expected(&l.component);
        let bar = set.bar(&l.component, median, duration(median));
        let of = mark.map_or_else(String::new, |ms| format!(", expected {}", duration(ms)));
        let tip = format!("{}: median {} of {}{of}", bar.name, bar.shown, counted(l.loads, "load"));
        Bar { mark, tip, ..bar }
    };
    let row = |l: &&insights::ComponentLoads| {
        let mut row = vec![set.component(&l.component), Value::Number(l.loads)];
        row.extend([l.median_ms, l.p95_ms, expected(&l.component)].map(Value::Ms));
        row
    };
    let heads = ["Component", "Loads", "Median", "95th percentile", "Expected"];
    let mut view = set.bars(&loads, |l| l.median_ms.unwrap_or(0), bar, &heads, row);
    view.note.insert_str(0, "Line: expected load time. ");
    view
}

fn funnel_view(steps: &[insights::FunnelStep], set: &Setting<'_>) -> View {
    let all = steps.first().map_or(0, |step| step.sessions);
    if all == 0 {
        return View::default();
    }
    let before = [all].into_iter().chain(steps.iter().map(|step| step.sessions));
    let steps: Vec<_> = steps.iter().zip(before).enumerate().collect();
    let lost = |(at, (step, before)): &(usize, (&insights::FunnelStep, u64))| {
        let lost = if *at == 0 { 0 } else { before.saturating_sub(step.sessions) };
        (lost, percent(lost, *before))
    };
    let bar = |one: &(usize, (&insights::FunnelStep, u64))| {
        let (at, (step, _)) = one;
        let (lost, drop) = lost(one);
        let reach = percent(step.sessions, all);
        let shown = format!("{} · {reach} %", grouped(step.sessions));
        let bar = set.bar(&step.component, step.sessions, shown);
        let wait = step.median_ms_from_previous;
        let wait = wait.map_or_else(String::new, |ms| {
            format!("; median time from the previous step {}", duration(ms))
        });
        let tip = match at {
            0 => format!("{}: {} of the funnel", bar.name, counted(all, "session")),
            _ => format!(
                "{}: {} dropped off before it ({drop} %){wait}",
                bar.name,
                counted(lost, "session")
            ),
        };
        Bar { tip, ..bar }
    };
    let row = |one: &(usize, (&insights::FunnelStep, u64))| {
        let (_, (step, _)) = one;
        let (lost, drop) = lost(one);
        vec![
            set.component(&step.component),
            Value::Number(step.sessions),
            Value::Number(lost),
            Value::Percent(drop),
            Value::Ms(step.median_ms_from_previous),
        ]
    };
    let heads =
        ["Step", "Sessions", "Dropped off", "Drop-off rate", "Time from previous step (median)"];
    let mut view = set.bars(&steps, |(_, (step, _))| step.sessions, bar, &heads, row);
    if let [_, .., (_, (last, _))] = &steps[..] {
        let (end, share) = (grouped(last.sessions), percent(last.sessions, all));
        let complete = if last.sessions == 1 { "completes" } else { "complete" };
        view.note =
            format!("{end} of {} ({share} %) {complete} the funnel.", counted(all, "session"));
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Source;
    use insights::{ComponentVisits, Filter, FunnelStep, Range};

    const NAMES: usize = 100_000;

    fn looked_at(answer: &Answer, question: Question, rows: usize) -> View {
        let asked = Asked {
            range: Range::new(0, 3_600_000),
            filter: Filter::default(),
            starts: Vec::new(),
            funnel: Vec::new(),
            within_ms: None,
            known: Vec::new(),
            of: Source::Server,
        };
        let set = Setting {
            registry: &Rc::default(),
            asked: &asked,
            width: 600,
            offset: &|_| 0,
            assumed: Assumed::default(),
            rows,
        };
        view(question, answer, &set)
    }

    fn visits(count: usize, each: u64) -> Answer {
        let of = |at: usize| ComponentVisits {
            component: format!("c{at}"),
            name: String::new(),
            visits: each,
            folded: 0,
        };
        Answer::Counts((0..count).map(of).collect())
    }

    #[test]
    fn shares_are_of_all_rows_and_not_of_the_ten_that_are_drawn() {
        let drawn = looked_at(&visits(20, 5), Question::Visits, 1).drawing;
        assert_eq!(drawn.shapes[0].tip, "c0: 5 (5 %)");
    }

    #[test]
    fn a_hundred_thousand_names_are_ten_bars_and_as_many_rows_as_wanted() {
        let view = looked_at(&visits(NAMES, 1), Question::Visits, 200);
        assert_eq!((view.table.rows.len(), view.table.all), (200, NAMES));
        assert!(view.drawing.shapes.len() <= 4 * BARS, "{}", view.drawing.shapes.len());
        assert_eq!(view.note, "99,990 more in the table.");
    }

    #[test]
    fn what_stands_for_several_components_cannot_be_chosen() {
        let rest = |component: &str| ComponentVisits {
            component: component.to_owned(),
            name: String::new(),
            visits: 1,
            folded: 0,
        };
        let answer = Answer::Counts(vec![rest("a"), rest("(other)")]);
        let drawing = looked_at(&answer, Question::Visits, 1).drawing;
        let picks = drawing.shapes.iter().filter_map(|shape| shape.pick.as_deref());
        assert_eq!(picks.collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn one_session_completes_a_funnel() {
        let step = |component: &str| FunnelStep {
            component: component.to_owned(),
            sessions: 1,
            median_ms_from_previous: None,
        };
        let view = looked_at(&Answer::Funnel(vec![step("a"), step("b")]), Question::Funnel, 9);
        assert_eq!(view.note, "1 of 1 session (100 %) completes the funnel.");
        assert_eq!(view.drawing.shapes[0].tip, "a: 1 session of the funnel");
    }
}
