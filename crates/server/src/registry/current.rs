//! One registry as it was read: its text ready to send, and what the server has to know of it.

use std::{
    collections::{BTreeSet, HashMap},
    io::ErrorKind,
    path::Path,
};

use axum::body::Bytes;
use registry::Registry;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    packing,
    regular_file::{self, ReadError},
};

/// 10,000 components are 5 MiB.
const MAX_BYTES: u64 = 32 << 20;

#[derive(Default)]
pub struct Current {
    /// None before one could be read.
    text: Option<Text>,
    /// The names of its components by their hashes.
    names: HashMap<String, String>,
    frame_origins: BTreeSet<String>,
    notices: Vec<String>,
    fault: Option<String>,
}

/// The registry as JSON, as the file says it.
pub struct Text {
    pub plain: Bytes,
    pub gzip: Option<Bytes>,
    /// Without quotes; each form has its own.
    pub tag: String,
}

/// What is wrong with the file, as the end of a sentence that begins with `the registry`.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("{0}")]
    Read(#[from] ReadError),
    #[error("{0}")]
    Yaml(#[from] registry::yaml::YamlError),
    #[error("{0}")]
    Json(String),
}

impl Fault {
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Read(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound)
    }
}

impl Current {
    /// Reads the file; none when it says what `old` says.
    ///
    /// # Errors
    /// When it cannot be read, or is neither JSON nor YAML.
    pub fn load(path: &Path, old: &Self) -> Result<Option<Self>, Fault> {
        let text = regular_file::text(&regular_file::read(path, MAX_BYTES)?);
        let is_json = path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("json"));
        let json = if is_json { text } else { registry::yaml::to_json(&text)? };
        let tag = tag(&json);
        if old.text.as_ref().is_some_and(|text| text.tag == tag) {
            return Ok(None);
        }
        Self::read(json, tag).map(Some)
    }

    /// The one of the page inside the program, else what [`Current::shipped`] knows.
    pub fn inside() -> Self {
        #[cfg(feature = "page")]
        if let Some(bytes) = crate::web::inside::read("registry.json") {
            let json = regular_file::text(&bytes);
            let tag = tag(&json);
            return Self::read(json, tag).unwrap_or_default();
        }
        Self::shipped()
    }

    /// What is known where no page is: the names of this project's own components, and no text.
    pub fn shipped() -> Self {
        let shipped = Self::read(SHIPPED.to_owned(), String::new()).unwrap_or_default();
        Self { text: None, ..shipped }
    }

    fn read(json: String, tag: String) -> Result<Self, Fault> {
        let (registry, fault) = match Registry::parse(&json) {
            Ok(registry) => (registry, None),
            Err(sentence) if is_json(&json) => (Registry::default(), Some(clause(&sentence))),
            Err(sentence) => return Err(Fault::Json(clause(&sentence))),
        };
        Ok(Self {
            names: registry
                .components
                .iter()
                .map(|component| (component.hash.to_string(), component.name.to_string()))
                .collect(),
            frame_origins: registry.frame_origins(),
            notices: registry.notices,
            fault,
            text: Some(Text { gzip: packing::gzip(json.as_bytes()), plain: json.into(), tag }),
        })
    }

    #[must_use]
    pub fn knows(&self, hash: &str) -> bool {
        self.names.contains_key(hash)
    }

    /// Hashes and names of its components.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().map(|(hash, name)| (&**hash, &**name))
    }

    /// Which other origins its frames come from.
    #[must_use]
    pub fn frame_origins(&self) -> &BTreeSet<String> {
        &self.frame_origins
    }

    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        self.text.as_ref()
    }

    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.text.is_some() && !self.names.is_empty()
    }

    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Why it has no component that can be shown.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }
}

/// The components that come with the page.
const SHIPPED: &str = include_str!("../../../../static/registry.json");

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// The page's sentence as the end of one of ours.
fn clause(sentence: &str) -> String {
    let rest = sentence.strip_prefix("The registry ").unwrap_or(sentence);
    rest.trim_end_matches('.').to_owned()
}

fn tag(json: &str) -> String {
    Sha256::digest(json).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
