//! What a person types: `cargo xtask` with one of the commands below.

mod bench;
mod browser;
mod build;
mod cache;
mod demo;
mod grafana;
mod line;
mod page;
mod process;
mod results;
mod sample;
mod screenshots;
mod serve;
mod server;
mod setup;
mod shell;
mod simulate;
mod split;
mod test;
mod tools;

use clap::{Parser, Subcommand};
use shell::{Interrupted, Shell};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Set up, show and test CLM Dashboard"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Get the tools that build the page
    Setup,
    /// Build the one file to install: the server with the page inside
    Build,
    /// Build everything, start the server and open the dashboard
    Demo(demo::Args),
    /// Serve the page with trunk, built again at every change, and start a server beside it
    Serve(serve::Args),
    /// Run the checks: format, lints, unit tests, browser tests, journeys
    Test(test::Args),
    /// Measure: our tracker beside others, our page beside Yew's hello world
    Bench(bench::Args),
    /// Let people of a believable month use a running server
    Simulate(simulate::Args),
    /// Take a picture of every page and state, in two sizes and both themes
    Screenshots,
    /// Write the Grafana dashboards, the alert rules and the table of queries
    Grafana(grafana::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let when_interrupted = match cli.command {
        Command::Demo(_) | Command::Serve(_) => ExitCode::SUCCESS,
        Command::Setup
        | Command::Build
        | Command::Test(_)
        | Command::Bench(_)
        | Command::Simulate(_)
        | Command::Screenshots
        | Command::Grafana(_) => ExitCode::from(130),
    };
    let result = Shell::new().and_then(|shell| match cli.command {
        Command::Setup => setup::run(&shell),
        Command::Build => build::run(&shell),
        Command::Demo(args) => demo::run(&shell, args),
        Command::Serve(args) => serve::run(&shell, args),
        Command::Test(args) => test::run(&shell, &args),
        Command::Bench(args) => bench::run(&shell, &args),
        Command::Simulate(args) => simulate::run(&shell, &args),
        Command::Screenshots => screenshots::run(&shell),
        Command::Grafana(args) => grafana::run(&shell, &args),
    });
    match result {
        Ok(code) => code,
        Err(error) if error.is::<Interrupted>() => {
            println!("stopped");
            when_interrupted
        }
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
