//! A table of counts, drawn: the more, the stronger.

use super::{
    Drawing, Shape, fit,
    scale::{grouped, percent, short},
};

/// One cell: from which row to which column, by their keys, and how often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    pub row: &'a str,
    pub column: &'a str,
    pub count: u64,
}

const SIDE: i32 = 26;
const STRENGTHS: [&str; 5] = ["heat h1", "heat h2", "heat h3", "heat h4", "heat h5"];

/// `rows` from top, `columns` from left, each at most 12 by what they add up to. `name` says how people
/// know a key.
#[must_use]
pub fn heatmap(cells: &[Cell<'_>], width: i32, name: impl Fn(&str) -> String) -> Drawing {
    let names = (width * 3 / 10).clamp(56, 160);
    let room = usize::try_from((width - names) / SIDE).unwrap_or(1).clamp(1, 12);
    let rows = largest(cells, |cell| cell.row, 12);
    let columns = largest(cells, |cell| cell.column, room);
    let wide = (width - names) / i32::try_from(columns.len().max(1)).unwrap_or(1);
    let most = cells.iter().map(|cell| cell.count).max().unwrap_or(0).max(1);
    let sum = cells.iter().fold(0_u64, |sum, cell| sum.saturating_add(cell.count));
    let mut drawing = Drawing { height: 20, shapes: Vec::new() };
    for (at, column) in (0_i32..).zip(&columns) {
        let column = name(column);
        let x = names + at * wide + wide / 2;
        drawing.shapes.push(Shape::text("head", x, 12, fit(&column, wide)).tip(&column));
    }
    let shown: Vec<_> = cells.iter().filter(|cell| columns.contains(&cell.column)).collect();
    for key in &rows {
        let y = drawing.height;
        drawing.height += SIDE;
        let row = name(key);
        drawing.shapes.push(Shape::text("side", names - 8, y + 17, fit(&row, names - 8)).tip(&row));
        let mut x = names;
        for column in &columns {
            let found = shown.iter().find(|cell| cell.row == *key && cell.column == *column);
            let class = found.map_or("heat", |cell| {
                let fifths = (u128::from(cell.count) * 5).div_ceil(u128::from(most));
                STRENGTHS[usize::try_from(fifths).unwrap_or(1).clamp(1, 5) - 1]
            });
            let mut shape = Shape::rect(class, x, y, wide - 2, SIDE - 2);
            if let Some(cell) = found {
                let (times, share) = (grouped(cell.count), percent(cell.count, sum));
                shape.tip = format!("{row} → {}: {times} times ({share} %)", name(column));
            }
            drawing.shapes.push(shape);
            if let Some(cell) = found {
                let text = fit(&short(cell.count), wide);
                drawing.shapes.push(Shape::text("in-cell", x + wide / 2, y + 16, text));
            }
            x += wide;
        }
    }
    drawing
}

/// The keys that add up to the most, most first, equal ones as they come.
fn largest<'a>(
    cells: &[Cell<'a>],
    key: impl Fn(&Cell<'a>) -> &'a str,
    most: usize,
) -> Vec<&'a str> {
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for cell in cells {
        let of = key(cell);
        match sums.iter_mut().find(|(known, _)| *known == of) {
            Some((_, sum)) => *sum = sum.saturating_add(cell.count),
            None => sums.push((of, cell.count)),
        }
    }
    super::sankey::most_first(&mut sums, |(_, sum)| *sum);
    sums.into_iter().take(most).map(|(of, _)| of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(draw(&many, 0).height > 0);
    }

    #[test]
    fn the_strongest_stand_first_and_tell_their_share() {
        let drawing = draw(&[(1, 1, 1), (2, 2, 1_500), (2, 1, 499)], 400);
        let first = drawing.shapes.iter().find(|shape| shape.class == "side").unwrap();
        assert_eq!(first.tip, "a long name for 2");
        let strongest = drawing.shapes.iter().find(|shape| shape.class == "heat h5").unwrap();
        assert_eq!(strongest.tip, "a long name for 2 → a long name for 2: 1,500 times (75 %)");
    }
}
