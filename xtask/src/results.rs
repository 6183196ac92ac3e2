//! What test programs say: their summaries, and why a test failed.

use crate::shell::tail;
use std::{fmt, ops::AddAssign};

/// Lines shown of a log in which no test says why it failed.
const TAIL_LINES: usize = 60;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl Count {
    /// The sum of all summaries in a log.
    pub fn of(log: &str) -> Self {
        log.lines().filter_map(summary).fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed", self.passed)?;
        if self.failed > 0 { write!(f, ", {} failed", self.failed) } else { Ok(()) }
    }
}

/// `test result: ok. 3 passed; 0 failed; ...`
fn summary(line: &str) -> Option<Count> {
    let (_, result) = line.split_once("test result: ")?;
    let (_, numbers) = result.split_once(". ")?;
    let number = |word: &str| {
        numbers
            .split(';')
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

/// Everything between `failures:` and the summary of each test program that failed, or the end of
/// the log when none got that far.
pub fn told(log: &str) -> String {
    let mut failures = Vec::new();
    let mut inside = false;
    for line in log.lines() {
        inside |= line.trim() == "failures:";
        if inside {
            failures.push(line);
        }
        inside &= summary(line).is_none();
    }
    if failures.is_empty() { tail(log, TAIL_LINES) } else { failures.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PROGRAMS: &str = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored\n\
                                noise\nfailures:\n---- a stdout ----\nboom\nfailures:\n    a\n\n\
                                test result: FAILED. 3 passed; 4 failed; 0 ignored\nerror: 1 target failed\n";

    #[test]
    fn summaries_add_up() {
        assert_eq!(Count::of(TWO_PROGRAMS), Count { passed: 5, failed: 4 });
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(Count::of("test result: unknown\n7 passed; 1 failed\n"), Count::default());
    }

    #[test]
    fn a_failure_is_told_in_full_and_nothing_else() {
        let told = told(TWO_PROGRAMS);
        assert!(told.starts_with("failures:\n---- a stdout ----\nboom"), "{told}");
        assert!(told.ends_with("4 failed; 0 ignored"), "{told}");
    }

    #[test]
    fn a_log_without_failures_tells_its_end() {
        assert_eq!(
            told("Compiling x\nerror: no C compiler\n"),
            "Compiling x\nerror: no C compiler"
        );
    }
}
