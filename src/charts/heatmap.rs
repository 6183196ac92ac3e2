//! A table of counts, drawn: the more, the stronger.

use std::collections::BTreeMap;

use super::{
    Drawing, Shape, fit, fit_all, is_component,
    scale::{counted, percent, short},
    sums,
};

/// One cell: from which row to which column, by their keys, and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    pub row: &'a str,
    pub column: &'a str,
    pub count: u64,
}

const SIDE: i32 = 26;
/// A column is as wide as a name of six letters.
const WIDE: i32 = 44;
/// Components in a row or a column, beside the entry, the exit and the rest.
const MOST: usize = 12;
/// Between components and what is none.
const GAP: i32 = 8;
const STRENGTHS: [&str; 5] = ["heat h1", "heat h2", "heat h3", "heat h4", "heat h5"];

/// `rows` from top, `columns` from left, each at most 12 by what they add up to. The entry stands above and
/// the exit to the right, set apart. `name` says how people know a key.
#[must_use]
pub fn heatmap(cells: &[Cell<'_>], width: i32, name: impl Fn(&str) -> String) -> Drawing {
    let side = (width * 3 / 10).clamp(56, 160);
    let room = usize::try_from((width - side - GAP) / WIDE).unwrap_or(1).clamp(1, MOST);
    let (rows, more_rows) = keys(cells.iter().map(|cell| (cell.row, cell.count)), MOST);
    let (columns, more_columns) = keys(cells.iter().map(|cell| (cell.column, cell.count)), room);
    let grid = grid(cells, &rows, &columns);
    let strength = strength(&grid);
    let sum = cells.iter().fold(0_u64, |sum, cell| sum.saturating_add(cell.count));
    let wide = (width - side - GAP) / i32::try_from(columns.len().max(1)).unwrap_or(1);
    let x = |at: usize| {
        let gap = if columns.get(at).is_some_and(|key| !is_component(key)) { GAP } else { 0 };
        side + gap + i32::try_from(at).unwrap_or(0) * wide
    };
    let left_out = more_rows.max(more_columns);
    let mut drawing = Drawing { height: 20, left_out, ..Drawing::default() };
    let columns: Vec<String> = columns.iter().map(|key| name(key)).collect();
    for (at, (column, fitted)) in columns.iter().zip(fit_all(&columns, wide - 4)).enumerate() {
        drawing.shapes.push(Shape::text("head", x(at) + wide / 2, 12, fitted).tip(column));
    }
    let names: Vec<String> = rows.iter().map(|key| name(key)).collect();
    for (at, (row, fitted)) in names.iter().zip(fit_all(&names, side - 8)).enumerate() {
        let y = drawing.height;
        drawing.height += SIDE;
        if !is_component(rows[at]) && rows.len() > 1 {
            drawing.height += GAP;
        }
        drawing.shapes.push(Shape::text("side", side - 8, y + 17, fitted).tip(row));
        for (to, column) in columns.iter().enumerate() {
            let count = grid.get(&(at, to)).copied().unwrap_or(0);
            let class = if count > 0 { STRENGTHS[strength(count)] } else { "heat" };
            let mut shape = Shape::rect(class, x(to), y, wide - 2, SIDE - 2);
            if count > 0 {
                let share = percent(count, sum);
                shape.tip = format!("{row} → {column}: {} ({share} %)", counted(count, "move"));
            }
            drawing.shapes.push(shape);
            if count > 0 {
                let text = fit(&short(count), wide);
                drawing.shapes.push(Shape::text("in-cell", x(to) + wide / 2, y + 16, text));
            }
        }
    }
    drawing
}

/// The entry first, then the `most` components that add up to the most, then the rest and the exit; and how
/// many more there are.
fn keys<'a>(counts: impl Iterator<Item = (&'a str, u64)>, most: usize) -> (Vec<&'a str>, usize) {
    let sums = sums(counts);
    let has = |key: &str| sums.iter().find(|(known, _)| *known == key).map(|(known, _)| *known);
    let components = sums.iter().map(|(key, _)| *key).filter(|key| is_component(key));
    let more = components.clone().count().saturating_sub(most);
    let special = [has("(other)"), has("(hidden)"), has("(exit)")].into_iter().flatten();
    (has("(entry)").into_iter().chain(components.take(most)).chain(special).collect(), more)
}

