//! Every check there is, one after the other; a failing one does not keep the next from running.

use crate::{
    browser::{self, Browser},
    build::{self, Page},
    line::Line,
    page,
    results::{Count, told},
    shell::{Interrupted, Shell},
    tools::{self, Tools, WASM},
};
use anyhow::{Result, ensure};
use std::{ffi::OsString, fs, path::PathBuf, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {
    /// Only the suites with this word in their name, such as format, lints, native, browser, journeys
    filter: Option<String>,
}

struct Suite {
    name: &'static str,
    log: &'static str,
    needs: Needs,
    /// What cargo is told.
    cargo: &'static [&'static str],
}

/// What must be there before a suite can run; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Rust,
    Tools,
    Browser,
    /// The built page and the server.
    Site,
}

#[rustfmt::skip]
const SUITES: &[Suite] = &[
    Suite {
        name: "format",
        log: "fmt",
        needs: Needs::Rust,
        cargo: &["fmt", "--all", "--check", "--", "--color", "never"],
    },
    Suite {
        name: "lints, native",
        log: "clippy",
        needs: Needs::Rust,
        cargo: &["clippy", "--workspace", "--all-targets", "--features", "clm-dashboard/e2e", "--", "-D", "warnings"],
    },
    Suite {
        name: "lints, wasm",
        log: "clippy-wasm",
        needs: Needs::Tools,
        cargo: &["clippy", "--package", "clm-dashboard", "--target", WASM, "--all-targets", "--", "-D", "warnings"],
    },
    Suite {
        name: "tests, native",
        log: "test",
        needs: Needs::Rust,
        cargo: &["test", "--workspace", "--no-fail-fast"],
    },
    Suite {
        name: "tests, in the browser",
        log: "test-browser",
        needs: Needs::Browser,
        cargo: &["test", "--package", "clm-dashboard", "--target", WASM, "--test", "browser"],
    },
    Suite {
        name: "budgets and bench",
        log: "budgets",
        needs: Needs::Site,
        cargo: &["test", "--workspace", "--features", "clm-dashboard/e2e", "--test", "bench", "--", "--test-threads=1", "--nocapture"],
    },
    // The whole workspace, so that it is built with the same features as in the native tests: once.
    Suite {
        name: "journeys",
        log: "journeys",
        needs: Needs::Site,
        cargo: &["test", "--workspace", "--features", "clm-dashboard/e2e", "--test", "journeys", "--", "--test-threads=1"],
    },
    Suite {
        name: "faults",
        log: "faults",
        needs: Needs::Site,
        cargo: &["test", "--workspace", "--features", "clm-dashboard/e2e", "--test", "faults", "--", "--test-threads=2", "--nocapture"],
    },
];

/// Run by `cargo xtask screenshots` alone.
const SCREENSHOTS: Suite = Suite {
    name: "screenshots",
    log: "screenshots",
    needs: Needs::Site,
    cargo: &["test", "--workspace", "--features", "clm-dashboard/e2e", "--test", "screenshots"],
};

impl Suite {
    fn counts(&self) -> bool {
        self.cargo.first() == Some(&"test")
    }
}

pub fn run(shell: &Shell, args: &Args) -> Result<ExitCode> {
    run_suites(shell, chosen(args.filter.as_deref())?)
}

/// Pictures of every page and state.
pub fn screenshots(shell: &Shell) -> Result<ExitCode> {
    run_suites(shell, vec![&SCREENSHOTS])
}

fn run_suites(shell: &Shell, suites: Vec<&'static Suite>) -> Result<ExitCode> {
    let needed = suites.iter().map(|suite| suite.needs).max().unwrap_or(Needs::Rust);
    let mut bench =
        Bench { shell, count: Count::default(), tools: None, browser: None, site: None };
    if needed >= Needs::Tools {
        bench.tools = bench.part(tools::ensure(shell))?;
    }
    if needed >= Needs::Browser {
        bench.browser = bench.part(browser::ensure(shell))?;
    }
    for suite in suites {
        if suite.needs >= Needs::Site && bench.site.is_none() {
            bench.build_site()?;
        }
        bench.run(suite)?;
    }

    let Count { passed, failed } = bench.count;
    println!("\n{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(word: Option<&str>) -> Result<Vec<&'static Suite>> {
    let word = word.unwrap_or_default();
    let found: Vec<_> = SUITES.iter().filter(|suite| suite.name.contains(word)).collect();
    let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
    ensure!(
        !found.is_empty(),
        "no suite has `{word}` in its name; there are: {}",
        names.join("; ")
    );
    Ok(found)
}

struct Site {
    dist: PathBuf,
    server: PathBuf,
}

/// What the suites stand on, and what they have come to so far.
struct Bench<'a> {
    shell: &'a Shell,
    count: Count,
    tools: Option<Tools>,
    browser: Option<Browser>,
    site: Option<Site>,
}

