//! Pictures of every page and state, for somebody who looks at them.

use crate::{shell::Shell, test};
use anyhow::Result;
use std::process::ExitCode;

pub fn run(shell: &Shell) -> Result<ExitCode> {
    let outcome = test::screenshots(shell)?;
    println!("{}", shell.root.join("screenshots").display());
    Ok(outcome)
}
