use crate::{shell::Shell, tools};
use std::process::ExitCode;

pub fn run(shell: &Shell) -> anyhow::Result<ExitCode> {
    tools::ensure(shell)?;
    println!("\nReady. Next: cargo xtask demo");
    Ok(ExitCode::SUCCESS)
}
