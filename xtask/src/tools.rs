//! The tools that build the page: from PATH when the version is right, else from a cache of the
//! user's, which is filled once.

use crate::{
    cache::{self, all_in, answers},
    line::Line,
    shell::{Shell, find_on_path, program_in},
};
use anyhow::{Context, Result, bail, ensure};
use std::{env, ffi::OsString, fs, path::PathBuf, process::Command};

const TRUNK: &str = "0.21.14";
const BINARYEN: &str = "132.0.0";
pub const WASM: &str = "wasm32-unknown-unknown";

pub struct Tools {
    dirs: Vec<PathBuf>,
    pub wasm_opt: bool,
    /// What the page is built with, for the page's stamp.
    pub versions: String,
}

impl Tools {
    /// Folders of the tools that are not on PATH already.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.dirs
    }

    /// PATH with the tools in front.
    pub fn path(&self) -> Result<OsString> {
        let old = env::var_os("PATH").unwrap_or_default();
        let dirs = self.dirs.iter().cloned().chain(env::split_paths(&old));
        env::join_paths(dirs).context("a folder on PATH has a separator in its name")
    }

    /// One of the tools.
    pub fn command(&self, shell: &Shell, name: &str) -> Result<Command> {
        let path = self.path()?;
        let program = env::split_paths(&path)
            .find_map(|dir| program_in(&dir, name))
            .with_context(|| format!("{name} is not on PATH"))?;
        let mut command = shell.command(program);
        command.env("PATH", path);
        Ok(command)
    }
}

struct Crate<'a> {
    name: &'a str,
    package: &'a str,
    version: &'a str,
    bins: &'a [&'a str],
    locked: bool,
}

