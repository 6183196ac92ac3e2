//! The question about tracking: a card at the bottom edge, two equal answers. It comes early in the document, so that
//! who goes by the keyboard meets it first.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    example,
    store::{Action, Consent, TrackingStatus, use_dispatch},
};

#[component]
pub fn ConsentBanner() -> Html {
    let consent = use_selector(|status: &TrackingStatus| status.consent);
    let dispatch = use_dispatch();
    let details = use_state_eq(|| false);
    if *consent != Consent::Pending {
        return Html::default();
    }
    let answer = |granted: bool| {
        let dispatch = dispatch.clone();
        Callback::from(move |_| dispatch.emit(Action::ConsentAnswered(granted)))
    };
    let toggle = {
        let details = details.clone();
        Callback::from(move |_| details.set(!*details))
    };
    html! {
        <section class="consent" role="region" aria-label="Your choice about tracking">
            <div class="consent-text">
                <p>
                    <strong>{ "May we note which components you open?" }</strong>
                    { " It helps to see what is useful and what breaks. No names, no typing, nothing is sent before you agree." }
                </p>
                <button class="link" aria-expanded={(*details).to_string()} onclick={toggle}>
                    { if *details { "Hide what is tracked" } else { "What is tracked?" } }
                </button>
                if *details { { what_is_tracked() } }
            </div>
            <div class="consent-answers">
                <button class="button" onclick={answer(false)}>{ "No, thanks" }</button>
                <button class="button" onclick={answer(true)}>{ "Yes, that's fine" }</button>
            </div>
        </section>
    }
}

/// The fields, with one example as it would be sent.
pub fn what_is_tracked() -> Html {
    html! {
        <div class="tracked">
            <ul>
                <li>{ "Which component you open, for how long, and which one comes next." }</li>
                <li>{ "What a component reports by itself, such as a click on its main button." }</li>
                <li>{ "Loading times and errors, without what you typed." }</li>
                <li>{ "The page's address and where you came from, without anything after the path." }</li>
            </ul>
            <p class="muted">{ "One event, exactly as it is sent; the values are made up:" }</p>
            <pre tabindex="0">{ example::event() }</pre>
            <p class="muted">{ "Beside it go four labels (job, service_name, event, component) and user_id and session_id once more. user_id is a random number of this browser, hashed." }</p>
        </div>
    }
}
