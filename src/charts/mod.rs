//! Charts as data: each is a pure function from numbers to shapes; one view draws them all.

pub mod bars;
pub mod calendar;
pub mod columns;
pub mod heatmap;
pub mod picture;
pub mod sankey;
pub mod scale;
pub mod timeline;

/// What to draw: as wide as it was asked for, and this high. Whole pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub height: i32,
    pub shapes: Vec<Shape>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub form: Form,
    /// How it looks, see `.chart` in the styles.
    pub class: &'static str,
    /// The exact number, for whoever points at it.
    pub tip: String,
    /// The component that a click chooses, by hash.
    pub pick: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    Rect {
        x: i32,
        y: i32,
        width: i32,
        height: i32,
    },
    /// An SVG path and the width of its stroke.
    Path {
        d: String,
        stroke: i32,
    },
    Text {
        x: i32,
        y: i32,
        text: String,
    },
}

impl Shape {
    #[must_use]
    pub fn rect(class: &'static str, x: i32, y: i32, width: i32, height: i32) -> Self {
        Self::new(class, Form::Rect { x, y, width, height })
    }

    #[must_use]
    pub fn path(class: &'static str, d: String, stroke: i32) -> Self {
        Self::new(class, Form::Path { d, stroke })
    }

    #[must_use]
    pub fn text(class: &'static str, x: i32, y: i32, text: String) -> Self {
        Self::new(class, Form::Text { x, y, text })
    }

    fn new(class: &'static str, form: Form) -> Self {
        Self { form, class, tip: String::new(), pick: None }
    }

    #[must_use]
    pub fn tip(mut self, tip: &str) -> Self {
        tip.clone_into(&mut self.tip);
        self
    }

    #[must_use]
    pub fn pick(mut self, component: Option<&str>) -> Self {
        self.pick = component.map(str::to_owned);
        self
    }
}

/// Pixels of a letter of the charts' 12 px text: rather too many than too few.
const LETTER: i32 = 7;

/// As much of `text` as fits, with an ellipsis where it was cut.
#[must_use]
pub fn fit(text: &str, width: i32) -> String {
    let room = usize::try_from(width / LETTER).unwrap_or(0);
    if text.chars().count() <= room {
        return text.to_owned();
    }
    if room < 2 {
        return String::new();
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_in_an_ellipsis_and_a_hopeless_one_is_left_out() {
        assert_eq!(fit("Wetter ü", 80), "Wetter ü");
        assert_eq!(fit("Wetter ü und mehr", 56), "Wetter …");
        assert_eq!(fit("Wetter", 13), "");
        assert_eq!(fit("Wetter", -5), "");
        assert_eq!(fit("", 0), "");
    }
}
