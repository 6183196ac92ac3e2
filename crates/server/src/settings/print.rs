//! `--print-config`: the effective settings as a file of settings, and where each comes from.

use clap::{ArgAction, ArgMatches, Command, parser::ValueSource};
use toml::Value;

use crate::settings::{
    file::{File, NOT_IN_A_FILE},
    mask::{self, MASK},
    secret::Secret,
};

pub fn print(
    command: &Command,
    matches: &ArgMatches,
    file: &File,
    variable: impl Fn(&str) -> Option<String>,
) -> String {
    let mut lines = Vec::new();
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        if NOT_IN_A_FILE.contains(&id) {
            continue;
        }
        let values: Vec<String> = matches
            .get_raw(id)
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            Some(_) if file.plain.contains_key(id) => "file",
            _ => "default",
        };
        // Whoever put a password into an address must not see it printed.
        let shown = |value: String| match id {
            "loki_url" => mask::address(&value),
            _ => mask::without_credentials(&value),
        };
        let values: Vec<_> = values.into_iter().map(shown).collect();
        let key = id.replace('_', "-");
        let is_list = matches!(arg.get_action(), ArgAction::Append);
        lines.push(match (is_list, values.as_slice()) {
            (false, []) => format!("# {key} is not set"),
            (false, [value, ..]) => format!("{key} = {}  # {source}", written(value)),
            (true, values) => {
                let values: Vec<_> =
                    values.iter().map(|value| written(value).to_string()).collect();
                format!("{key} = [{}]  # {source}", values.join(", "))
            }
        });
    }
    for secret in Secret::ALL {
        let source = if variable(secret.variable()).is_some() {
            "environment"
        } else if file.secrets.contains_key(&secret) {
            "file"
        } else {
            lines.push(format!("# {} is not set", secret.key()));
            continue;
        };
        lines.push(format!("# {} = {MASK}  # {source}", secret.key()));
    }
    lines.join("\n") + "\n"
}

/// Numbers and switches bare, all else quoted.
fn written(value: &str) -> Value {
    if let Ok(number) = value.parse() {
        Value::Integer(number)
    } else if let Ok(flag) = value.parse() {
        Value::Boolean(flag)
    } else {
        Value::String(value.to_owned())
    }
}
