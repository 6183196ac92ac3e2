//! The registry: which components there are, by the Cubical Logic Model (`abstract`, `concrete`,
//! `balanced`). The page, the server and the commands all read registries here.
//!
//! It owns what an entry may say and what is made of an odd one. It never gives up the whole registry
//! for one entry: what can be used is used, and a notice names the rest.

mod address;
mod entry;
mod json;
#[cfg(feature = "origins")]
mod origins;
#[cfg(feature = "origins")]
pub use origins::origins;
#[cfg(feature = "yaml")]
pub mod yaml;

use std::{
    collections::{HashMap, hash_map},
    rc::Rc,
};

/// A registry that can be used. `Eq`, so that comparing two `Rc` of one is comparing two addresses:
/// every change of the page's state compares them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Registry {
    pub components: Vec<Component>,
    /// One sentence for each value that cannot be used, without its full stop. At most
    /// [`MAX_NOTICES`], and one that counts the others.
    pub notices: Vec<String>,
    /// Where each component stands in the list, by its hash.
    positions: HashMap<Rc<str>, usize>,
}

/// One component, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Component {
    pub hash: Rc<str>,
    pub name: Rc<str>,
    pub category: Rc<str>,
    /// What it is for, shown as the list's tooltip.
    pub goal: Rc<str>,
    /// A page of our own folder or an http(s) address, its scheme in small letters.
    pub implementation: Rc<str>,
    pub sandbox: Rc<str>,
    pub slice: Option<Rc<str>>,
    /// Promises to say when it is ready; otherwise its load event counts.
    pub says_ready: bool,
    pub expected_load_time_ms: u64,
    is_external: bool,
}

/// Notices that are kept: people read them.
pub const MAX_NOTICES: usize = 20;

/// A component must be there after three times what it expects of itself, and never sooner than this.
const MIN_DEADLINE_MS: u64 = 10_000;

impl Component {
    /// Whether it comes from another origin than the page.
    #[must_use]
    pub fn is_external(&self) -> bool {
        self.is_external
    }

    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        self.expected_load_time_ms.saturating_mul(3).max(MIN_DEADLINE_MS)
    }
}

impl Registry {
    /// Reads a registry where it does not matter which origin is the page's own: every absolute
    /// address counts as another origin.
    ///
    /// # Errors
    /// As [`Registry::parse_for`].
    pub fn parse(json: &str) -> Result<Self, String> {
        Self::parse_for(json, &|_| false)
    }

    /// Reads a registry for a page. `is_own` says whether an absolute address has the page's own
    /// origin; such a component is treated as one of our own folder and never gets our origin.
    ///
    /// # Errors
    /// A sentence for the person at the screen when no component can be shown.
    pub fn parse_for(json: &str, is_own: &dyn Fn(&str) -> bool) -> Result<Self, String> {
        let mut registry = Self::default();
        let mut notices = Notices::default();
        for (at, raw) in json::entries(json)?.into_iter().enumerate() {
            let mut faults = Vec::new();
            let read = entry::read(raw, is_own, &mut faults);
            let added = read.and_then(|component| registry.add(component));
            faults.extend(added.err());
            notices.add(at + 1, faults);
        }
        registry.notices = notices.finish();
        match (registry.components.is_empty(), registry.notices.first()) {
            (false, _) => Ok(registry),
            (true, None) => Err("The registry lists no components.".to_owned()),
            (true, Some(notice)) => {
                Err(format!("The registry has no component that can be shown. {notice}."))
            }
        }
    }

    #[must_use]
    pub fn find(&self, hash: &str) -> Option<&Component> {
        self.components.get(*self.positions.get(hash)?)
    }

    #[must_use]
    pub fn knows(&self, hash: &str) -> bool {
        self.positions.contains_key(hash)
    }

    fn add(&mut self, component: Component) -> Result<(), String> {
        match self.positions.entry(component.hash.clone()) {
            hash_map::Entry::Occupied(_) => {
                Err(format!("the hash {} is used twice", component.hash))
            }
            hash_map::Entry::Vacant(place) => {
                place.insert(self.components.len());
                self.components.push(component);
                Ok(())
            }
        }
    }
}

/// The first of them, and how many there are.
#[derive(Default)]
struct Notices {
    kept: Vec<String>,
    more: usize,
}

impl Notices {
    fn add(&mut self, entry: usize, faults: Vec<String>) {
        for fault in faults {
            if self.kept.len() < MAX_NOTICES {
                self.kept.push(format!("Entry {entry}: {fault}"));
            } else {
                self.more += 1;
            }
        }
    }

    fn finish(mut self) -> Vec<String> {
        if self.more > 0 {
            self.kept.push(format!("Faults that are not listed here: {}", self.more));
        }
        self.kept
    }
}
