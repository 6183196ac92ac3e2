//! Joins the parts: the store, what watches it, and the page that shows it.

#![allow(clippy::missing_docs_in_private_items)]

use clm_dashboard::{
    app::{App, Props},
    commands, crash, focus, frames, later, loader, navigation,
    store::Store,
    toast, tracking,
};

fn main() {
    let store = Store::default();
    // Observers are told in this order: the tracker first, so that it misses nothing.
    if cfg!(feature = "untracked") {
        crash::start(|_| ());
    } else {
        crash::start(tracking::start(&store, tracking::fetched_config()));
    }
    frames::start(&store);
    navigation::start(&store);
    tracking::remember_choices(&store);
    later::start(&store);
    loader::start(&store);
    commands::start(&store);
    yew::Renderer::<App>::with_props(Props { store }).render();
    focus::start();
    toast::start();
}
