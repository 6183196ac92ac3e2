//! Every setting, once: its flag, its environment variable, its default and what it means.

use std::{net::SocketAddr, path::PathBuf};

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::{access::ClientIp, settings::Origin};

/// Serves the dashboard, takes its events in and answers questions about them.
///
/// A flag wins over its environment variable, and that over the file of --config, where a setting is
/// called like its flag. The secrets CLM_API_TOKEN and LOKI_PASSWORD come from the environment or
/// that file (api-token, loki-password), never from a flag: flags are visible to every user of a
/// machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "clm-server", version)]
pub struct Args {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub task: Option<Task>,
    /// TOML file of settings.
    #[arg(long, env = "CLM_CONFIG", global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Prints the effective settings and where each comes from, secrets masked, and ends.
    #[arg(long)]
    pub print_config: bool,
    /// Counts what is kept ready for the answers anew, from the events themselves, and ends.
    #[arg(long)]
    pub rebuild_counts: bool,
    /// Asks the server that runs with these settings whether it lives, and ends: with 0 if it does.
    #[arg(long)]
    pub healthcheck: bool,
    /// Address and port to listen on, as 127.0.0.1:8080; port 0 takes any free one. Anything but a
    /// loopback address needs CLM_API_TOKEN.
    #[arg(long, env = "CLM_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Directory of the events; made when missing.
    #[arg(long, env = "CLM_DATA", default_value = "./data", global = true, value_name = "DIR")]
    pub data: PathBuf,
    /// Directory of a built page, instead of the one inside the program.
    #[arg(long, env = "CLM_DIST", value_name = "DIR")]
    pub dist: Option<PathBuf>,
    /// Component registry to serve instead of the page's own: .json, .yaml or .yml; an edit is
    /// live at once.
    #[arg(long, env = "CLM_REGISTRY", value_name = "FILE")]
    pub registry: Option<PathBuf>,
    /// Names that browsers know this server by, as dashboard.example.org, comma-separated; any other
    /// name than localhost and bare addresses is refused. With a name, /api needs CLM_API_TOKEN.
    #[arg(long, env = "CLM_HOST", value_delimiter = ',', value_name = "NAME")]
    pub host: Vec<String>,
    /// Other origins whose pages may push events, as https://shop.example.org, comma-separated.
    #[arg(long, env = "CLM_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN")]
    pub allow_origin: Vec<Origin>,
    /// Reverse proxies whose X-Forwarded-For is believed: addresses or networks as 10.0.0.0/8,
    /// comma-separated. With a proxy, /api needs CLM_API_TOKEN.
    #[arg(long, env = "CLM_TRUSTED_PROXY", value_delimiter = ',', value_name = "NETWORK",
          value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,
    /// Requests to push and /api that one client may send per second, ten times that at once; a client
    /// on this machine may send any number. 0 is no limit.
    #[arg(long, env = "CLM_CLIENT_RATE", default_value_t = 100, value_name = "NUMBER")]
    pub client_rate: u32,
    /// The same for all clients together.
    #[arg(long, env = "CLM_TOTAL_RATE", default_value_t = 10_000, value_name = "NUMBER")]
    pub total_rate: u32,
    /// Requests to /api/me that one client may send per minute, from whatever machine, and ten times
    /// that of all clients together. 0 is no limit.
    #[arg(long, env = "CLM_PERSON_RATE", default_value_t = 10, value_name = "NUMBER")]
    pub person_rate: u32,
    /// Connections held at a time, 1 to 100000, a quarter of them of one client. Beyond that, those
    /// close that keep us waiting longest.
    #[arg(long, env = "CLM_MAX_CONNECTIONS", default_value_t = 1_024, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connections: u32,
    /// Days after which an event is deleted, up to 3650; 0 keeps them for ever.
    #[arg(long, env = "CLM_RETENTION_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(..=3_650))]
    pub retention_days: u32,
    /// Size of the file of events and its log in MB at which no more are taken, 16 and up; 0 is no limit.
    #[arg(long, env = "CLM_MAX_STORE_MB", default_value_t = 0, value_name = "MB",
          value_parser = max_store)]
    pub max_store_mb: u32,
    /// Components without an entry in the registry that are told apart, up to 100000; all others are counted as
    /// one, (other).
    #[arg(long, env = "CLM_MAX_UNKNOWN_COMPONENTS", default_value_t = 1_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub max_unknown_components: u32,
    /// Where one JSON line per request goes: stdout, file (a file for each day in --access-log-dir), or
    /// off.
    #[arg(
        long,
        env = "CLM_ACCESS_LOG",
        value_enum,
        default_value = "stdout",
        value_name = "WHERE"
    )]
    pub access_log: AccessLog,
    /// Directory of the files of --access-log file, made when missing; without it the directory logs
    /// inside --data.
    #[arg(long, env = "CLM_ACCESS_LOG_DIR", value_name = "DIR")]
    pub access_log_dir: Option<PathBuf>,
    /// Days after which a line of those files is deleted, 1 to 3650.
    #[arg(long, env = "CLM_ACCESS_LOG_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub access_log_days: u32,
    /// Size of those files together in MB at which the oldest are deleted, 16 and up.
    #[arg(long, env = "CLM_ACCESS_LOG_MB", default_value_t = 1_000, value_name = "MB",
          value_parser = clap::value_parser!(u32).range(16..))]
    pub access_log_mb: u32,
    /// What those lines tell of a client's address.
    #[arg(
        long,
        env = "CLM_CLIENT_IP",
        value_enum,
        default_value = "truncated",
        value_name = "HOW"
    )]
    pub client_ip: ClientIp,
    /// Form of the server's own log on stderr.
    #[arg(long, env = "CLM_LOG_FORMAT", value_enum, default_value = "text", value_name = "FORM")]
    pub log_format: LogFormat,
    /// Writes every stored event to stdout, one JSON line each, for a log agent.
    #[arg(long, env = "CLM_EVENTS_STDOUT", action = ArgAction::Set, default_value_t = false,
          default_missing_value = "true", num_args = 0..=1, require_equals = true,
          value_name = "BOOL")]
    pub events_stdout: bool,
    /// Loki to hand events on to, as http://loki:3100 or https://logs-prod-012.grafana.net.
    #[arg(long, env = "LOKI_URL", value_name = "URL")]
    pub loki_url: Option<String>,
    /// User of Loki's basic auth; for Grafana Cloud the number of the Loki instance.
    #[arg(long, env = "LOKI_USERNAME", value_name = "NAME")]
    pub loki_username: Option<String>,
    /// X-Scope-OrgID, for a Loki with tenants.
    #[arg(long, env = "LOKI_TENANT", value_name = "ID")]
    pub loki_tenant: Option<String>,
    /// The label job of all events in Loki: letters, digits, - and _.
    #[arg(long, env = "LOKI_JOB", default_value = "clm-frontend", value_name = "NAME")]
    pub loki_job: String,
    /// Where ids go in Loki: structured metadata, or stream labels for a Loki before 3.0.
    #[arg(long, env = "LOKI_LABELS", value_enum, default_value = "metadata", value_name = "WHERE")]
    pub loki_labels: LokiLabels,
    /// Where answers about all events come from: the file of this server, or the Loki that many servers
    /// hand their events on to.
    #[arg(
        long,
        env = "CLM_INSIGHTS_FROM",
        value_enum,
        default_value = "store",
        value_name = "WHERE"
    )]
    pub insights_from: InsightsFrom,
}

#[derive(Clone, Debug, Eq, PartialEq, Subcommand)]
pub enum Task {
    /// Copies the events of --data into a new file, while a server works on them too.
    Backup {
        /// The file to make; one that is there is not overwritten.
        file: PathBuf,
    },
    /// Puts a backup in the place of the events of --data; no server may work on them. What was there is moved aside.
    Restore {
        /// The backup.
        file: PathBuf,
    },
    /// Looks after the events of --data that go on to Loki.
    Outbox {
        #[command(subcommand)]
        task: OutboxTask,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Subcommand)]
pub enum OutboxTask {
    /// Sends everything again that Loki refused for good and that was set aside, while a server works on
    /// the events or at its next start. Mend first what Loki complained about.
    RetryRefused,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum InsightsFrom {
    Store,
    Loki,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum AccessLog {
    Stdout,
    File,
    Off,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LokiLabels {
    Metadata,
    Stream,
}

/// No limit, or one that leaves room to work.
fn max_store(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(mb @ (0 | 16..)) => Ok(mb),
        _ => Err("not 0, and not a number from 16 on".into()),
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "not an address or a network".into())
}
