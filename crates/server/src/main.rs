//! `clm-server`: reads its settings and runs the server until it is told to stop.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use server::{Config, ConfigError, RunError, Wish};

/// Events are many small texts: a tenth of the time went to the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // What we make, the file of events, its log and the lines of requests, is for nobody else to read.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clm-server: {}", shown(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Without the passwords of addresses, and without signs that move the cursor.
fn shown(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(server::access::plain::text).collect();
    server::without_credentials(&lines.join("\n"))
}

fn start() -> anyhow::Result<()> {
    // What is no Unicode is no secret that works: it is told, not taken for none.
    let variable = |name: &str| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
    match server::load(std::env::args_os(), variable) {
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
        Ok(Wish::Healthcheck(listen)) => server::healthcheck(listen).map_err(Into::into),
        // `--help` and `--version` are no failures.
        Err(ConfigError::CommandLine(error)) if error.use_stderr() => {
            eprintln!("{}", shown(&error.render().to_string()));
            std::process::exit(error.exit_code())
        }
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
