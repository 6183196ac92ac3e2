//! `clm-server`: reads the command line and runs the server until it is told to stop.

use std::process::ExitCode;

use clap::Parser;
use server::{Args, Config};

fn main() -> ExitCode {
    match start(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clm-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<()> {
    let mut config = Config::new(args, std::env::var(server::TOKEN_VARIABLE).ok())?;
    config.loki = server::person::Loki::from_env()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(server::run(config));
    // A request that will not end must not keep the process.
    runtime.shutdown_background();
    Ok(result?)
}
