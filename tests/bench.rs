//! What is built stays within its budgets, and the benches can be run at all. `cargo xtask test` has what this needs.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn budget(name: &str) -> u64 {
    let budgets: toml::Table = include_str!("../budgets.toml").parse().unwrap();
    u64::try_from(budgets["transfer"][name].as_integer().unwrap()).unwrap()
}

/// What a browser asks for, packed: each file of the built page with its size.
fn packed(dist: &Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = fs::read_dir(dist)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap().strip_suffix(".br")?.to_owned();
            Some((name, entry.metadata().unwrap().len()))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_page_stays_within_its_budgets() {
    let dist = PathBuf::from(env::var("CLM_DIST").expect("CLM_DIST: run `cargo xtask test`"));
    let index = fs::read_to_string(dist.join("index.html")).unwrap();
    let files = packed(&dist);
    let is_first = |name: &str| {
        index.contains(name) || ["config.json", "index.html", "registry.json"].contains(&name)
    };
    let sum = |wanted: &dyn Fn(&str) -> bool| -> u64 {
        files.iter().filter(|(name, _)| wanted(name)).map(|(_, bytes)| bytes).sum()
    };
    let (first_view, total) = (sum(&is_first), sum(&|_| true));
    for (name, bytes) in &files {
        println!("| {name} | {bytes} |");
    }
    println!("| first view | {first_view} |\n| total | {total} |");
    assert!(files.iter().any(|(name, _)| name.ends_with(".wasm") && is_first(name)), "{files:?}");
    assert!(first_view <= budget("first_view"), "first view: {first_view} bytes");
    assert!(total <= budget("total"), "total: {total} bytes");
}

/// One scenario with few events, from the build to the table. Says so and passes where node or npm is missing.
#[test]
fn the_tracker_bench_runs() {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench");
    let found = |program: &str| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    if !["node", "npm", "trunk"].into_iter().all(found) {
        println!("skipped: no node, npm or trunk here, so the benches were not tried");
        return;
    }
    let run = |program: &str, arguments: &[&str], from: &Path| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(from)
            .envs([
                ("ADAPTERS", "smoke"),
                ("SCENARIOS", "perf"),
                ("EVENTS", "100"),
                ("ROUNDS", "2"),
            ])
            .env_remove("NO_COLOR")
            .env("TRUNK_SKIP_VERSION_CHECK", "true")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        text
    };
    if !bench.join("node_modules/.package-lock.json").is_file() {
        run("npm", &["ci", "--no-audit", "--no-fund"], &bench);
    }
    // A debug build: quick, and beside the one that is measured.
    let dist = bench.join("adapters/smoke");
    fs::create_dir_all(&dist).unwrap();
    run("trunk", &["build", "--dist", dist.to_str().unwrap()], &bench.join("ours"));
    run("node", &["lib/build.mjs"], &bench);
    run("node", &["lib/run.mjs"], &bench);
    let table = run("node", &["lib/table.mjs"], &bench);
    assert!(table.contains("us CPU/event in loop"), "{table}");
    let result = fs::read_to_string(bench.join("results/smoke.perf.json")).unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!((&result["sent"], &result["delivered"]), (&300.into(), &300.into()));
}
