//! The address and the store, kept equal.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, Window};

use crate::{
    route::{Page, Route},
    store::{Action, Clm, Store},
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
        let wanted = address(transition.after);
        // What the address chose, or a first component nobody chose, makes no step to go back to.
        let chosen_by_address =
            matches!(transition.action, Action::RouteChanged(_) | Action::RegistryLoaded(_));
        // A link may just have changed the address, which we hear of next: it is not ours to undo.
        let is_new = chosen_by_address || wanted != address(transition.before);
        if transition.after.active.is_none()
            || !is_new
            || window.location().hash().is_ok_and(|shown| shown == wanted)
        {
            return;
        }
        let Ok(history) = window.history() else { return };
        let _ = if chosen_by_address {
            history.replace_state_with_url(&JsValue::NULL, "", Some(&wanted))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(&wanted))
        };
    });
}

/// The address of what `clm` shows.
fn address(clm: &Clm) -> String {
    let mut address = Route::fragment(clm.page, clm.active.as_deref());
    if let (Page::Sessions, Some(id)) = (clm.page, &clm.session) {
        address.push('/');
        address.push_str(id);
    }
    let asks = matches!(clm.page, Page::Insights | Page::Sessions);
    if asks && !clm.query.is_empty() {
        address.push('?');
        address.push_str(&clm.query);
    }
    address
}

/// Goes where a link with this fragment would go.
pub fn go_to(fragment: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().set_hash(fragment);
    }
}

/// The whole address of this view.
#[must_use]
pub fn here() -> String {
    web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default()
}

fn current(window: &Window) -> Route {
    Route::parse(&window.location().hash().unwrap_or_default())
}
