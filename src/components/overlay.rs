//! The dialog that the palette and the help are in. The browser's own: it keeps the focus inside, closes on
//! Escape, and gives the focus back to what had it.

use web_sys::HtmlDialogElement;
use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    later::{Later, View},
    store::{Action, Clm, Over, Store, use_dispatch},
};

#[component]
pub fn Overlay() -> Html {
    let over = use_selector(|clm: &Clm| clm.over.filter(is_here));
    let store = use_context::<Store>().unwrap_or_default();
    let dispatch = use_dispatch();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with(over.is_some(), move |open| {
            let Some(dialog) = dialog.cast::<HtmlDialogElement>() else { return };
            match (open, dialog.open()) {
                (true, false) => {
                    let _ = dialog.show_modal();
                }
                (false, true) => dialog.close(),
                _ => {}
            }
        });
    }
    // Comes late: something else may lie over the page by then.
    let onclose = Callback::from(move |_: Event| {
        if store.state().over.as_ref().is_some_and(is_here) {
            store.dispatch(Action::Over(None));
        }
    });
    // The dialog has no padding, so only what is around it is the dialog itself.
    let onclick = {
        let dialog = dialog.clone();
        Callback::from(move |event: MouseEvent| {
            if event.target() == dialog.get().map(Into::into) {
                dispatch.emit(Action::Over(None));
            }
        })
    };
    let (label, view) = match *over {
        Some(Over::Palette) => ("Find anything", Some(View::Palette)),
        Some(Over::Help) => ("Keyboard shortcuts", Some(View::Help)),
        _ => ("", None),
    };
    let content = view.map(|view| html! { <Later {view} /> });
    html! { <dialog class="overlay" aria-label={label} ref={dialog} {onclose} {onclick}>{ content }</dialog> }
}

fn is_here(over: &Over) -> bool {
    matches!(over, Over::Palette | Over::Help)
}