impl Bench<'_> {
    fn run(&mut self, suite: &Suite) -> Result<()> {
        let line = Line::start(suite.name);
        let Some(env) = self.env(suite.needs)? else {
            line.done("skipped, for want of what failed above");
            return Ok(());
        };
        let work = self.shell.succeeds(suite.log, self.shell.cargo().args(suite.cargo).envs(env));
        let success = match work {
            Ok(success) => success,
            Err(error) => {
                line.done("FAILED");
                return self.part::<()>(Err(error)).map(|_| ());
            }
        };
        let log = self.shell.log(suite.log);
        let text = fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut count = if suite.counts() { Count::of(&text) } else { Count::default() };
        let ran = !suite.counts() || count.passed > 0;
        let outcome = if suite.counts() { count.to_string() } else { "ok".to_owned() };
        if success && ran {
            line.done(&outcome);
            // A suite may have a table to show, or say what it could not check here.
            text.lines()
                .filter(|line| line.starts_with("| ") || line.starts_with("skipped: "))
                .for_each(|row| println!("    {row}"));
        } else {
            // A suite that broke before it counted a failure, or ran no test at all.
            count.failed = count.failed.max(1);
            line.done(&if suite.counts() {
                format!("FAILED: {count}")
            } else {
                "FAILED".to_owned()
            });
            print_failure(&format!("{}\n\nThe whole log: {}", told(&text), log.display()));
        }
        self.count += count;
        Ok(())
    }

    /// What the suite's process is told; `None` when something it needs is missing.
    fn env(&self, needs: Needs) -> Result<Option<Vec<(&'static str, OsString)>>> {
        let mut env = Vec::new();
        if needs >= Needs::Tools {
            let Some(tools) = &self.tools else { return Ok(None) };
            env.push(("PATH", tools.path()?));
        }
        if needs >= Needs::Browser {
            let Some(browser) = &self.browser else { return Ok(None) };
            env.push(("CHROME", browser.chrome.clone().into()));
            env.push(("CHROMEDRIVER", browser.driver.clone().into()));
            env.push((
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
                "wasm-bindgen-test-runner".into(),
            ));
            // Seconds; the defaults of 20 and 5 are too short for a busy machine.
            env.push(("WASM_BINDGEN_TEST_TIMEOUT", "300".into()));
            env.push(("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60".into()));
        }
        if needs >= Needs::Site {
            let Some(site) = &self.site else { return Ok(None) };
            env.push(("CLM_DIST", site.dist.clone().into()));
            env.push(("CLM_SERVER_BIN", site.server.clone().into()));
        }
        Ok(Some(env))
    }

    fn build_site(&mut self) -> Result<()> {
        // Not the demo's folder: that one belongs to the person at this machine.
        let dist = self.shell.target.join("e2e").join("dist");
        let page = match &self.tools {
            Some(tools) => page::build(self.shell, tools, &dist, "page-e2e"),
            None => return Ok(()),
        };
        let page = self.part(page)?;
        let server = self.part(build::server(self.shell, &Page::Inside(&dist)))?;
        self.site = page.zip(server).map(|((), server)| Site { dist, server });
        Ok(())
    }

    /// The result of a part that prints its own line; `None` when it failed.
    fn part<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is::<Interrupted>() => Err(error),
            Err(error) => {
                self.count.failed += 1;
                print_failure(&format!("{error:#}"));
                Ok(None)
            }
        }
    }
}

fn print_failure(text: &str) {
    println!();
    for line in text.trim_end().lines() {
        println!("    {line}");
    }
    println!();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(word: &str) -> Vec<&'static str> {
        chosen(Some(word)).unwrap().iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn a_word_chooses_suites() {
        assert_eq!(names("native"), ["lints, native", "tests, native"]);
        assert_eq!(names("journeys"), ["journeys"]);
        assert_eq!(chosen(None).unwrap().len(), SUITES.len());
        assert!(chosen(Some("jorneys")).is_err());
    }

    #[test]
    fn every_suite_has_a_log_of_its_own() {
        let mut logs: Vec<_> = SUITES.iter().map(|suite| suite.log).collect();
        logs.sort_unstable();
        logs.dedup();
        assert_eq!(logs.len(), SUITES.len());
    }
}
