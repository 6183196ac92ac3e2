//! Which other origins a registry's frames come from: a content security policy names them.

use std::collections::BTreeSet;

use url::Url;

use crate::Registry;

impl Registry {
    /// Each of them once, in order, spelt as a browser does and in letters that cannot end a
    /// directive. `//host` follows the page's scheme, so both are there.
    #[must_use]
    pub fn frame_origins(&self) -> BTreeSet<String> {
        let external = self.components.iter().filter(|component| component.is_external());
        let addresses = external.flat_map(|component| match &*component.implementation {
            any if any.starts_with("//") => vec![format!("http:{any}"), format!("https:{any}")],
            absolute => vec![absolute.to_owned()],
        });
        addresses.filter_map(|address| origin(&address)).collect()
    }
}

/// The origin of an absolute web address.
#[must_use]
pub fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-_[]".contains(&b);
    origin.bytes().all(is_plain).then_some(origin)
}