pub fn ensure(shell: &Shell) -> Result<Tools> {
    let lock = fs::read_to_string(shell.root.join("Cargo.lock")).context("reading Cargo.lock")?;
    let bindgen =
        locked_version(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    let trunk = fs::read_to_string(shell.root.join("Trunk.toml")).context("reading Trunk.toml")?;
    for wanted in trunk_tools(bindgen) {
        ensure!(
            trunk.lines().any(|line| line.trim() == wanted),
            "Trunk.toml and Cargo.lock name different tools: write `{wanted}` under [tools] in Trunk.toml"
        );
    }
    wasm_target(shell)?;
    let crates = [
        Crate { name: "trunk", package: "trunk", version: TRUNK, bins: &["trunk"], locked: true },
        Crate {
            name: "wasm-bindgen",
            package: "wasm-bindgen-cli",
            version: bindgen,
            bins: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            locked: false,
        },
    ];
    let mut dirs = Vec::new();
    for tool in &crates {
        dirs.extend(cargo_tool(shell, tool)?);
    }
    let (wasm_opt, dir) = wasm_opt(shell)?;
    dirs.extend(dir);
    let opt = if wasm_opt { BINARYEN } else { "none" };
    Ok(Tools {
        dirs,
        wasm_opt,
        versions: format!("trunk {TRUNK}, wasm-bindgen {bindgen}, binaryen {opt}"),
    })
}

fn wasm_target(shell: &Shell) -> Result<()> {
    let line = Line::start(WASM);
    let installed = || -> Result<bool> {
        let out = shell
            .command("rustc")
            .args(["--print", "sysroot"])
            .output()
            .context("rustc does not start: install Rust from https://rustup.rs")?;
        let sysroot = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
        Ok(sysroot.join("lib/rustlib").join(WASM).is_dir())
    };
    if installed()? {
        line.done("found");
        return Ok(());
    }
    let work = shell.run(
        "wasm-target",
        shell.command("rustup").args(["target", "add", WASM]),
        "The page needs this Rust target. With rustup: `rustup target add wasm32-unknown-unknown`; \
         with a Rust from elsewhere, add the package that has its standard library.",
    );
    line.finish(work, "installed")
}

/// The folder to put on PATH, or `None` when the tool is there already.
fn cargo_tool(shell: &Shell, tool: &Crate) -> Result<Option<PathBuf>> {
    let line = Line::start(&format!("{} {}", tool.name, tool.version));
    if tool
        .bins
        .iter()
        .all(|bin| find_on_path(bin).is_some_and(|path| answers(&path, tool.version)))
    {
        line.done("found");
        return Ok(None);
    }
    let home = cache::folder()?.join(format!("{}-{}", tool.name, tool.version));
    let bin = home.join("bin");
    if all_in(&bin, tool.bins, tool.version) {
        line.done("found");
        return Ok(Some(bin));
    }
    let work = cache::fill(&home, |place| {
        let spec = format!("{}@{}", tool.package, tool.version);
        if find_on_path("cargo-binstall").is_some() {
            let mut binstall = shell.cargo();
            binstall.args(["binstall", "--no-confirm", "--root"]).arg(place).arg(&spec);
            if shell.succeeds(&format!("{}-binstall", tool.name), &mut binstall)?
                && all_in(&place.join("bin"), tool.bins, tool.version)
            {
                return Ok(());
            }
        }
        line.note("compiling, this once takes some minutes ...");
        let mut install = shell.cargo();
        install.args(["install", "--force", "--root"]).arg(place).arg(&spec);
        if tool.locked {
            install.arg("--locked");
        }
        install
            .env_remove("CARGO_TARGET_DIR")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        let remedy = format!(
            "It is compiled from crates.io, which needs the network once. You can also install {} {} \
             yourself and put it on PATH.",
            tool.package, tool.version
        );
        shell.run(tool.name, &mut install, &remedy)?;
        if !all_in(&place.join("bin"), tool.bins, tool.version) {
            bail!(
                "{} was installed but does not answer with version {}",
                tool.package,
                tool.version
            );
        }
        Ok(())
    });
    line.finish(work, "installed")?;
    Ok(Some(bin))
}

/// Makes the page smaller; the page can do without.
fn wasm_opt(shell: &Shell) -> Result<(bool, Option<PathBuf>)> {
    let version = BINARYEN.split('.').next().unwrap_or(BINARYEN);
    let line = Line::start(&format!("wasm-opt {version}"));
    if find_on_path("wasm-opt").is_some_and(|path| answers(&path, version)) {
        line.done("found");
        return Ok((true, None));
    }
    let home = cache::folder()?.join(format!("binaryen-{BINARYEN}"));
    let bin = home.join("node_modules").join(".bin");
    if all_in(&bin, &["wasm-opt"], version) {
        line.done("found");
        return Ok((true, Some(bin)));
    }
    let Some(npm) = find_on_path("npm") else {
        line.done("not there and no npm to get it with: the page is built without, and is larger");
        return Ok((false, None));
    };
    let work = cache::fill(&home, |place| {
        let mut install = shell.command(npm);
        install.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(place);
        install.arg(format!("binaryen@{BINARYEN}"));
        shell.run("wasm-opt", &mut install, "npm could not install binaryen.")?;
        if !all_in(&place.join("node_modules").join(".bin"), &["wasm-opt"], version) {
            bail!("wasm-opt does not run");
        }
        Ok(())
    });
    match work {
        Ok(()) => {
            line.done("installed");
            Ok((true, Some(bin)))
        }
        Err(error) if error.is::<crate::shell::Interrupted>() => Err(error),
        Err(_) => {
            line.done("npm could not get it: the page is built without, and is larger");
            Ok((false, None))
        }
    }
}

/// What Trunk.toml says, so that trunk takes the tools found here and fetches none of its own.
fn trunk_tools(bindgen: &str) -> [String; 2] {
    let binaryen = BINARYEN.split('.').next().unwrap_or(BINARYEN);
    [format!("wasm_bindgen = \"{bindgen}\""), format!("wasm_opt = \"version_{binaryen}\"")]
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_names_one_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "yew"), None);
    }

    #[test]
    fn trunk_is_told_exact_versions() {
        assert_eq!(
            trunk_tools("0.2.130"),
            ["wasm_bindgen = \"0.2.130\"", "wasm_opt = \"version_132\""]
        );
    }
}
