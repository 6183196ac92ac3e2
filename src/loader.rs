//! Fetches the registry, once at start and again when asked to.

use std::rc::Rc;

use tracking::ErrorKind;
use wasm_bindgen_futures::spawn_local;

use crate::{
    platform::{self, Fetched},
    registry::Registry,
    store::{Action, Store},
};

/// Answers every `RegistryRequested` and asks for the first one.
pub fn start(store: &Store) {
    let asked = store.clone();
    store.observe(move |transition| {
        if *transition.action == Action::RegistryRequested {
            let store = asked.clone();
            spawn_local(async move {
                store.dispatch(match fetch().await {
                    Ok(registry) => Action::RegistryLoaded(Rc::new(registry)),
                    Err((kind, message)) => {
                        Action::RegistryFailed { kind, message: message.into() }
                    }
                });
            });
        }
    });
    store.dispatch(Action::RegistryRequested);
}

async fn fetch() -> Result<Registry, (ErrorKind, String)> {
    match platform::fetch_text("registry.json").await {
        Fetched::Text(text) => {
            let read = Registry::parse_for(&text, &platform::has_own_origin);
            read.map_err(|message| (ErrorKind::Registry, message))
        }
        Fetched::Status(status) => {
            Err((ErrorKind::Http, format!("The registry answers HTTP {status}.")))
        }
        Fetched::Unreachable => {
            Err((ErrorKind::Network, "The registry cannot be reached.".to_owned()))
        }
    }
}