/// What is drawn, by the places of row and column.
fn grid(cells: &[Cell<'_>], rows: &[&str], columns: &[&str]) -> BTreeMap<(usize, usize), u64> {
    let places = |keys: &[&str]| -> BTreeMap<String, usize> {
        keys.iter().enumerate().map(|(at, key)| ((*key).to_owned(), at)).collect()
    };
    let (rows, columns) = (places(rows), places(columns));
    let mut grid = BTreeMap::new();
    for cell in cells {
        if let (Some(row), Some(column)) = (rows.get(cell.row), columns.get(cell.column)) {
            let count: &mut u64 = grid.entry((*row, *column)).or_default();
            *count = count.saturating_add(cell.count);
        }
    }
    grid
}

/// In which fifth of the drawn counts a count lies: one cell that has very many leaves the others apart.
fn strength(grid: &BTreeMap<(usize, usize), u64>) -> impl Fn(u64) -> usize {
    let mut counts: Vec<u64> = grid.values().copied().filter(|count| *count > 0).collect();
    counts.sort_unstable();
    move |count| {
        let at_most = counts.partition_point(|known| *known <= count);
        (at_most * 5).div_ceil(counts.len().max(1)).clamp(1, 5) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Form;

    fn draw(cells: &[(usize, usize, u64)], width: i32) -> Drawing {
        let keys: Vec<String> = (0..400).map(|at| at.to_string()).collect();
        let cells: Vec<_> = cells
            .iter()
            .map(|&(row, column, count)| {
                let (row, column): (&str, &str) = (&keys[row], &keys[column]);
                Cell { row, column, count }
            })
            .collect();
        heatmap(&cells, width, |key| format!("a long name for {key}"))
    }

    fn texts(drawing: &Drawing, class: &str) -> Vec<String> {
        let of = drawing.shapes.iter().filter(|shape| shape.class == class);
        of.filter_map(|shape| match &shape.form {
            Form::Text { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
    }

    #[test]
    fn none_one_and_far_too_many() {
        assert_eq!(draw(&[], 400).height, 20);
        let one = draw(&[(1, 1, u64::MAX)], 400);
        assert_eq!(one.shapes.iter().filter(|shape| shape.class == "heat h5").count(), 1);
        let many: Vec<_> =
            (0..200).flat_map(|row| (0..200).map(move |next| (row, next, u64::MAX))).collect();
        let drawing = draw(&many, 390);
        assert_eq!(drawing.height, 20 + 12 * SIDE);
        assert!(drawing.shapes.len() < 400);
        // Six columns have room.
        assert_eq!(drawing.left_out, 194);
        assert!(draw(&many, 0).height > 0);
    }

    #[test]
    fn the_strongest_stand_first_and_tell_their_share() {
        let drawing = draw(&[(1, 1, 1), (2, 2, 1_500), (2, 1, 499)], 400);
        let first = drawing.shapes.iter().find(|shape| shape.class == "side").unwrap();
        assert_eq!(first.tip, "a long name for 2");
        let strongest = drawing.shapes.iter().find(|shape| shape.class == "heat h5").unwrap();
        assert_eq!(strongest.tip, "a long name for 2 → a long name for 2: 1,500 moves (75 %)");
    }

    #[test]
    fn one_cell_does_not_set_the_scale_of_all() {
        let cells: Vec<_> =
            (0..10).map(|at| (at, at, if at == 0 { 1_000_000 } else { at as u64 })).collect();
        let drawing = draw(&cells, 900);
        for class in STRENGTHS {
            let count = drawing.shapes.iter().filter(|shape| shape.class == class).count();
            assert_eq!(count, 2, "{class}");
        }
    }

    #[test]
    fn the_entry_the_rest_and_the_exit_are_no_components_among_others() {
        let cells =
            [("(entry)", "b", 90), ("a", "(exit)", 80), ("a", "b", 1), ("(other)", "(other)", 70)]
                .map(|(row, column, count)| Cell { row, column, count });
        let drawing = heatmap(&cells, 600, str::to_owned);
        assert_eq!(texts(&drawing, "side"), ["(entry)", "a", "(other)"]);
        assert_eq!(texts(&drawing, "head"), ["b", "(other)", "(exit)"]);
    }

    #[test]
    fn a_hundred_thousand_names_are_named_a_few_times_only() {
        let keys: Vec<String> = (0..100_000).map(|at| format!("c{at}")).collect();
        let cells: Vec<_> =
            keys.iter().map(|key| Cell { row: key, column: key, count: 1 }).collect();
        let asked = std::cell::Cell::new(0);
        let drawing = heatmap(&cells, 1_200, |key| {
            asked.set(asked.get() + 1);
            key.to_owned()
        });
        assert!(asked.get() <= 2 * MOST + 8, "{}", asked.get());
        assert!(drawing.shapes.len() < 400);
        assert_eq!(drawing.left_out, 100_000 - MOST);
    }
}
