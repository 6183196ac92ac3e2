//! What the server is told at its start: flags over environment over a file, and what of that it
//! refuses.

mod args;
mod file;
mod origin;
mod print;
mod secret;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{CommandFactory, FromArgMatches};
use ipnet::IpNet;
use thiserror::Error;
use tracking::LabelMode;

pub use args::{AccessLog, Args, InsightsFrom, LogFormat, LokiLabels, Task};
pub use file::FileError;
pub use origin::Origin;
pub use secret::Secret;

use crate::{
    access::{Access, ClientIp},
    loki::{Loki, LokiError, LokiSettings},
    outbox,
};
use file::File;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Settings that fit together.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    /// None is the page inside the program.
    pub dist: Option<PathBuf>,
    pub registry: Option<PathBuf>,
    /// Names of this server, beside those of this machine.
    pub hosts: Vec<String>,
    /// Other origins whose pages may push.
    pub origins: Vec<Origin>,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpNet>,
    /// Requests per second of one client and of all; 0 is no limit.
    pub client_rate: u32,
    pub total_rate: u32,
    pub max_connections: usize,
    /// None keeps events for ever.
    pub retention: Option<Duration>,
    /// Bytes of the file of events and its log; 0 is no limit.
    pub max_store_bytes: u64,
    /// What `/api` asks for, if anything.
    pub token: Option<String>,
    /// Where events go on to, and where what is erased here is erased too.
    pub loki: Option<Loki>,
    /// The Loki that answers questions; none is the store.
    pub insights_from: Option<Loki>,
    /// The line per request.
    pub access: Access,
    /// Stored events go to stdout as well.
    pub events_stdout: bool,
    pub log_format: LogFormat,
}

/// What the command line asks for.
pub enum Wish {
    Run(Box<Config>),
    /// `--rebuild-counts`.
    Rebuild(Box<Config>),
    /// A task with the folder of events.
    Task(Task, PathBuf),
    /// `--print-config`: this text.
    Print(String),
}

