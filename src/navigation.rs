//! The address and the store, kept equal.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, Window};

use crate::{
    route::{Page, Route},
    store::{Action, Store},
};

/// Follows the address from now on, and lets the address follow the store.
pub fn start(store: &Store) {
    let Some(window) = web_sys::window() else { return };
    store.dispatch(Action::RouteChanged(current(&window)));

    let (follower, location) = (store.clone(), window.clone());
    let closure = Closure::<dyn FnMut(Event)>::new(move |_| {
        follower.dispatch(Action::RouteChanged(current(&location)));
    });
    let _ = window.add_event_listener_with_callback("hashchange", closure.as_ref().unchecked_ref());
    closure.forget();

    store.observe(move |transition| {
        let after = transition.after;
        let mut wanted = Route::fragment(after.page, after.active.as_deref());
        if let (Page::Sessions, Some(id)) = (after.page, &after.session) {
            wanted.push('/');
            wanted.push_str(id);
        }
        let asks = matches!(after.page, Page::Insights | Page::Sessions);
        if asks && !after.query.is_empty() {
            wanted.push('?');
            wanted.push_str(&after.query);
        }
        let shown = window.location().hash().unwrap_or_default();
        if after.active.is_none() || wanted == shown {
            return;
        }
        // What the address chose, or a first component nobody chose, makes no step to go back to.
        let chosen_by_address =
            matches!(transition.action, Action::RouteChanged(_) | Action::RegistryLoaded(_));
        let Ok(history) = window.history() else { return };
        let _ = if chosen_by_address {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&wanted))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(&wanted))
        };
    });
}

/// Goes where a link with this fragment would go.
pub fn go_to(fragment: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_hash(fragment);
    }
}

fn current(window: &Window) -> Route {
    Route::parse(&window.location().hash().unwrap_or_default())
}
