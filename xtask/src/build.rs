//! Builds the one file to install: the server with the page inside.

use crate::{line::Line, page, shell::Shell, tools};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub fn run(shell: &Shell) -> Result<ExitCode> {
    let tools = tools::ensure(shell)?;
    let dist = shell.root.join("dist");
    page::build(shell, &tools, &dist, "page")?;
    let binary = server(shell, &Page::Inside(&dist))?;
    let size = fs::metadata(&binary).context("the built server")?.len();
    println!("\n{} ({:.1} MB)", binary.display(), size as f64 / 1e6);
    Ok(ExitCode::SUCCESS)
}

/// Where the server finds the page.
pub enum Page<'a> {
    /// In the program itself, taken from this folder.
    Inside(&'a Path),
    /// In the folder that `--dist` names: a changed page does not build the server again.
    Beside,
}

/// The path of the built server.
pub fn server(shell: &Shell, page: &Page<'_>) -> Result<PathBuf> {
    let line = Line::start("server");
    let mut cargo = shell.cargo();
    cargo.args(["build", "--release", "--package", "server"]);
    match page {
        Page::Inside(dist) => cargo.env("CLM_PAGE", dist),
        Page::Beside => cargo.arg("--no-default-features"),
    };
    let work = shell.run(
        "server-build",
        &mut cargo,
        "The compiler's message above says where; a missing C compiler (cc) is one known reason, because the \
         database is compiled from C.",
    );
    line.finish(work, "built")?;
    Ok(shell.target.join("release").join(format!("clm-server{}", env::consts::EXE_SUFFIX)))
}
