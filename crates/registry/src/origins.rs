//! Which other origins a registry's frames come from: a content security policy names them.

use std::collections::BTreeSet;

use url::Url;

use crate::Registry;

impl Registry {
    /// Each of them once, in order.
    #[must_use]
    pub fn frame_origins(&self) -> BTreeSet<String> {
        let external = self.components.iter().filter(|component| component.is_external());
        external.flat_map(|component| origins(&component.implementation)).collect()
    }
}

/// The origins that an address can lead to, spelt as a browser does and in letters that cannot end a
/// directive: none for a page of our own folder, two for `//host`, which follows the page's scheme.
#[must_use]
pub fn origins(address: &str) -> Vec<String> {
    if address.starts_with("//") {
        let schemes = ["http:", "https:"].into_iter();
        schemes.filter_map(|scheme| origin(&[scheme, address].concat())).collect()
    } else {
        origin(address).into_iter().collect()
    }
}

fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-_[]".contains(&b);
    origin.bytes().all(is_plain).then_some(origin)
}