#[derive(Debug, Error)]
pub enum ConfigError {
    /// Also `--help` and `--version`, which are none.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    #[error("{0}: {1}")]
    File(PathBuf, FileError),
    #[error(
        "listen = {0} can be reached from other machines: set CLM_API_TOKEN so that /api asks for \
         it, or listen on 127.0.0.1"
    )]
    ListenNeedsToken(SocketAddr),
    #[error("host = {0} is known to others: set CLM_API_TOKEN so that /api asks for it")]
    HostNeedsToken(String),
    #[error("host = {0:?} is not a bare name as dashboard.example.org, without scheme and port")]
    Host(String),
    #[error("registry = {0} must end in .json, .yaml or .yml")]
    RegistryKind(PathBuf),
    #[error("{0}")]
    Loki(#[from] LokiError),
    #[error("loki-{0} is set, but loki-url is not: set it too, or leave both out")]
    LokiUrlNeeded(&'static str),
    #[error("the access log cannot be written: {0}")]
    AccessLog(std::io::Error),
    #[error("insights-from = loki needs a Loki: set loki-url too")]
    InsightsNeedLoki,
}

/// Reads the command line, the environment and the file that they name.
///
/// `variable` looks a secret up in the environment; an empty one is none.
///
/// # Errors
/// When a setting is not known, not allowed, or does not fit another one.
pub fn load(
    arguments: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Wish, ConfigError> {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let command = Args::command();
    let matches = command.clone().try_get_matches_from(&arguments)?;
    let file = match Args::from_arg_matches(&matches)?.config {
        Some(path) => {
            file::read(&path, &command).map_err(|error| ConfigError::File(path, error))?
        }
        None => File::default(),
    };
    assemble(command, arguments, &file, variable)
}

/// As [`load`], with this text as the file.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    arguments: impl IntoIterator<Item = OsString>,
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Wish, ConfigError> {
    let command = Args::command();
    let file =
        file::parse(text, &command).map_err(|error| ConfigError::File("(text)".into(), error))?;
    assemble(command, arguments.into_iter().collect(), &file, variable)
}

fn assemble(
    mut command: clap::Command,
    arguments: Vec<OsString>,
    file: &File,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Wish, ConfigError> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    for (id, value) in &file.plain {
        command = command.mut_arg(id, |arg| arg.default_value(value.clone()));
    }
    let matches = command.clone().try_get_matches_from(arguments)?;
    let args = Args::from_arg_matches(&matches)?;
    if args.print_config {
        // The order of the flags, which the defaults from the file have changed.
        let text = print::print(&Args::command(), &matches, file, variable);
        return Ok(Wish::Print(text));
    }
    if let Some(task) = args.task {
        // Whatever else is set is none of its business.
        return Ok(Wish::Task(task, args.data));
    }
    let secret =
        |secret: Secret| variable(secret.variable()).or_else(|| file.secrets.get(&secret).cloned());
    let wish = if args.rebuild_counts { Wish::Rebuild } else { Wish::Run };
    Config::new(args, secret).map(|config| wish(Box::new(config)))
}

impl Config {
    fn new(args: Args, secret: impl Fn(Secret) -> Option<String>) -> Result<Self, ConfigError> {
        let Args {
            task: _,
            config: _,
            print_config: _,
            rebuild_counts: _,
            listen,
            data,
            dist,
            registry,
            host,
            allow_origin,
            trusted_proxy,
            client_rate,
            total_rate,
            max_connections,
            retention_days,
            max_store_mb,
            access_log,
            client_ip,
            log_format,
            events_stdout,
            loki_url,
            loki_username,
            loki_tenant,
            loki_job,
            loki_labels,
            insights_from,
        } = args;
        let token = secret(Secret::ApiToken);
        if token.is_none() && !listen.ip().is_loopback() {
            return Err(ConfigError::ListenNeedsToken(listen));
        }
        if let Some(name) = host.iter().find(|name| !is_name(name)) {
            return Err(ConfigError::Host(name.clone()));
        }
        if let (None, Some(name)) = (&token, host.first()) {
            return Err(ConfigError::HostNeedsToken(name.clone()));
        }
        if let Some(path) = &registry
            && !["json", "yaml", "yml"]
                .iter()
                .any(|&kind| path.extension().is_some_and(|e| e == kind))
        {
            return Err(ConfigError::RegistryKind(path.clone()));
        }
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (username, tenant) = (some(loki_username), some(loki_tenant));
        let loki = match some(loki_url) {
            Some(url) => Some(Loki::new(LokiSettings {
                username,
                password: secret(Secret::LokiPassword),
                tenant,
                job: loki_job,
                labels: match loki_labels {
                    LokiLabels::Metadata => LabelMode::Metadata,
                    LokiLabels::Stream => LabelMode::Stream,
                },
                ..LokiSettings::new(url)
            })?),
            None if username.is_some() => return Err(ConfigError::LokiUrlNeeded("username")),
            None if tenant.is_some() => return Err(ConfigError::LokiUrlNeeded("tenant")),
            None => None,
        };
        let insights_from = match insights_from {
            InsightsFrom::Store => None,
            InsightsFrom::Loki => Some(loki.clone().ok_or(ConfigError::InsightsNeedLoki)?),
        };
        Ok(Self {
            listen,
            data,
            dist,
            registry,
            hosts: host,
            origins: allow_origin,
            proxies: trusted_proxy,
            client_rate,
            total_rate,
            max_connections: usize::try_from(max_connections).unwrap_or(usize::MAX),
            retention: (retention_days > 0).then(|| DAY * retention_days),
            max_store_bytes: u64::from(max_store_mb) * 1_000_000,
            token,
            loki,
            insights_from,
            access: access(access_log, client_ip)?,
            events_stdout,
            log_format,
        })
    }
}

impl Config {
    /// Names of those that stored events are handed on to.
    #[must_use]
    pub fn sinks(&self) -> Vec<&'static str> {
        let loki = self.loki.as_ref().map(|_| outbox::LOKI);
        loki.into_iter().chain(self.events_stdout.then_some(outbox::STDOUT)).collect()
    }
}

fn access(log: AccessLog, client_ip: ClientIp) -> Result<Access, ConfigError> {
    match log {
        AccessLog::Stdout => {
            Access::to(std::io::stdout(), client_ip).map_err(ConfigError::AccessLog)
        }
        AccessLog::Off => Ok(Access::default()),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}
