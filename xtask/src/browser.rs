//! Chromium and its driver, for the tests that need a real browser.

use crate::{
    line::Line,
    shell::{Shell, find_on_path},
};
use anyhow::{Result, bail};
use std::{env, path::PathBuf};

const REMEDY: &str = "The browser tests need Chrome or Chromium and the chromedriver of the same version. Put both on \
                      PATH, or name them in CHROME and CHROMEDRIVER (Debian: apt-get install chromium \
                      chromium-driver; macOS: brew install --cask chromium chromedriver).";

pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

pub fn ensure(shell: &Shell) -> Result<Browser> {
    let line = Line::start("Chromium and chromedriver");
    if let Some(browser) = find() {
        line.done("found");
        return Ok(browser);
    }
    if !is_root() || find_on_path("apt-get").is_none() {
        return line.finish(Err(anyhow::anyhow!(REMEDY)), "");
    }
    let work = install(shell).and_then(|()| match find() {
        Some(browser) => Ok(browser),
        None => bail!(REMEDY),
    });
    line.finish(work, "installed")
}

fn find() -> Option<Browser> {
    let named =
        |variable: &str| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    let chrome = named("CHROME").or_else(|| {
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .into_iter()
            .find_map(find_on_path)
            .or_else(|| usual_places().into_iter().find(|path| path.is_file()))
    })?;
    let driver = named("CHROMEDRIVER").or_else(|| find_on_path("chromedriver"))?;
    Some(Browser {
        chrome: std::path::absolute(chrome).ok()?,
        driver: std::path::absolute(driver).ok()?,
    })
}

fn usual_places() -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        ["Google Chrome", "Chromium"]
            .into_iter()
            .map(|name| PathBuf::from(format!("/Applications/{name}.app/Contents/MacOS/{name}")))
            .collect()
    } else {
        ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"]
            .into_iter()
            .filter_map(env::var_os)
            .map(|dir| PathBuf::from(dir).join("Google/Chrome/Application/chrome.exe"))
            .collect()
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

fn install(shell: &Shell) -> Result<()> {
    let apt = |log: &str, arguments: &[&str]| {
        shell.succeeds(
            log,
            shell.command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt("apt-update", &["update"])?;
    let packages = ["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"];
    if apt("chromium", &packages)? {
        return Ok(());
    }
    // An installation that stopped half-way, this one or one before, is completed first.
    apt("apt-repair", &["-f", "install", "-y"])?;
    if apt("chromium", &packages)? {
        return Ok(());
    }
    let ubuntu = ["install", "-y", "chromium-browser", "chromium-chromedriver"];
    if apt("chromium-ubuntu", &ubuntu)? {
        return Ok(());
    }
    bail!("{}\n{REMEDY}", shell.failure("chromium"))
}
