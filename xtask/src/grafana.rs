//! Writes what Grafana, Loki and the docs say about queries; see `crates/logql`.

use crate::shell::Shell;
use anyhow::{Context, Result};
use logql::grafana::files;
use std::{fs, path::PathBuf, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {
    /// The registry with the load times that are expected; the page's own when not given
    #[arg(long)]
    registry: Option<PathBuf>,
}

pub fn run(shell: &Shell, args: &Args) -> Result<ExitCode> {
    let registry = args.registry.clone().unwrap_or_else(|| shell.root.join("static/registry.json"));
    let text =
        fs::read_to_string(&registry).with_context(|| format!("reading {}", registry.display()))?;
    for file in files(&text).map_err(anyhow::Error::msg)? {
        let path = shell.root.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        fs::write(&path, file.text).with_context(|| format!("writing {}", path.display()))?;
        println!("  {}", file.path);
    }
    Ok(ExitCode::SUCCESS)
}
