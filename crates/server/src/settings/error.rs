//! What is wrong with settings, in sentences that say what to do.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use thiserror::Error;

use crate::{
    loki::LokiError,
    settings::{FileError, SecretError},
};

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
    #[error("trusted-proxy = {0} lets others in: set CLM_API_TOKEN so that /api asks for it")]
    ProxyNeedsToken(IpNet),
    #[error("{0} {1}")]
    Secret(&'static str, SecretError),
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
    #[error("the access log cannot be written to the directory {0} (access-log-dir): {1}")]
    AccessLogDir(PathBuf, std::io::Error),
    #[error("insights-from = loki needs a Loki: set loki-url too")]
    InsightsNeedLoki,
}
