//! One printed line per step.

use crate::shell::Interrupted;
use anyhow::Result;
use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

const LABEL_WIDTH: usize = 40;

/// The line of a step: the label appears at once, the outcome when it is known.
pub struct Line {
    started: Instant,
    open: bool,
}

impl Line {
    pub fn start(label: &str) -> Self {
        print!("  {} ", dotted(label));
        let _ = io::stdout().flush();
        Self { started: Instant::now(), open: true }
    }

    pub fn note(&self, text: &str) {
        print!("{text} ");
        let _ = io::stdout().flush();
    }

    pub fn done(mut self, outcome: &str) {
        self.open = false;
        println!("{outcome} ({})", seconds(self.started.elapsed()));
    }

    /// Ends the line with the outcome of `work`.
    pub fn finish<T>(self, work: Result<T>, outcome: &str) -> Result<T> {
        match &work {
            Ok(_) => self.done(outcome),
            Err(error) if error.is::<Interrupted>() => {}
            Err(_) => self.done("failed"),
        }
        work
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.open {
            println!();
        }
    }
}

fn dotted(label: &str) -> String {
    let dots = LABEL_WIDTH.saturating_sub(label.chars().count() + 1).max(3);
    format!("{label} {}", ".".repeat(dots))
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_line_up() {
        assert_eq!(dotted("trunk").chars().count(), LABEL_WIDTH);
        assert_eq!(dotted("wasm-bindgen 0.2.130").chars().count(), LABEL_WIDTH);
    }

    #[test]
    fn a_long_label_keeps_its_dots() {
        assert!(dotted(&"x".repeat(90)).ends_with("x ..."));
    }

    #[test]
    fn time_has_one_decimal() {
        assert_eq!(seconds(Duration::from_millis(1260)), "1.3 s");
    }
}
