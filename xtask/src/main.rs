//! `cargo xtask setup`, `cargo xtask demo`, `cargo xtask test`.

mod browser;
mod demo;
mod page;
mod setup;
mod step;
mod test;
mod tools;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use step::{Interrupted, Shell};

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
    /// Build everything, start the server and open the dashboard
    Demo(demo::Args),
    /// Run every check: format, lints, unit tests, browser tests, journeys
    Test,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let when_interrupted = match cli.command {
        Command::Demo(_) => ExitCode::SUCCESS,
        Command::Setup | Command::Test => ExitCode::from(130),
    };
    let result = Shell::new().and_then(|shell| match cli.command {
        Command::Setup => setup::run(&shell),
        Command::Demo(args) => demo::run(&shell, args),
        Command::Test => test::run(&shell),
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
