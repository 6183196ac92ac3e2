//! What was seen when: a row for each component, and time from left to right.

use std::collections::BTreeMap;

use super::{
    Drawing, Shape, fit_all,
    scale::{duration, place},
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub name: String,
    pub bars: Vec<Bar>,
    pub marks: Vec<Mark>,
}

/// Times count from the left end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    pub from_ms: u64,
    pub to_ms: u64,
    /// Parts of it that nobody saw.
    pub hidden: Vec<(u64, u64)>,
    pub tip: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at_ms: u64,
    pub bad: bool,
    pub tip: String,
}

/// More components than this are no picture any more.
pub const MAX_ROWS: usize = 60;
const TOP: i32 = 22;
const HIGH: i32 = 30;
const BAR: i32 = 16;
/// Pixels that a label of the axis needs.
const LABEL: i32 = 76;
/// Between two lines of what is hatched.
const HATCH: usize = 6;

/// `span_ms` is the time at the right end.
#[must_use]
pub fn timeline(rows: &[Row], span_ms: u64, width: i32) -> Drawing {
    let rows = &rows[..rows.len().min(MAX_ROWS)];
    let left = (width * 3 / 10).clamp(0, 190);
    let plot = (width - left - 8).max(1);
    let x = |at_ms: u64| left + place(at_ms, span_ms, plot);
    let high = i32::try_from(rows.len()).unwrap_or(0) * HIGH;
    let mut shapes = Vec::new();
    for tick in ticks(span_ms, plot / LABEL) {
        shapes.push(Shape::rect("grid", x(tick), TOP - 4, 1, high + 4));
        let label = if tick == 0 { "0".to_owned() } else { duration(tick) };
        // Rather none than half of it.
        if x(tick) + LABEL / 2 <= width || tick == 0 {
            shapes.push(Shape::text("label", x(tick) + 3, TOP - 8, label));
        }
    }
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let names = fit_all(&names, left - 14);
    for ((at, row), name) in (0_i32..).zip(rows).zip(names) {
        let y = TOP + at * HIGH + (HIGH - BAR) / 2 - 2;
        shapes.push(Shape::text("name", 0, y + 12, name).tip(&row.name));
        for bar in &row.bars {
            draw_bar(bar, &x, y, &mut shapes);
        }
        draw_marks(&row.marks, &x, y, &mut shapes);
    }
    Drawing { height: TOP + high + 4, shapes, left_out: 0 }
}

fn draw_bar(bar: &Bar, x: &dyn Fn(u64) -> i32, y: i32, shapes: &mut Vec<Shape>) {
    // What is short is seen all the same.
    let stretch = |from_ms: u64, to_ms: u64| (x(from_ms), (x(to_ms) - x(from_ms)).max(2));
    let mut from_ms = bar.from_ms;
    for &(hidden_ms, back_ms) in &bar.hidden {
        let (left, wide) = stretch(from_ms, hidden_ms);
        shapes.push(Shape::rect("visit", left, y, wide, BAR).tip(&bar.tip));
        let (left, wide) = stretch(hidden_ms, back_ms);
        shapes.push(Shape::rect("unseen", left, y, wide, BAR).tip(&bar.tip));
        shapes.push(Shape::path("hatch", hatch(left, y, wide, BAR), 1));
        from_ms = back_ms;
    }
    let (left, wide) = stretch(from_ms, bar.to_ms);
    shapes.push(Shape::rect("visit", left, y, wide, BAR).tip(&bar.tip));
}

/// Lines from the lower left to the upper right that end at the edges.
fn hatch(x: i32, y: i32, width: i32, height: i32) -> String {
    let mut d = String::new();
    for start in (-height + 3..width).step_by(HATCH) {
        let (from, to) = (start.max(0), (start + height).min(width));
        let (low, top) = (y + height - (from - start), y + height - (to - start));
        d.push_str(&format!("M{} {low}L{} {top}", x + from, x + to));
    }
    d
}

