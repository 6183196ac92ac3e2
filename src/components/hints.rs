//! Three things worth knowing for who is new here, one after the other, where the question about tracking was.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    route::Page,
    store::{Action, Clm, Consent, TrackingStatus, use_dispatch},
};

const HINTS: [&str; 3] = [
    "Pick a component: they are listed on the left, or behind the list button in a narrow window. Each runs in its own frame, so when one breaks the others keep working.",
    "Insights shows what is visited, which paths people take, and where they leave. Sessions shows one visit step by step.",
    "Press Ctrl K to find anything by its name, and ? to see all keys.",
];

#[component]
pub fn Hints() -> Html {
    // The first one is about the list, so it waits until that can be seen.
    let hint =
        use_selector(|clm: &Clm| clm.hint.filter(|at| *at > 0 || clm.page == Page::Dashboard));
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
