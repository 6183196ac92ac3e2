//! Columns and lines over an axis that begins at zero.

use super::{
    Drawing, Shape,
    scale::{place, short, ticks},
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Below the axis.
    pub label: String,
    pub value: u64,
    pub tip: String,
    pub errors: u64,
    /// Only a part of its time is counted: it began before the range, or is not over.
    pub is_partial: bool,
}

const PLOT: i32 = 132;
const LEFT: i32 = 36;
const TOP: i32 = 14;
/// Pixels that a label below the axis needs.
const LABEL: i32 = 56;

/// More errors than twice the usual number, which is what half of the columns have or less.
#[must_use]
pub fn has_many_errors(columns: &[Column]) -> Vec<bool> {
    let mut errors: Vec<u64> = columns.iter().map(|column| column.errors).collect();
    errors.sort_unstable();
    let usual = errors.get(errors.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    columns.iter().map(|column| column.errors > usual.saturating_mul(2)).collect()
}

/// One column each, and a diamond over those with many errors.
#[must_use]
pub fn columns(columns: &[Column], width: i32) -> Drawing {
    let (mut drawing, top) = axis(columns, width);
    let marked = has_many_errors(columns);
    for (at, column) in columns.iter().enumerate() {
        let (x, next) = (left(at, columns.len(), width), left(at + 1, columns.len(), width));
        let (wide, high) = ((next - x - 2).max(1), place(column.value, top, PLOT));
        let high = if column.value > 0 { high.max(2) } else { 0 };
        let y = TOP + PLOT - high;
        let class = if column.is_partial { "column partial" } else { "column" };
        drawing.shapes.push(Shape::rect(class, x, y, wide, high));
        if marked[at] {
            let (middle, y) = (x + wide / 2, y - 7);
            let d = format!("M{middle} {} l4 4 l-4 4 l-4 -4 z", y - 4);
            drawing.shapes.push(Shape::path("error", d, 0));
        }
        drawing.shapes.push(hit(column, x, next));
    }
    drawing
}

/// One line through all, with a dot on each when there are few.
#[must_use]
pub fn line(columns: &[Column], width: i32) -> Drawing {
    let (mut drawing, top) = axis(columns, width);
    let middle = |at: usize| {
        let count = columns.len();
        i32::midpoint(left(at, count, width), left(at + 1, count, width))
    };
    let points = columns
        .iter()
        .enumerate()
        .map(|(at, column)| (middle(at), TOP + PLOT - place(column.value, top, PLOT)));
    let mut d = String::new();
    for (x, y) in points.clone() {
        d.push_str(if d.is_empty() { "M" } else { " L" });
        d.push_str(&format!("{x} {y}"));
    }
    drawing.shapes.push(Shape::path("line", d, 2));
    for ((at, column), (x, y)) in columns.iter().enumerate().zip(points) {
        if columns.len() <= 40 {
            let class = if column.is_partial { "dot partial" } else { "dot" };
            drawing.shapes.push(Shape::rect(class, x - 2, y - 2, 4, 4));
        }
        let count = columns.len();
        drawing.shapes.push(hit(column, left(at, count, width), left(at + 1, count, width)));
    }
    drawing
}

fn hit(column: &Column, x: i32, next: i32) -> Shape {
    Shape::rect("hit", x, 0, next - x, TOP + PLOT).tip(&column.tip)
}

fn left(at: usize, count: usize, width: i32) -> i32 {
    let whole = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    LEFT + place(whole(at), whole(count), (width - LEFT).max(1))
}

/// Grid, numbers and labels; and where the axis ends.
fn axis(columns: &[Column], width: i32) -> (Drawing, u64) {
    let most = columns.iter().map(|column| column.value).max().unwrap_or(0);
    let ticks = ticks(most, 3);
    let top = ticks.last().copied().unwrap_or(1);
    let mut shapes = Vec::new();
    for tick in ticks {
        let y = TOP + PLOT - place(tick, top, PLOT);
        shapes.push(Shape::rect("grid", LEFT, y, (width - LEFT).max(0), 1));
        shapes.push(Shape::text("tick", LEFT - 6, y + 4, short(tick)));
    }
    let fitting = usize::try_from((width - LEFT) / LABEL).unwrap_or(1).max(1);
    let every = columns.len().div_ceil(fitting).max(1);
    let mut last = "";
    for (at, column) in columns.iter().enumerate().step_by(every) {
        // A day of four columns is named once.
        if column.label == last {
            continue;
        }
        let x = left(at, columns.len(), width);
        // Rather none than half of it.
        if at > 0 && x + LABEL - 16 > width {
            continue;
        }
        last = &column.label;
        shapes.push(Shape::text("label", x, TOP + PLOT + 18, column.label.clone()));
    }
    (Drawing { height: TOP + PLOT + 24, shapes, left_out: 0 }, top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Form;

    fn column(value: u64) -> Column {
        Column {
            label: "1 Jan".into(),
            value,
            tip: value.to_string(),
            errors: value % 2,
            is_partial: false,
        }
    }

    fn count(drawing: &Drawing, class: &str) -> usize {
        drawing.shapes.iter().filter(|shape| shape.class == class).count()
    }

    #[test]
    fn none_one_and_many() {
        for draw in [columns, line] {
            assert_eq!(count(&draw(&[], 400), "hit"), 0);
            assert_eq!(count(&draw(&[column(3)], 400), "hit"), 1);
            let many: Vec<Column> = (0..720).map(column).collect();
            let drawing = draw(&many, 390);
            assert_eq!(count(&drawing, "hit"), 720);
            let labels = drawing.shapes.iter().filter(|shape| shape.class == "label");
            let ends = labels.map(|shape| match shape.form {
                Form::Text { x, .. } => x + 40,
                _ => 0,
            });
            assert!((1..=7).contains(&ends.clone().count()) && ends.max() <= Some(390));
            assert!(drawing.shapes.iter().all(|shape| match shape.form {
                Form::Rect { x, y, width, height } => {
                    x >= 0
                        && y >= 0
                        && width >= 0
                        && x + width <= 392
                        && y + height <= drawing.height
                }
                _ => true,
            }));
        }
    }

    #[test]
    fn the_smallest_value_is_seen_and_none_is_not() {
        let high = |value| {
            let drawing = columns(&[column(u64::MAX), column(value)], 400);
            let last = drawing.shapes.iter().rfind(|shape| shape.class == "column").cloned();
            match last.map(|shape| shape.form) {
                Some(Form::Rect { height, .. }) => height,
                _ => -1,
            }
        };
        assert_eq!((high(0), high(1)), (0, 2));
    }

    #[test]
    fn columns_with_many_errors_are_marked_with_a_shape() {
        assert_eq!(count(&columns(&[column(1), column(2)], 400), "error"), 1);
        let with = |errors: &[u64]| -> Vec<Column> {
            errors.iter().map(|errors| Column { errors: *errors, ..column(9) }).collect()
        };
        // One over every column would say nothing.
        assert_eq!(count(&columns(&with(&[4, 5, 6, 5, 4]), 400), "error"), 0);
        assert_eq!(has_many_errors(&with(&[4, 5, 30, 5, 0])), [false, false, true, false, false]);
        assert_eq!(has_many_errors(&with(&[0, 0, 1])), [false, false, true]);
        assert!(has_many_errors(&[]).is_empty());
    }

    #[test]
    fn a_part_of_a_column_looks_different() {
        let part = Column { is_partial: true, ..column(3) };
        for (draw, class) in [(columns as fn(&[Column], i32) -> Drawing, "column"), (line, "dot")] {
            let drawing = draw(&[part.clone(), column(3)], 400);
            assert_eq!(count(&drawing, class), 1);
            assert_eq!(count(&drawing, &format!("{class} partial")), 1);
        }
    }
}
