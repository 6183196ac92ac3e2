//! `trunk serve` with the right tools and a server beside it: the page is rebuilt at every change, and what it
//! tracks is stored and answered.

use crate::{
    build::{self, Page},
    line::Line,
    process::Process,
    server,
    shell::Shell,
    tools,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use toml::{Table, Value};

/// Where Trunk.toml expects the server.
const BACKEND: &str = "http://127.0.0.1:8080/";

#[derive(clap::Args)]
pub struct Args {
    /// Where trunk serves the page on this machine
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Where the server beside it listens
    #[arg(long, default_value_t = 8080)]
    server_port: u16,
    /// The folder for what the server stores [default: data]
    #[arg(long)]
    data: Option<PathBuf>,
}

pub fn run(shell: &Shell, args: Args) -> Result<ExitCode> {
    server::free(args.port, "--port")?;
    server::free(args.server_port, "--server-port")?;
    let data = match args.data {
        Some(dir) => std::path::absolute(dir).context("--data")?,
        None => shell.root.join("data"),
    };
    let tools = tools::ensure(shell)?;
    let binary = build::server(shell, &Page::Beside)?;
    let line = Line::start("start");
    let options = server::Options {
        port: args.server_port,
        data,
        dist: None,
        registry: Some(shell.root.join("static").join("registry.json")),
    };
    let started = server::start(shell, &binary, &options);
    let (mut server, address) = line.finish(started, "running")?;

    let mut command = tools.command(shell, "trunk")?;
    command.arg("serve").arg("--config").arg(config(shell, &address)?);
    command.args(["--port", &args.port.to_string()]).env("TRUNK_SKIP_VERSION_CHECK", "true");
    let mut trunk = Process::spawn(&mut command)?;
    println!(
        "\n  Page      http://127.0.0.1:{}/ once trunk has built it; every change builds it again\n  Server    {address}\n  \
         Data      {}\n  Ctrl-C stops both.\n",
        args.port,
        options.data.display()
    );
    loop {
        if server.ended()?.is_some() {
            bail!("the server ended by itself. {}", shell.failure("server"));
        }
        if trunk.ended()?.is_some() {
            bail!("trunk ended by itself; its last lines are above");
        }
        shell.pause()?;
    }
}

/// Trunk.toml for a server at `address`. It lies among the build's own files, so its paths are absolute.
fn config(shell: &Shell, address: &str) -> Result<PathBuf> {
    let text = fs::read_to_string(shell.root.join("Trunk.toml")).context("reading Trunk.toml")?;
    let text = with_backend(&text, &shell.root, address)?;
    let file = shell.target.join("xtask").join("Trunk.toml");
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}

fn with_backend(text: &str, root: &Path, address: &str) -> Result<String> {
    ensure!(text.contains(BACKEND), "Trunk.toml names no backend at {BACKEND}");
    let address = format!("{}/", address.trim_end_matches('/'));
    let mut config: Table = text.replace(BACKEND, &address).parse().context("Trunk.toml")?;
    let absolute = |path: &str| Value::String(root.join(path).to_string_lossy().into_owned());
    if let Some(Value::Table(build)) = config.get_mut("build") {
        build.insert("target".to_owned(), absolute("index.html"));
        build.insert("dist".to_owned(), absolute("dist"));
    }
    if let Some(Value::Array(watched)) =
        config.get_mut("watch").and_then(|watch| watch.get_mut("watch"))
    {
        for path in watched {
            if let Some(relative) = path.as_str() {
                *path = absolute(relative);
            }
        }
    }
    toml::to_string(&config).context("Trunk.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunk_finds_the_page_and_the_server_from_any_folder() {
        let shipped = include_str!("../../Trunk.toml");
        let text = with_backend(shipped, Path::new("/repo"), "http://127.0.0.1:4711").unwrap();
        let config: Table = text.parse().unwrap();
        assert_eq!(config["build"]["target"].as_str(), Some("/repo/index.html"));
        for proxy in config["proxy"].as_array().unwrap() {
            let backend = proxy["backend"].as_str().unwrap();
            assert!(backend.starts_with("http://127.0.0.1:4711/"), "{backend}");
        }
        for watched in config["watch"]["watch"].as_array().unwrap() {
            assert!(watched.as_str().unwrap().starts_with("/repo/"), "{watched}");
        }
        assert!(with_backend("[build]", Path::new("/repo"), "http://127.0.0.1:1").is_err());
    }
}
