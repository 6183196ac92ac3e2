//! A table of counts, drawn: the more, the stronger.

use super::{Drawing, Shape, fit, scale::short};

/// One cell: from which row to which column, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub row: String,
    pub column: String,
    pub count: u64,
    pub tip: String,
}

const SIDE: i32 = 26;
const STRENGTHS: [&str; 5] = ["heat h1", "heat h2", "heat h3", "heat h4", "heat h5"];

/// `rows` from top, `columns` from left, each at most `MOST` by what they add up to.
#[must_use]
pub fn heatmap(cells: &[Cell], width: i32) -> Drawing {
    let names = (width * 3 / 10).clamp(56, 160);
    let room = usize::try_from((width - names) / SIDE).unwrap_or(1).clamp(1, 12);
    let rows = largest(cells, |cell| &cell.row, 12);
    let columns = largest(cells, |cell| &cell.column, room);
    let wide = (width - names) / i32::try_from(columns.len().max(1)).unwrap_or(1);
    let most = cells.iter().map(|cell| cell.count).max().unwrap_or(0).max(1);
    let mut drawing = Drawing { height: 20, shapes: Vec::new() };
    for (column, x) in
        columns.iter().zip((names..).step_by(usize::try_from(wide).unwrap_or(1).max(1)))
    {
        let head = Shape::text("head", x + wide / 2, 12, fit(column, wide)).tip(column);
        drawing.shapes.push(head);
    }
    for row in &rows {
        let y = drawing.height;
        drawing.height += SIDE;
        drawing.shapes.push(Shape::text("side", names - 8, y + 17, fit(row, names - 8)).tip(row));
        let mut x = names;
        for column in &columns {
            let found = cells.iter().find(|cell| cell.row == **row && cell.column == **column);
            let shape = match found {
                Some(cell) => {
                    let strength =
                        usize::try_from((u128::from(cell.count) * 5).div_ceil(u128::from(most)))
                            .unwrap_or(1)
                            .clamp(1, 5);
                    Shape::rect(STRENGTHS[strength - 1], x, y, wide - 2, SIDE - 2).tip(&cell.tip)
                }
                None => Shape::rect("heat", x, y, wide - 2, SIDE - 2),
            };
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

/// The names that add up to the most, most first, equal ones as they come.
fn largest<'a>(
    cells: &'a [Cell],
    name: impl Fn(&'a Cell) -> &'a String,
    most: usize,
) -> Vec<&'a String> {
    let mut sums: Vec<(&String, u64)> = Vec::new();
    for cell in cells {
        let of = name(cell);
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

    fn cell(row: usize, column: usize, count: u64) -> Cell {
        let (row, column) = (format!("row {row}"), format!("column {column}"));
        Cell { row, column, count, tip: count.to_string() }
    }

    #[test]
    fn none_one_and_far_too_many() {
        assert_eq!(heatmap(&[], 400).height, 20);
        let one = heatmap(&[cell(1, 1, u64::MAX)], 400);
        assert_eq!(one.shapes.iter().filter(|shape| shape.class == "heat h5").count(), 1);
        let many: Vec<Cell> =
            (0..200).flat_map(|row| (0..5).map(move |next| cell(row, row + next, 1))).collect();
        let drawing = heatmap(&many, 390);
        assert_eq!(drawing.height, 20 + 12 * SIDE);
        assert!(drawing.shapes.len() < 400);
    }

    #[test]
    fn the_strongest_stand_first() {
        let drawing = heatmap(&[cell(1, 1, 1), cell(2, 2, 10), cell(2, 1, 3)], 400);
        let first = drawing.shapes.iter().find(|shape| shape.class == "side").unwrap();
        assert_eq!(first.tip, "row 2");
    }
}
