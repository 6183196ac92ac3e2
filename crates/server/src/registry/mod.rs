//! The registry in use: the operator's file (`--registry`), else the page's own.
//!
//! It owns reading it and keeping it. The last good one stays in use when the file breaks or is gone,
//! which the log says once. It never waits for the file, and never writes what stands in it.

mod current;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::Mutex;

use crate::{Config, regular_file::Stamp};
pub use current::Current;

/// How often the file is looked at when nobody asks for it.
const EVERY: Duration = Duration::from_secs(5);
/// How long a request waits for a file system that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The registry for everybody who needs it; clones share it.
#[derive(Clone)]
pub struct Registries(Arc<Inner>);

struct Inner {
    source: Source,
    current: RwLock<Arc<Current>>,
    seen: Arc<Mutex<Seen>>,
}

/// Where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The operator's own file.
    File(PathBuf),
    /// The one of a page in a folder.
    Folder(PathBuf),
    /// The one of the page inside the program, which does not change.
    Inside,
}

impl Source {
    fn is_folder(&self) -> bool {
        matches!(self, Self::Folder(_))
    }
}

/// What the last look at the file found.
#[derive(Default)]
struct Seen {
    stamp: Option<Stamp>,
    /// The end of a sentence that begins with `the registry`.
    fault: Option<String>,
}

impl Registries {
    /// Reads the registry that `config` names.
    #[must_use]
    pub fn open(config: &Config) -> Self {
        let source = match (&config.registry, &config.dist) {
            (Some(file), _) => Source::File(file.clone()),
            (None, Some(dist)) => Source::Folder(dist.join("registry.json")),
            (None, None) => Source::Inside,
        };
        let current = match source {
            Source::File(_) => Current::default(),
            Source::Folder(_) => Current::shipped(),
            Source::Inside => Current::inside(),
        };
        let mut seen = Seen::default();
        let registries = Self(Arc::new(Inner {
            source,
            current: RwLock::new(Arc::new(current)),
            seen: Arc::default(),
        }));
        registries.look(&mut seen);
        if let Ok(mut kept) = registries.0.seen.try_lock() {
            *kept = seen;
        }
        registries
    }

    #[must_use]
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// The registry in use, without a look at the file.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the registry in use has a component with this hash.
    #[must_use]
    pub fn knows(&self, hash: &str) -> bool {
        self.current().knows(hash)
    }

    /// The registry in use after a look at the file.
    pub async fn refreshed(&self) -> Arc<Current> {
        // The look goes on when nobody waits for it any more.
        let _ = tokio::time::timeout(PATIENCE, self.refresh()).await;
        self.current()
    }

    /// Why the file cannot be used as it is now, as the end of a sentence that begins with
    /// `the registry`.
    pub async fn fault(&self) -> Option<String> {
        self.0.seen.lock().await.fault.clone()
    }

    /// One look at a time, and the turn goes with it: a file system that hangs takes one thread.
    async fn refresh(&self) {
        if self.0.source == Source::Inside {
            return;
        }
        let mut seen = self.0.seen.clone().lock_owned().await;
        let registries = self.clone();
        let _ = tokio::task::spawn_blocking(move || registries.look(&mut seen)).await;
    }

    fn look(&self, seen: &mut Seen) {
        let (Source::File(path) | Source::Folder(path)) = &self.0.source else { return };
        let stamp = Stamp::of(path).ok();
        if stamp.is_some() && stamp == seen.stamp {
            return;
        }
        let old = self.current();
        let fault = match Current::load(path, &old) {
            Ok(None) => None,
            // With no components it is an editor that empties the file before it writes it, or a mistake.
            Ok(Some(new)) if new.fault().is_some() && old.is_usable() => {
                new.fault().map(str::to_owned)
            }
            Ok(Some(new)) => {
                for notice in new.notices() {
                    tracing::warn!("the registry {}: {notice}", path.display());
                }
                let fault = new.fault().map(str::to_owned);
                *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                fault
            }
            // A page that is not built yet.
            Err(fault)
                if self.0.source.is_folder() && old.text().is_none() && fault.is_missing() =>
            {
                None
            }
            Err(fault) => Some(fault.to_string()),
        };
        seen.stamp = stamp.filter(Stamp::is_settled);
        seen.tell(path, fault, old.is_usable());
    }

    /// Looks at the file until the server ends, so that names are known that no page has asked for.
    pub async fn watch(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.refresh().await;
        }
    }
}

impl Seen {
    /// Once for each fault, and once when it is over.
    fn tell(&mut self, path: &Path, fault: Option<String>, has_good_one: bool) {
        if fault == self.fault {
            return;
        }
        let path = path.display();
        match &fault {
            Some(why) if has_good_one => tracing::error!(
                "the registry {path} {why}; the one that was read before stays in use until the file is mended"
            ),
            Some(why) => tracing::error!("the registry {path} {why}; there is none to use instead"),
            None => tracing::info!("the registry {path} can be used again"),
        }
        self.fault = fault;
    }
}
