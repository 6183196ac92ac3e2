//! Every check there is, one after the other; a failing one does not keep the next from running.

use crate::{
    browser, demo, page,
    step::{Interrupted, Line, Shell},
    tools::{self, WASM},
};
use anyhow::Result;
use std::{
    fs,
    process::{Command, ExitCode},
};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// What the checks have come to so far.
struct Report<'a> {
    shell: &'a Shell,
    count: Count,
}

impl Report<'_> {
    /// A check without counted tests: a failure counts as one.
    fn check(&mut self, label: &str, log: &str, command: &mut Command) -> Result<()> {
        let line = Line::start(label);
        match self.shell.succeeds(log, command) {
            Ok(true) => line.done("ok"),
            Ok(false) => {
                line.done("FAILED");
                self.fail(&self.shell.failure(log));
            }
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                line.done("FAILED");
                self.fail(&format!("{error:#}"));
            }
        }
        Ok(())
    }

    /// A run of tests, which are counted one by one.
    fn tests(&mut self, label: &str, log: &str, command: &mut Command) -> Result<()> {
        let line = Line::start(label);
        let success = self.shell.succeeds(log, command)?;
        let text = fs::read(self.shell.log(log)).unwrap_or_default();
        let count = count(&String::from_utf8_lossy(&text));
        self.count.passed += count.passed;
        self.count.failed += count.failed;
        if success {
            line.done(&format!("{} passed", count.passed));
            return Ok(());
        }
        line.done(&format!("FAILED: {} passed, {} failed", count.passed, count.failed));
        print_failure(&self.shell.failure(log));
        if count.failed == 0 {
            self.count.failed += 1;
        }
        Ok(())
    }

    /// The result of a part that prints its own line; `None` when it failed.
    fn part<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is::<Interrupted>() => Err(error),
            Err(error) => {
                self.fail(&format!("{error:#}"));
                Ok(None)
            }
        }
    }

    fn fail(&mut self, text: &str) {
        self.count.failed += 1;
        print_failure(text);
    }
}

pub fn run(shell: &Shell) -> Result<ExitCode> {
    let mut report = Report { shell, count: Count::default() };
    let tools = report.part(tools::ensure(shell))?;
    let has_browser_tests = shell.root.join("tests/browser.rs").is_file();
    let has_journeys = shell.root.join("tests/journeys.rs").is_file();
    let browser =
        if has_browser_tests || has_journeys { report.part(browser::ensure(shell))? } else { None };

    report.check(
        "format",
        "fmt",
        shell.cargo().args(["fmt", "--all", "--check", "--", "--color", "never"]),
    )?;
    let mut native = shell.cargo();
    native.args(["clippy", "--workspace", "--all-targets"]);
    if has_journeys {
        native.args(["--features", "clm-dashboard/e2e"]);
    }
    report.check("lints, native", "clippy", native.args(["--", "-D", "warnings"]))?;
    report.check(
        "lints, wasm",
        "clippy-wasm",
        shell
            .cargo()
            .args(["clippy", "--package", "clm-dashboard", "--target", WASM, "--all-targets"])
            .args(["--", "-D", "warnings"]),
    )?;
    report.tests(
        "tests, native",
        "test",
        shell.cargo().args(["test", "--workspace", "--no-fail-fast"]),
    )?;

    if let (true, Some(tools), Some(browser)) = (has_browser_tests, &tools, &browser) {
        report.tests(
            "tests, in the browser",
            "test-browser",
            shell
                .cargo()
                .args(["test", "--package", "clm-dashboard", "--target", WASM, "--test", "browser"])
                .env("PATH", tools.path()?)
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
                .env("CHROMEDRIVER", &browser.driver)
                .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
                .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"),
        )?;
    }

    // Not the demo's folder: that one belongs to the person at this machine.
    let dist = shell.target.join("e2e").join("dist");
    let built = match &tools {
        Some(tools) => report.part(page::build(shell, tools, &dist, "page-e2e"))?,
        None => None,
    };
    let server = report.part(demo::build_server(shell))?;
    if has_journeys {
        if let (Some(()), Some(server), Some(browser)) = (built, server, &browser) {
            report.tests(
                "journeys",
                "journeys",
                shell
                    .cargo()
                    .args([
                        "test",
                        "--package",
                        "clm-dashboard",
                        "--features",
                        "e2e",
                        "--test",
                        "journeys",
                    ])
                    .args(["--no-fail-fast", "--", "--test-threads=1"])
                    .env("CLM_SERVER_BIN", server)
                    .env("CLM_DIST", &dist)
                    .env("CHROME", &browser.chrome)
                    .env("CHROMEDRIVER", &browser.driver),
            )?;
        } else {
            Line::start("journeys").done("skipped, for want of what failed above");
        }
    }

    let Count { passed, failed } = report.count;
    println!("\n{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_failure(text: &str) {
    println!();
    for line in text.trim_end().lines() {
        println!("    {line}");
    }
    println!();
}

/// The sum of the summaries that test programs print.
fn count(log: &str) -> Count {
    log.lines().filter_map(summary).fold(Count::default(), |sum, one| Count {
        passed: sum.passed + one.passed,
        failed: sum.failed + one.failed,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let log = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                   noise\ntest result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(count(log), Count { passed: 5, failed: 4 });
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(count("test result: unknown\n7 passed; 1 failed\n"), Count::default());
    }
}
