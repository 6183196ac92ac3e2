//! `clm-server`: reads its settings and runs the server until it is told to stop.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use server::{Config, ConfigError, RunError, Wish};

/// Events are many small texts: a tenth of the time went to the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clm-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    match server::load(std::env::args_os(), |name| std::env::var(name).ok()) {
        Ok(Wish::Run(config)) => until_told(&config, server::run(*config.clone())),
        Ok(Wish::Rebuild(config)) => until_told(&config, server::rebuild(&config)),
        Ok(Wish::Task(task, data)) => {
            server::observe::start_log(server::LogFormat::Text);
            println!("{}", server::task(&task, &data)?);
            Ok(())
        }
        Ok(Wish::Print(text)) => {
            print!("{text}");
            Ok(())
        }
        // Knows how to print itself, and `--help` and `--version` are no failures.
        Err(ConfigError::CommandLine(error)) => error.exit(),
        Err(error) => Err(error.into()),
    }
}

fn until_told(
    config: &Config,
    work: impl Future<Output = Result<(), RunError>>,
) -> anyhow::Result<()> {
    server::observe::start_log(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(work);
    // A request that will not end must not keep the process.
    runtime.shutdown_background();
    Ok(result?)
}
