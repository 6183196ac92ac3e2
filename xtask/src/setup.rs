//! Gets the tools and says where they are.

use crate::{shell::Shell, tools};
use anyhow::{Context, Result};
use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

pub fn run(shell: &Shell) -> Result<ExitCode> {
    let tools = tools::ensure(shell)?;
    println!("\n{}", told(tools.dirs())?);
    Ok(ExitCode::SUCCESS)
}

/// Where the tools are, and how a person's own shell finds them.
fn told(dirs: &[PathBuf]) -> Result<String> {
    let next = "Next: cargo xtask demo (everything, built once) or cargo xtask serve (trunk, rebuilt at every change)";
    if dirs.is_empty() {
        return Ok(format!("Ready: every tool is on PATH.\n{next}"));
    }
    let list: String = dirs.iter().map(|dir| format!("  {}\n", dir.display())).collect();
    Ok(format!(
        "Ready. `cargo xtask` finds the tools in\n\n{list}\nTo call trunk yourself, put them on PATH in your shell:\n\n  {}\n\n{next}",
        on_path(dirs)?
    ))
}

fn on_path(dirs: &[PathBuf]) -> Result<String> {
    let all = env::join_paths(dirs.iter().map(PathBuf::as_path).map(Path::as_os_str))
        .context("a folder of the tools has a separator in its name")?;
    let all = all.to_string_lossy();
    Ok(if cfg!(windows) {
        format!("$env:Path = \"{all};$env:Path\"")
    } else {
        format!("export PATH=\"{all}:$PATH\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_named_with_a_line_that_puts_them_on_path() {
        let text = told(&["/tools/trunk/bin".into(), "/tools/bindgen/bin".into()]).unwrap();
        assert!(text.contains("  /tools/trunk/bin\n  /tools/bindgen/bin\n"), "{text}");
        if cfg!(unix) {
            let line = "export PATH=\"/tools/trunk/bin:/tools/bindgen/bin:$PATH\"";
            assert!(text.contains(line), "{text}");
        }
        assert!(told(&[]).unwrap().contains("every tool is on PATH"));
    }
}
