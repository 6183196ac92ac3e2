//! Fetches the registry, once at start and again when asked to.

use std::rc::Rc;

use gloo_net::http::Request;
use tracking::ErrorKind;
use wasm_bindgen_futures::spawn_local;

use crate::{
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
    let unreachable = |_| (ErrorKind::Network, "The registry cannot be reached.".to_owned());
    let response = Request::get("registry.json").send().await.map_err(unreachable)?;
    if !response.ok() {
        let message = format!("The registry answers HTTP {}.", response.status());
        return Err((ErrorKind::Http, message));
    }
    let text = response.text().await.map_err(unreachable)?;
    Registry::parse(&text).map_err(|message| (ErrorKind::Registry, message))
}
