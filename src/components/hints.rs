//! Three things worth knowing for who is new here, one after the other, where the question about tracking was.

use yew::prelude::*;
use yewdux::use_selector;

use crate::store::{Action, Clm, Consent, TrackingStatus, use_dispatch};

const HINTS: [&str; 3] = [
    "Pick a component from the list. Each lives in a frame of its own: when one breaks, the rest goes on.",
    "Insights shows what is visited, which way people go, and where they leave. Sessions tells one visit step by step.",
    "Press Ctrl K to find anything by its name, and ? to see all keys.",
];

#[component]
pub fn Hints() -> Html {
    let hint = use_selector(|clm: &Clm| clm.hint);
    let consent = use_selector(|status: &TrackingStatus| status.consent);
    let dispatch = use_dispatch();
    let Some((at, text)) = hint.and_then(|at| Some((at, HINTS.get(at)?))) else {
        return Html::default();
    };
    if *consent == Consent::Pending {
        return Html::default();
    }
    let next = Some(at + 1).filter(|next| *next < HINTS.len());
    html! {
        <section class="hints" aria-label="Hints">
            <p role="status">{ text }</p>
            <span class="muted">{ format!("{} of {}", at + 1, HINTS.len()) }</span>
            <button class="button" onclick={dispatch.reform(move |_| Action::Hint(next))}>
                { if next.is_some() { "Next" } else { "Done" } }
            </button>
            if next.is_some() {
                <button class="link" onclick={dispatch.reform(|_| Action::Hint(None))}>{ "Skip all" }</button>
            }
        </section>
    }
}
