//! Cuts what is not needed at once off the page's program, at the places that `src/later.rs` marks.
//!
//! trunk builds the page with one program; what it made of it is replaced here by several files with names of
//! their own. Whoever builds with trunk alone has the same page, in one piece.

use crate::{
    page,
    shell::Shell,
    tools::{Tools, WASM},
};
use anyhow::{Context, Result, anyhow};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::Path,
};
use wasm_split_cli_support::{Options, transform};

pub const FEATURE: &str = "split";
const PROGRAM: &str = "clm-dashboard";
const REMEDY: &str =
    "The page is cut in pieces after it is built. `cargo xtask setup` gets the tools for it.";

/// `dist` is what trunk built with the feature.
pub fn split(shell: &Shell, tools: &Tools, dist: &Path, log: &str) -> Result<()> {
    let work = shell.target.join("xtask").join(format!("{log}-split"));
    let _ = fs::remove_dir_all(&work);
    let (raw, whole) = (work.join("raw"), work.join("whole"));
    fs::create_dir_all(&whole).with_context(|| format!("creating {}", whole.display()))?;
    cut(&shell.target.join(WASM).join("web").join(format!("{PROGRAM}.wasm")), &raw)?;

    let old = old_stem(dist)?;
    let stem = format!("{PROGRAM}-{:016x}", hash(&raw, tools)?);
    bind(shell, tools, &raw, &whole, &stem, log)?;
    let mut pieces = Vec::new();
    for file in page::files(&raw)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == format!("{PROGRAM}.wasm") {
            continue;
        }
        let ours = format!("{stem}_{}", name.trim_start_matches("__wasm_"));
        fs::copy(&file, whole.join(&ours)).with_context(|| format!("copying {name}"))?;
        pieces.push((name, ours));
    }
    rename_in_scripts(&whole, &stem, &pieces)?;
    if tools.wasm_opt {
        optimise(shell, tools, &whole, log)?;
    }

    for file in page::files(dist)?.into_iter().filter(|file| is_of(file, &old)) {
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    for file in page::files(&whole)? {
        let to = dist.join(file.file_name().unwrap_or_default());
        fs::copy(&file, &to).with_context(|| format!("writing {}", to.display()))?;
    }
    let index = dist.join("index.html");
    let html = fs::read_to_string(&index).context("reading index.html")?;
    fs::write(&index, in_pieces(&html, &old, &stem)).context("writing index.html")
}

/// Of the pieces and of what is still to be done with them: the same wherever it is built.
fn hash(pieces: &Path, tools: &Tools) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    tools.versions.hash(&mut hasher);
    for file in page::files(pieces)? {
        file.file_name().hash(&mut hasher);
        fs::read(&file).with_context(|| format!("reading {}", file.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// The program that starts, and what it can load later.
fn cut(program: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(program).with_context(|| format!("reading {}", program.display()))?;
    let main = to.join(format!("{PROGRAM}.wasm"));
    let script = format!("./{PROGRAM}.js");
    let mut options = Options::new(&bytes);
    options.output_dir = to;
    options.main_out_path = &main;
    options.main_module = &script;
    transform(options).map_err(|error| anyhow!("cutting the program: {error:#}"))?;
    Ok(())
}

fn bind(shell: &Shell, tools: &Tools, raw: &Path, to: &Path, stem: &str, log: &str) -> Result<()> {
    let mut bindgen = tools.command(shell, "wasm-bindgen")?;
    bindgen
        .arg(raw.join(format!("{PROGRAM}.wasm")))
        .args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", stem])
        .arg("--out-dir")
        .arg(to);
    shell.run(&format!("{log}-bindgen"), &mut bindgen, REMEDY)
}

/// The pieces know each other by the names that they are served with.
fn rename_in_scripts(folder: &Path, stem: &str, pieces: &[(String, String)]) -> Result<()> {
    let scripts = page::files(folder)?;
    for script in scripts.iter().filter(|file| file.extension().is_some_and(|e| e == "js")) {
        let mut text =
            fs::read_to_string(script).with_context(|| format!("reading {}", script.display()))?;
        text = text.replace(&format!("./{PROGRAM}.js"), &format!("./{stem}.js"));
        for (name, ours) in pieces {
            text = text.replace(&format!("from \"./{name}\""), &format!("from \"./{ours}\""));
            text = text.replace(&format!("URL(\"./{name}\""), &format!("URL(\"./{ours}\""));
        }
        fs::write(script, text).with_context(|| format!("writing {}", script.display()))?;
    }
    Ok(())
}

fn optimise(shell: &Shell, tools: &Tools, folder: &Path, log: &str) -> Result<()> {
    for file in page::files(folder)? {
        if file.extension().is_some_and(|ending| ending == "wasm") {
            let mut opt = tools.command(shell, "wasm-opt")?;
            opt.arg("-Oz").arg(&file).arg("-o").arg(&file);
            shell.run(&format!("{log}-opt"), &mut opt, REMEDY)?;
        }
    }
    Ok(())
}

/// What trunk called the program: `clm-dashboard-<hash>`.
fn old_stem(dist: &Path) -> Result<String> {
    page::files(dist)?
        .iter()
        .filter_map(|file| file.file_name()?.to_str()?.strip_suffix("_bg.wasm").map(str::to_owned))
        .find(|stem| stem.starts_with(PROGRAM))
        .context("trunk built no program")
}

fn is_of(file: &Path, stem: &str) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(stem))
}

/// The page asks for the new files, and at once for the script that the first one needs.
fn in_pieces(html: &str, old: &str, stem: &str) -> String {
    let html = html.replace(old, stem);
    let preload = "<link rel=\"modulepreload\"";
    let links = html.split_once(preload).map(|(_, rest)| {
        let rest = rest.split_once('>').map_or(rest, |(link, _)| link);
        format!("{preload}{}>", rest.replace(&format!("{stem}.js"), &format!("{stem}_split.js")))
    });
    match links {
        Some(link) => html.replacen(preload, &format!("{link}{preload}"), 1),
        None => html,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_the_new_files() {
        let html = "<script>import init from '/clm-dashboard-1.js'</script>\
            <link rel=\"modulepreload\" href=\"/clm-dashboard-1.js\" crossorigin><link rel=\"preload\" href=\"/clm-dashboard-1_bg.wasm\"></head>";
        assert_eq!(
            in_pieces(html, "clm-dashboard-1", "clm-dashboard-2"),
            "<script>import init from '/clm-dashboard-2.js'</script>\
            <link rel=\"modulepreload\" href=\"/clm-dashboard-2_split.js\" crossorigin>\
            <link rel=\"modulepreload\" href=\"/clm-dashboard-2.js\" crossorigin><link rel=\"preload\" href=\"/clm-dashboard-2_bg.wasm\"></head>"
        );
    }
}
