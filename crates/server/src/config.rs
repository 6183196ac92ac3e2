//! What the server is told at its start, and what of that it refuses.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use thiserror::Error;

use crate::{
    access::{Access, ClientIp},
    person::Loki,
};

/// Environment variable of the token that `/api` asks for. Not an argument: arguments are visible
/// to every user of the machine.
pub const TOKEN_VARIABLE: &str = "CLM_API_TOKEN";

/// Serves the dashboard, takes its events in and answers questions about them.
///
/// Set CLM_API_TOKEN to make /api ask for `Authorization: Bearer <token>`.
#[derive(Clone, Debug, Parser)]
#[command(name = "clm-server", version)]
pub struct Args {
    /// Address and port to listen on; port 0 takes any free one. Anything but a loopback address
    /// needs CLM_API_TOKEN.
    #[arg(long, env = "CLM_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Directory of the events; made when missing.
    #[arg(long, env = "CLM_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// Directory of the built page.
    #[arg(long, env = "CLM_DIST", default_value = "./dist")]
    pub dist: PathBuf,
    /// Component registry to serve instead of the page's own: .json, .yaml or .yml, read again for
    /// every request.
    #[arg(long, env = "CLM_REGISTRY")]
    pub registry: Option<PathBuf>,
    /// Where one JSON line per request goes.
    #[arg(long, env = "CLM_ACCESS_LOG", value_enum, default_value = "stdout")]
    pub access_log: AccessLog,
    /// What those lines tell of a client's address.
    #[arg(long, env = "CLM_CLIENT_IP", value_enum, default_value = "truncated")]
    pub client_ip: ClientIp,
    /// Writes every stored event to stdout, one JSON line each, for a log agent.
    #[arg(long, env = "CLM_EVENTS_STDOUT")]
    pub events_stdout: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum AccessLog {
    Stdout,
    Off,
}

/// Arguments that fit together.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub dist: PathBuf,
    pub registry: Option<PathBuf>,
    /// What `/api` asks for, if anything.
    pub token: Option<String>,
    /// Where what is erased here is erased too.
    pub loki: Option<Loki>,
    /// The line per request.
    pub access: Access,
    /// Stored events go to stdout as well.
    pub events_stdout: bool,
}

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error(
        "--listen {0} can be reached from other machines: set {TOKEN_VARIABLE} so that /api asks \
         for it, or listen on 127.0.0.1"
    )]
    TokenNeeded(SocketAddr),
    #[error("--registry {0} must end in .json, .yaml or .yml")]
    RegistryKind(PathBuf),
    #[error("the access log cannot be written: {0}")]
    AccessLog(std::io::Error),
}

impl Config {
    /// An empty `token` is none.
    ///
    /// # Errors
    /// When the arguments do not fit together, see [`ConfigError`].
    pub fn new(args: Args, token: Option<String>) -> Result<Self, ConfigError> {
        let Args { listen, data, dist, registry, access_log, client_ip, events_stdout } = args;
        let token = token.filter(|token| !token.is_empty());
        if token.is_none() && !listen.ip().is_loopback() {
            return Err(ConfigError::TokenNeeded(listen));
        }
        if let Some(path) = &registry
            && !["json", "yaml", "yml"]
                .iter()
                .any(|&kind| path.extension().is_some_and(|e| e == kind))
        {
            return Err(ConfigError::RegistryKind(path.clone()));
        }
        let access = match access_log {
            AccessLog::Stdout => {
                Access::to(std::io::stdout(), client_ip).map_err(ConfigError::AccessLog)?
            }
            AccessLog::Off => Access::default(),
        };
        Ok(Self { listen, data, dist, registry, token, loki: None, access, events_stdout })
    }
}
