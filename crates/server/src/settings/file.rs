//! The file of settings. Its values become the defaults of the flags, so each is checked by the same
//! rules and loses to a flag and to an environment variable.

use std::{collections::BTreeMap, error::Error, io::Read, path::Path};

use clap::{
    Command,
    error::{ContextKind, ContextValue},
};
use thiserror::Error;
use toml::{Table, Value};

use crate::settings::secret::Secret;

/// Bytes of a file that are read.
const MAX_BYTES: usize = 64 << 10;
/// What says where settings come from is not one of them.
pub const NOT_IN_A_FILE: [&str; 6] =
    ["config", "print_config", "rebuild_counts", "healthcheck", "help", "version"];

#[derive(Debug, Error)]
pub enum FileError {
    #[error("{0}")]
    Read(#[from] std::io::Error),
    #[error("the file is over {MAX_BYTES} bytes")]
    TooLarge,
    #[error("not TOML: {0}")]
    Toml(String),
    #[error("{key} is not a setting; there are {known}")]
    Unknown { key: String, known: String },
    #[error("{key} = {value} is not a text, a number, true, false or a list of texts")]
    Kind { key: String, value: String },
    #[error("{key} = {value}: {reason}")]
    Value { key: String, value: String, reason: String },
}

/// Checked values.
#[derive(Debug, Default)]
pub struct File {
    /// By the flag's id.
    pub plain: BTreeMap<String, String>,
    pub secrets: BTreeMap<Secret, String>,
}

/// # Errors
/// When the file cannot be read or holds what is not a setting.
pub fn read(path: &Path, command: &Command) -> Result<File, FileError> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_string(&mut text)?;
    parse(&text, command)
}

pub fn parse(text: &str, command: &Command) -> Result<File, FileError> {
    if text.len() > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    // Without the lines of the file that the error would quote: they may hold a secret.
    let table: Table =
        text.parse().map_err(|error: toml::de::Error| FileError::Toml(place(&error, text)))?;
    let mut file = File::default();
    for (key, value) in table {
        if let Some(secret) = Secret::of_key(&key) {
            let Value::String(value) = value else {
                let value = "(hidden)".into();
                return Err(FileError::Value { key, value, reason: "must be a text".into() });
            };
            file.secrets.insert(secret, value);
            continue;
        }
        let id = key.replace('-', "_");
        if NOT_IN_A_FILE.contains(&id.as_str())
            || key.contains('_')
            || !command.get_arguments().any(|arg| arg.get_id() == id.as_str())
        {
            return Err(FileError::Unknown { key, known: known(command) });
        }
        let value = plain(&key, &value)?;
        check(command, &key, &value)?;
        file.plain.insert(id, value);
    }
    Ok(file)
}

fn place(error: &toml::de::Error, text: &str) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message())
}

fn known(command: &Command) -> String {
    let mut keys: Vec<_> = command
        .get_arguments()
        .map(|arg| arg.get_id().as_str())
        .filter(|id| !NOT_IN_A_FILE.contains(id))
        .map(|id| id.replace('_', "-"))
        .chain(Secret::ALL.map(|secret| secret.key().to_owned()))
        .collect();
    keys.sort();
    keys.join(", ")
}

fn plain(key: &str, value: &Value) -> Result<String, FileError> {
    // A table or a list may hold a secret that stands in the wrong place.
    let shown = match value {
        Value::Table(_) => "(a table)".to_owned(),
        Value::Array(_) => "(a list)".to_owned(),
        other => other.to_string(),
    };
    let wrong = || FileError::Kind { key: key.to_owned(), value: shown.clone() };
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(flag) => Ok(flag.to_string()),
        Value::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| texts.join(",")).ok_or_else(wrong)
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => Err(wrong()),
    }
}

/// Asks the flag whether it takes the value.
fn check(command: &Command, key: &str, value: &str) -> Result<(), FileError> {
    let given = ["clm-server".to_owned(), format!("--{key}={value}")];
    let Err(error) = command.clone().try_get_matches_from(given) else { return Ok(()) };
    let allowed = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => format!("there are {}", values.join(", ")),
        _ => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{why}; it is: {}", meaning(command, key))
        }
    };
    Err(FileError::Value { key: key.to_owned(), value: format!("{value:?}"), reason: allowed })
}

fn meaning(command: &Command, key: &str) -> String {
    command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(key))
        .and_then(|arg| arg.get_help())
        .map(ToString::to_string)
        .unwrap_or_default()
}
