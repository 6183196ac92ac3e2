//! Tools that were got once, kept for all checkouts of this user.

use crate::shell::program_in;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

/// The folder of this user for tools, one folder per tool and version.
pub fn folder() -> Result<PathBuf> {
    let dir = dirs::cache_dir().context("there is no cache folder for this user (is HOME set?)")?;
    Ok(dir.join("clm-dashboard").join("tools"))
}

/// Fills a folder beside `home` and renames it when it is complete, so that `home` is never half.
pub fn fill(home: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let name = home.file_name().unwrap_or_default().to_string_lossy();
    let place = home.with_file_name(format!(".{name}.{}", process::id()));
    fs::create_dir_all(&place).with_context(|| format!("creating {}", place.display()))?;
    let result = work(&place).and_then(|()| {
        if home.exists() {
            fs::remove_dir_all(home).with_context(|| format!("removing {}", home.display()))?;
        }
        fs::rename(&place, home).with_context(|| format!("renaming to {}", home.display()))
    });
    if result.is_err() {
        let _ = fs::remove_dir_all(&place);
    }
    result
}

pub fn all_in(dir: &Path, bins: &[&str], version: &str) -> bool {
    bins.iter().all(|bin| program_in(dir, bin).is_some_and(|path| answers(&path, version)))
}

pub fn answers(program: &Path, version: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|out| {
            out.status.success() && says(&String::from_utf8_lossy(&out.stdout), version)
        })
}

/// Whether the answer to `--version` names the version as a word of its own.
fn says(answer: &str, version: &str) -> bool {
    answer.split(|c: char| c.is_whitespace() || "()".contains(c)).any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::env;

    #[test]
    fn versions_are_whole_words() {
        assert!(says("trunk 0.21.14\n", "0.21.14"));
        assert!(says("wasm-bindgen 0.2.130 (0a1b2c3)", "0.2.130"));
        assert!(says("wasm-opt version 132 (version_132)", "132"));
        assert!(!says("wasm-bindgen 0.2.130", "0.2.13"));
        assert!(!says("", "1"));
    }

    #[test]
    fn a_folder_is_complete_or_absent() {
        let base = env::temp_dir().join(format!("xtask-fill-{}", process::id()));
        let home = base.join("tool-1");
        assert!(fill(&home, |_| bail!("no network")).is_err());
        assert!(!home.exists());
        fill(&home, |place| Ok(fs::write(place.join("x"), "1")?)).unwrap();
        assert_eq!(fs::read_to_string(home.join("x")).unwrap(), "1");
        assert_eq!(fs::read_dir(&base).unwrap().count(), 1);
        fs::remove_dir_all(&base).unwrap();
    }
}
