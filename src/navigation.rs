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
        let Some(wanted) = address(transition.after) else { return };
        // What the address chose, or a first component nobody chose, makes no step to go back to.
        let chosen_by_address =
            matches!(transition.action, Action::RouteChanged(_) | Action::RegistryLoaded(_));
        // A link may just have changed the address, which we hear of next: it is not ours to undo.
        let is_new = chosen_by_address || Some(&wanted) != address(transition.before).as_ref();
        if !is_new || window.location().hash().is_ok_and(|shown| shown == wanted) {
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

/// The address of what `clm` shows. None while that is not known yet, and where the address leads nowhere: it
/// stays what it is.
fn address(clm: &Clm) -> Option<String> {
    match (clm.page, &clm.session) {
        (Page::Unknown, _) => None,
        (Page::Dashboard, _) => clm.active.as_ref().map(|_| clm.address_of(Page::Dashboard)),
        (Page::Sessions, Some(id)) => Some(clm.with_question(format!("#/sessions/{id}"))),
        (page, _) => Some(clm.address_of(page)),
    }
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

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{registry::Registry, store::clm::reduce};

    /// The address after a walk from address to address; `registry` is where the registry comes.
    fn shown(walk: &[&str]) -> Option<String> {
        const ONE: &str =
            r#"{"components":[{"hash":"a","name":"A","concrete":{"implementation":"a.html"}}]}"#;
        let action = |step: &&str| match *step {
            "registry" => Action::RegistryLoaded(Rc::new(Registry::parse(ONE).unwrap())),
            fragment => Action::RouteChanged(Route::parse(fragment)),
        };
        let start = Rc::<Clm>::default();
        let clm = walk.iter().map(action).fold(start, |clm, action| reduce(clm, &action));
        address(&clm)
    }

    #[test]
    fn the_address_says_what_is_shown_and_one_that_leads_nowhere_stays() {
        for (walk, wanted) in [
            (vec![""], None),
            (vec!["", "registry"], Some("#/component/a")),
            (vec!["#/component/b", "registry"], None),
            (vec!["registry", "#/nope"], None),
            (vec!["#/insights?range=7d"], Some("#/insights?range=7d")),
            (vec!["#/insights?range=7d", "registry", "#/live"], Some("#/live")),
            (
                vec!["registry", "#/sessions/session_1_0000?range=7d"],
                Some("#/sessions/session_1_0000?range=7d"),
            ),
            (vec!["registry", "#/sessions/session_1_0000"], Some("#/sessions/session_1_0000")),
        ] {
            assert_eq!(shown(&walk).as_deref(), wanted, "{walk:?}");
        }
    }
}
