//! The built page: trunk's output, and every text of it compressed once for all requests.

use crate::{line::Line, shell::Shell, split, tools::Tools};
use anyhow::{Context, Result};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const INPUTS: [&str; 11] = [
    "build.rs",
    "src",
    "crates/tracking",
    "crates/insights",
    "crates/logql",
    "crates/registry",
    "static",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
];
const COMPRESSED: [&str; 8] = ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"];
const REMEDY: &str = "When it is about a tool, `cargo xtask setup` gets it; when it is about the code, the compiler's \
                      message above says where.";

/// Builds into `dist`, unless what is there was made of the same inputs.
pub fn build(shell: &Shell, tools: &Tools, dist: &Path, log: &str) -> Result<()> {
    let line = Line::start(if tools.wasm_opt { "page" } else { "page, without wasm-opt" });
    let stamp = shell.target.join("xtask").join(format!("{log}.stamp"));
    let inputs = inputs(shell, tools)?;
    if fs::read_to_string(&stamp).is_ok_and(|known| {
        dist.join("index.html").is_file()
            && digest(&[dist.to_path_buf()])
                .is_ok_and(|outputs| known == stamp_text(inputs, outputs))
    }) {
        line.done("unchanged");
        return Ok(());
    }
    let work = in_pieces(shell, tools, dist, log).and_then(|()| {
        shell.check_interrupt()?;
        compress(dist)?;
        let outputs = digest(&[dist.to_path_buf()])?;
        fs::write(&stamp, stamp_text(inputs, outputs)).context("writing the page's stamp")
    });
    line.finish(work, "built")
}

/// Only in release does trunk ask for wasm-opt, which is for the pieces; the profile is what makes the difference.
fn in_pieces(shell: &Shell, tools: &Tools, dist: &Path, log: &str) -> Result<()> {
    let mut trunk = command(shell, tools, &shell.root, dist)?;
    trunk.args(["--cargo-profile", "web", "--features", split::FEATURE]);
    shell.run(log, &mut trunk, REMEDY)?;
    split::split(shell, tools, dist, log)
}

/// Builds the page whose `index.html` is in `from`.
pub fn trunk_in(shell: &Shell, tools: &Tools, from: &Path, dist: &Path, log: &str) -> Result<()> {
    let mut trunk = command(shell, tools, from, dist)?;
    if tools.wasm_opt {
        trunk.arg("--release");
    } else {
        trunk.args(["--cargo-profile", "web"]);
    }
    shell.run(log, &mut trunk, REMEDY)
}

fn command(shell: &Shell, tools: &Tools, from: &Path, dist: &Path) -> Result<Command> {
    let mut trunk = tools.command(shell, "trunk")?;
    trunk.arg("build").arg("--dist").arg(dist).current_dir(from);
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true");
    // A backtrace of trunk would push the compiler's message out of sight.
    trunk.env("RUST_BACKTRACE", "0");
    Ok(trunk)
}

fn inputs(shell: &Shell, tools: &Tools) -> Result<u64> {
    let paths: Vec<PathBuf> = INPUTS.iter().map(|input| shell.root.join(input)).collect();
    let mut hasher = DefaultHasher::new();
    digest(&paths)?.hash(&mut hasher);
    tools.versions.hash(&mut hasher);
    Ok(hasher.finish())
}

fn stamp_text(inputs: u64, outputs: u64) -> String {
    format!("{inputs:016x} {outputs:016x}\n")
}

/// Names and contents of all files under the paths.
fn digest(paths: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        for file in files(path)? {
            file.hash(&mut hasher);
            fs::read(&file)
                .with_context(|| format!("reading {}", file.display()))?
                .hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

/// All files under a path, sorted; the path itself when it is one; none when there is nothing.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
            found.extend(files(&entry?.path())?);
        }
    }
    found.sort();
    Ok(found)
}

/// What an operator edits in a built page. Small, and a packed copy would go on being served after the edit.
const EDITED: &str = "config.json";

fn compressible(path: &Path) -> bool {
    !path.ends_with(EDITED)
        && path.extension().is_some_and(|ending| COMPRESSED.iter().any(|known| ending == *known))
}

/// `<file>.br` and `<file>.gz` beside every text of the page.
pub fn compress(dist: &Path) -> Result<()> {
    for file in files(dist)?.into_iter().filter(|file| compressible(file)) {
        let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        for (ending, bytes) in [("br", brotli(&content)?), ("gz", gzip(&content)?)] {
            let mut name = file.clone().into_os_string();
            name.push(".");
            name.push(ending);
            fs::write(&name, bytes)
                .with_context(|| format!("writing {}", Path::new(&name).display()))?;
        }
    }
    Ok(())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut out, &params).context("brotli")?;
    Ok(out)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).context("gzip")?;
    encoder.finish().context("gzip")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("xtask-page-{name}-{}", std::process::id()));
        fs::create_dir_all(dir.join("in")).unwrap();
        dir
    }

    #[test]
    fn texts_are_compressed_and_pictures_are_not() {
        assert!(compressible(Path::new("dist/index.html")));
        assert!(compressible(Path::new("a/app_bg.wasm")));
        assert!(!compressible(Path::new("a/app_bg.wasm.br")));
        assert!(!compressible(Path::new("a/photo.png")));
        assert!(!compressible(Path::new("LICENSE")));
        assert!(!compressible(Path::new("dist/config.json")));
        assert!(compressible(Path::new("dist/other-config.json")));
    }

    #[test]
    fn compressed_files_unfold_to_the_original() {
        let dir = folder("compress");
        let text = "a component, and another component\n".repeat(200);
        fs::write(dir.join("in/a.js"), &text).unwrap();
        fs::write(dir.join("b.png"), "x").unwrap();
        compress(&dir).unwrap();
        let names: Vec<_> = files(&dir)
            .unwrap()
            .iter()
            .map(|f| f.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["b.png", "a.js", "a.js.br", "a.js.gz"]);
        let mut back = String::new();
        let gz = fs::read(dir.join("in/a.js.gz")).unwrap();
        flate2::read::GzDecoder::new(&gz[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let br = fs::read(dir.join("in/a.js.br")).unwrap();
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &br[..], &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_digest_notices_contents_and_names() {
        let dir = folder("digest");
        let all = [dir.clone()];
        fs::write(dir.join("in/a"), "1").unwrap();
        let first = digest(&all).unwrap();
        assert_eq!(first, digest(&all).unwrap());
        fs::write(dir.join("in/a"), "2").unwrap();
        let second = digest(&all).unwrap();
        assert_ne!(first, second);
        fs::rename(dir.join("in/a"), dir.join("in/b")).unwrap();
        assert_ne!(second, digest(&all).unwrap());
        fs::remove_dir_all(&dir).unwrap();
        assert!(digest(&all).is_ok());
    }
}
