//! The keys.

use yew::prelude::*;
use yewdux::use_selector;

use super::icon::{Shape, icon};
use crate::{
    commands::ALL,
    focus,
    store::{Action, Clm, use_dispatch},
};

const CLOSE: &str = "help-close";
const IN_PLACE: [(&str, &str); 3] = [
    ("Walk through the list, the palette", "↑ ↓"),
    ("Open what is chosen", "Enter"),
    ("Close, or leave full screen", "Esc"),
];

#[component]
pub fn Help() -> Html {
    let off = use_selector(|clm: &Clm| clm.keys_off);
    let dispatch = use_dispatch();
    use_effect_with((), |()| focus::give(CLOSE));
    let close = dispatch.reform(|_: MouseEvent| Action::Over(None));
    let single = *off;
    let switch = dispatch.reform(move |_: MouseEvent| Action::SingleKeys(single));
    let known = ALL.iter().filter(|known| !known.keys.is_empty());
    let rows = known.map(|known| (known.name, known.keys)).chain(IN_PLACE);
    html! {
        <div class="help">
            <div class="head">
                <h2>{ "Keyboard shortcuts" }</h2>
                <button class="icon-button" id={CLOSE} autofocus=true aria-label="Close" onclick={close}>
                    { icon(Shape::Close) }
                </button>
            </div>
            <dl>
                { for rows.map(|(name, keys)| html! {
                    <div><dt>{ name }</dt><dd>{ for keys.split(' ').map(|key| html! { <kbd>{ key }</kbd> }) }</dd></div>
                }) }
            </dl>
            <p class="muted">{ "Keys do nothing while you type. A component keeps the keys that are pressed inside it: press Tab until you are out, or click beside it." }</p>
            <button class="button" aria-pressed={single.to_string()} onclick={switch}>
                { "Turn single keys off for this visit" }
            </button>
        </div>
    }
}
