//! What the server is told at its start: flags over environment over a file, and what of that it
//! refuses.

mod args;
mod error;
mod file;
mod mask;
mod origin;
mod print;
mod secret;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{CommandFactory, FromArgMatches};
use ipnet::IpNet;
use tracking::LabelMode;

pub use args::{AccessLog, Args, InsightsFrom, LogFormat, LokiLabels, OutboxTask, Task};
pub use error::ConfigError;
pub use file::FileError;
pub use mask::without_credentials;
pub use origin::Origin;
pub use secret::{Secret, SecretError};

use crate::{
    access::{Access, DailyFiles},
    loki::{Loki, LokiSettings},
    outbox,
};
use file::File;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MB: u64 = 1_000_000;

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
    /// Requests per minute of one client to `/api/me`; 0 is no limit.
    pub person_rate: u32,
    pub max_connections: usize,
    /// None keeps events for ever.
    pub retention: Option<Duration>,
    /// Bytes of the file of events and its log; 0 is no limit.
    pub max_store_bytes: u64,
    /// Components without an entry in the registry that are told apart.
    pub max_unknown: usize,
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
    /// `--healthcheck`: of the server that listens there.
    Healthcheck(SocketAddr),
    /// `--print-config`: this text.
    Print(String),
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
    if args.healthcheck {
        return Ok(Wish::Healthcheck(args.listen));
    }
    let secret = |secret: Secret| {
        let given = variable(secret.variable());
        let Some(text) = given.or_else(|| file.secrets.get(&secret).cloned()) else {
            return Ok(None);
        };
        secret.read(&text).map_err(|error| ConfigError::Secret(secret.variable(), error))
    };
    let wish = if args.rebuild_counts { Wish::Rebuild } else { Wish::Run };
    Config::new(args, secret).map(|config| wish(Box::new(config)))
}

impl Config {
    fn new(
        args: Args,
        secret: impl Fn(Secret) -> Result<Option<String>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let Args {
            task: _,
            config: _,
            print_config: _,
            rebuild_counts: _,
            healthcheck: _,
            listen,
            data,
            dist,
            registry,
            host,
            allow_origin,
            trusted_proxy,
            client_rate,
            total_rate,
            person_rate,
            max_connections,
            retention_days,
            max_store_mb,
            max_unknown_components,
            access_log,
            access_log_dir,
            access_log_days,
            access_log_mb,
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
        let token = secret(Secret::ApiToken)?;
        if token.is_none() && !listen.ip().is_loopback() {
            return Err(ConfigError::ListenNeedsToken(listen));
        }
        if let Some(name) = host.iter().find(|name| !is_name(name)) {
            return Err(ConfigError::Host(name.clone()));
        }
        if let (None, Some(name)) = (&token, host.first()) {
            return Err(ConfigError::HostNeedsToken(name.clone()));
        }
        if let (None, Some(&proxy)) = (&token, trusted_proxy.first()) {
            return Err(ConfigError::ProxyNeedsToken(proxy));
        }
        if let Some(path) = &registry
            && !["json", "yaml", "yml"]
                .iter()
                .any(|&kind| path.extension().is_some_and(|e| e == kind))
        {
            return Err(ConfigError::RegistryKind(path.clone()));
        }
        let username = named("LOKI_USERNAME", loki_username)?;
        if username.as_ref().is_some_and(|name| name.contains(':')) {
            return Err(ConfigError::Secret("LOKI_USERNAME", SecretError::Colon));
        }
        let tenant = named("LOKI_TENANT", loki_tenant)?;
        let password = secret(Secret::LokiPassword)?;
        let loki = match named("LOKI_URL", loki_url)? {
            Some(url) => Some(Loki::new(LokiSettings {
                username,
                password,
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
        let access = match access_log {
            AccessLog::Stdout => {
                Access::to(std::io::stdout(), client_ip).map_err(ConfigError::AccessLog)?
            }
            AccessLog::File => {
                let dir = access_log_dir.unwrap_or_else(|| data.join("logs"));
                let keep = DAY * access_log_days;
                let files = DailyFiles::open(dir.clone(), keep, u64::from(access_log_mb) * MB);
                files
                    .and_then(|files| Access::to_files(files, client_ip))
                    .map_err(|error| ConfigError::AccessLogDir(dir, error))?
            }
            AccessLog::Off => Access::default(),
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
            person_rate,
            max_connections: usize::try_from(max_connections).unwrap_or(usize::MAX),
            retention: (retention_days > 0).then(|| DAY * retention_days),
            max_store_bytes: u64::from(max_store_mb) * MB,
            max_unknown: usize::try_from(max_unknown_components).unwrap_or(usize::MAX),
            token,
            loki,
            insights_from,
            access,
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

fn named(variable: &'static str, text: Option<String>) -> Result<Option<String>, ConfigError> {
    secret::name(&text.unwrap_or_default()).map_err(|error| ConfigError::Secret(variable, error))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}