/// A tick below the bar for what somebody did, a diamond on it for what went wrong; one for all on the
/// same pixel.
fn draw_marks(marks: &[Mark], x: &dyn Fn(u64) -> i32, y: i32, shapes: &mut Vec<Shape>) {
    let mut places: BTreeMap<(bool, i32), (usize, &str)> = BTreeMap::new();
    for mark in marks {
        places.entry((mark.bad, x(mark.at_ms))).or_insert((0, &mark.tip)).0 += 1;
    }
    for ((bad, x), (count, tip)) in places {
        let tip = if count > 1 { format!("{tip} · and {} more", count - 1) } else { tip.into() };
        let (class, d) = if bad {
            ("failed", format!("M{x} {} l6 6 l-6 6 l-6 -6 z", y + BAR / 2 - 6))
        } else {
            ("done", format!("M{x} {} v7", y + BAR + 1))
        };
        shapes.push(Shape::path(class, d, 2).tip(&tip));
    }
}

/// Round times from 0 on, about `count` of them, none beyond `span_ms`.
fn ticks(span_ms: u64, count: i32) -> Vec<u64> {
    const SECONDS: [u64; 15] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
    let count = u64::try_from(count).unwrap_or(0).max(1);
    let fits = |step: &u64| span_ms / step <= count;
    let longest = span_ms.div_ceil(count).max(1);
    let mut steps = SECONDS.into_iter().map(|seconds| seconds * 1_000);
    let step = steps.find(fits).unwrap_or(longest);
    (0..=span_ms / step).map(|at| at * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Form;

    fn row(from_ms: u64, to_ms: u64) -> Row {
        let mark = |at_ms, bad| Mark { at_ms, bad, tip: format!("at {at_ms}") };
        Row {
            name: "A component with quite a long name".into(),
            bars: vec![Bar { from_ms, to_ms, hidden: vec![(from_ms, to_ms)], tip: "tip".into() }],
            marks: vec![mark(from_ms, false), mark(from_ms, false), mark(to_ms, true)],
        }
    }

    fn of<'a>(drawing: &'a Drawing, class: &str) -> Vec<&'a Shape> {
        drawing.shapes.iter().filter(|shape| shape.class == class).collect()
    }

    #[test]
    fn none_one_and_many_stay_inside() {
        for (rows, span_ms, width) in [
            (vec![], 0, 400),
            (vec![row(0, 0)], 0, 400),
            (vec![row(0, 1)], 1, 0),
            (vec![row(5, 90_000)], 90_000, 390),
            (vec![row(0, u64::MAX)], u64::MAX, 1_400),
            (vec![row(1, 2); 200], 50_000_000, 900),
        ] {
            let drawing = timeline(&rows, span_ms, width);
            assert_eq!(of(&drawing, "name").len(), rows.len().min(MAX_ROWS));
            for shape in &drawing.shapes {
                if let Form::Rect { x, y, width: wide, height } = shape.form {
                    assert!(x >= 0 && y >= 0 && wide > 0, "{shape:?}");
                    assert!(x + wide <= width.max(12) + 2, "{shape:?} of {width}");
                    assert!(y + height <= drawing.height, "{shape:?}");
                }
            }
            assert!(of(&drawing, "label").len() <= 20);
        }
    }

    #[test]
    fn marks_on_the_same_pixel_are_one_that_says_so() {
        let drawing = timeline(&[row(0, 1_000)], 1_000, 600);
        let done = of(&drawing, "done");
        assert_eq!(done.len(), 1);
        assert_eq!(done[0].tip, "at 0 · and 1 more");
        assert_eq!(of(&drawing, "failed").len(), 1);
    }

    #[test]
    fn what_is_hidden_is_hatched_within_its_edges() {
        assert_eq!(hatch(10, 0, 4, 8), "M10 3L13 0M11 8L14 5");
        assert_eq!(hatch(0, 0, 0, 8).matches('L').count(), 1);
    }

    #[test]
    fn ticks_are_round_times() {
        assert_eq!(ticks(0, 5), [0]);
        assert_eq!(ticks(9_000, 5), [0, 2_000, 4_000, 6_000, 8_000]);
        assert_eq!(ticks(3_700_000, 4), [0, 900_000, 1_800_000, 2_700_000, 3_600_000]);
        assert!(ticks(u64::MAX, 4).len() <= 5);
    }
}
