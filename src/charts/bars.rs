//! Horizontal bars, the name on the bar and the number at the end of the line.

use super::{
    Drawing, Shape, fit_all,
    scale::{percent, place},
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    pub name: String,
    pub value: u64,
    /// The number as it is read.
    pub shown: String,
    /// For whoever points at it; the share of the whole when left out.
    pub tip: String,
    /// Drawn as a line: what was expected.
    pub mark: Option<u64>,
    pub pick: Option<String>,
}

const ROW: i32 = 28;

/// One line for each of `bars`; the longest fills the width. Shares are of `whole`: what all add up to, also
/// those that are not drawn.
#[must_use]
pub fn bars(bars: &[Bar], whole: u64, width: i32) -> Drawing {
    let top = bars.iter().flat_map(|bar| [Some(bar.value), bar.mark]).flatten().max().unwrap_or(0);
    let shown = bars.iter().map(|bar| bar.shown.chars().count()).max().unwrap_or(0);
    let number = i32::try_from(shown).unwrap_or(0).saturating_mul(8) + 12;
    let room = (width - number).max(1);
    let names: Vec<String> = bars.iter().map(|bar| bar.name.clone()).collect();
    let mut drawing = Drawing::default();
    for (bar, name) in bars.iter().zip(fit_all(&names, room - 8)) {
        let y = drawing.height;
        drawing.height += ROW;
        let tip = match &*bar.tip {
            "" => format!("{}: {} ({} %)", bar.name, bar.shown, percent(bar.value, whole)),
            own => own.to_owned(),
        };
        let pick = bar.pick.as_deref();
        drawing.shapes.extend([
            Shape::rect("hit", 0, y, width, ROW).tip(&tip).pick(pick),
            Shape::rect("bar", 0, y + 2, place(bar.value, top, room).max(2), ROW - 4),
            Shape::text("name", 8, y + 18, name),
            Shape::text("number", width, y + 18, bar.shown.clone()),
        ]);
        if let Some(mark) = bar.mark {
            let x = place(mark, top, room).min(room - 2);
            // Below the name, so that it cuts no letter.
            drawing.shapes.push(Shape::rect("mark", x, y + ROW - 8, 2, 8));
        }
    }
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Form;

    fn widths(drawing: &Drawing) -> Vec<i32> {
        let wide = |shape: &Shape| match shape.form {
            Form::Rect { width, .. } if shape.class == "bar" => Some(width),
            _ => None,
        };
        drawing.shapes.iter().filter_map(wide).collect()
    }

    fn bar(value: u64) -> Bar {
        Bar { name: "n".repeat(300), value, shown: value.to_string(), ..Bar::default() }
    }

    #[test]
    fn none_one_many_tiny_and_huge() {
        assert_eq!(bars(&[], 0, 400), Drawing::default());
        assert_eq!(widths(&bars(&[bar(0)], 0, 400)), [2]);
        assert_eq!(widths(&bars(&[bar(4), bar(2)], 6, 100)), [80, 40]);
        let all: Vec<Bar> = (0..200).map(|n| bar(u64::MAX - n)).collect();
        let drawing = bars(&all, u64::MAX, 390);
        assert_eq!(drawing.height, 200 * ROW);
        assert!(widths(&drawing).iter().all(|width| (2..390).contains(width)));
        assert!(widths(&bars(&all, u64::MAX, 10)).iter().all(|width| *width >= 1));
    }

    #[test]
    fn a_share_is_of_the_whole_and_not_of_what_is_drawn() {
        let drawing = bars(&[bar(30), bar(20)], 200, 400);
        let tips = drawing.shapes.iter().map(|shape| &*shape.tip).filter(|tip| !tip.is_empty());
        let shares: Vec<_> = tips.map(|tip| tip.rsplit(": ").next().unwrap()).collect();
        assert_eq!(shares, ["30 (15 %)", "20 (10 %)"]);
    }

    #[test]
    fn the_mark_lies_below_the_letters() {
        let marked = Bar { mark: Some(3), ..bar(6) };
        let drawing = bars(&[marked], 6, 400);
        let mark = drawing.shapes.iter().find(|shape| shape.class == "mark").unwrap();
        let name = drawing.shapes.iter().find(|shape| shape.class == "name").unwrap();
        let (Form::Rect { y: top, .. }, Form::Text { y: line, .. }) = (&mark.form, &name.form)
        else {
            panic!("{mark:?} {name:?}");
        };
        assert!(top > line);
    }
}
