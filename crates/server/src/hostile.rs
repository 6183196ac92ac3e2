//! What must hold for any bytes whatever. The fuzz targets in `fuzz/` and the bounded runs in the
//! tests call the same functions; a broken promise is an `Err` that names it.

use std::ffi::OsString;

use serde_json::Value;
use tracking::{Record, UserId, limit};

use crate::{
    access,
    push::try_decode,
    settings::{ConfigError, Wish, load, load_text},
};

/// A day in 2025; the corpus is of that day.
pub const NOW_MS: u64 = 1_764_000_000_000;
/// Bytes of an answer: a client cannot make us write a long one.
const ANSWER: usize = 2_000;

/// The body of a push, plain and as gzip.
///
/// # Errors
/// Names the promise that was broken.
pub fn push(body: &[u8]) -> Result<(), String> {
    for is_gzip in [false, true] {
        match try_decode(body, is_gzip, NOW_MS) {
            Ok(lines) => lines.iter().try_for_each(|line| stored(line))?,
            Err(sentence) => refused(&sentence)?,
        }
    }
    Ok(())
}

fn stored(line: &str) -> Result<(), String> {
    if line.len() > limit::LINE {
        return Err("a stored line is within the limit".into());
    }
    let record = Record::from_line(line).map_err(|e| format!("a stored line can be read: {e}"))?;
    let again = record.to_line().map_err(|e| format!("a record can be written: {e}"))?;
    let twice = Record::from_line(&again)
        .and_then(|record| record.to_line().map_err(|e| tracking::InvalidLine::Json(e.to_string())))
        .map_err(|e| format!("a written record can be read: {e}"))?;
    if again != twice {
        return Err("a record that was written once is written the same for ever".into());
    }
    Ok(())
}

fn refused(sentence: &str) -> Result<(), String> {
    if sentence.is_empty() || sentence.len() > ANSWER {
        return Err(format!("a refusal is a sentence: {} bytes", sentence.len()));
    }
    Ok(())
}

/// The body of an analytics event.
///
/// # Errors
/// Names the promise that was broken.
pub fn analytics(body: &[u8]) -> Result<(), String> {
    let note = match access::checked(body, NOW_MS) {
        Ok(note) => note,
        Err(refusal) => return refused(&refusal.to_string()),
    };
    let line: Value =
        serde_json::from_str(&note.line).map_err(|e| format!("a stored line is JSON: {e}"))?;
    let sent: Value =
        serde_json::from_slice(body).map_err(|e| format!("what was taken is JSON: {e}"))?;
    let mut data =
        sent.get("data").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let named = match &data["user_id"] {
        Value::Null => None,
        Value::String(name) => Some(name.clone()),
        other => Some(other.to_string()),
    };
    let user = named.map(|name| UserId::parse(&name).unwrap_or_else(|_| UserId::of_name(&name)));
    if let (Some(user), Some(data)) = (&user, data.as_object_mut()) {
        data.insert("user_id".into(), user.as_str().into());
    }
    for (promise, holds) in [
        ("the time is ours", line["timestamp"] == NOW_MS),
        ("the level is ours", line["level"] == "info"),
        ("the event is our own word, which may become a label", line["event"] == access::ANALYTICS),
        ("the name is the event that was sent", line["name"] == sent["event"]),
        ("data is kept as it was, but for the user's name", line["data"] == data),
        ("a line is one line", !note.line.contains('\n')),
        ("the user is the one in data, or the SHA-256 of their name", note.user_id == user),
    ] {
        if !holds {
            return Err(promise.to_owned());
        }
    }
    Ok(())
}

/// Command lines, one argument a line: whatever they say, there is a server or a sentence.
///
/// # Errors
/// Names the promise that was broken.
pub fn config(text: &str) -> Result<(), String> {
    // Its output would be this program's, and a file of settings may be any file of the machine.
    let lines = text.lines().filter(|line| !line.starts_with("--config"));
    let arguments = ["clm-server", "--access-log", "off"].into_iter().chain(lines);
    settled(load(arguments.map(OsString::from), |_| None))
}

/// Files of settings: whatever they say, there is a server or a sentence.
///
/// # Errors
/// Names the promise that was broken.
pub fn settings(text: &str) -> Result<(), String> {
    let arguments = ["clm-server", "--access-log", "off"].map(OsString::from);
    settled(load_text(arguments, text, |_| None))
}

fn settled(loaded: Result<Wish, ConfigError>) -> Result<(), String> {
    match loaded {
        Ok(Wish::Run(config)) if !config.listen.ip().is_loopback() && config.token.is_none() => {
            Err("other machines need a token".into())
        }
        Ok(Wish::Run(config)) if !config.proxies.is_empty() && config.token.is_none() => {
            Err("a proxy needs a token".into())
        }
        Ok(_) => Ok(()),
        Err(ConfigError::CommandLine(error)) if !error.to_string().is_empty() => Ok(()),
        Err(error) => refused(&error.to_string().chars().take(200).collect::<String>()),
    }
}
