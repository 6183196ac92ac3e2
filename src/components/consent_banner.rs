//! The question about tracking: a card at the bottom edge, two equal answers.

use yew::prelude::*;
use yewdux::use_selector;

use crate::store::{Action, Consent, TrackingStatus, use_dispatch};

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

const EXAMPLE: &str = r#"{
  "event": "component_exit",
  "timestamp": 1764000012000,
  "user_id": "5947d7c33d78… (a random number, hashed)",
  "session_id": "session_1764000000000_1f0c…",
  "component_hash": "welcome",
  "duration_ms": 12000,
  "next_component": "hero-content"
}"#;

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
            <p class="muted">{ "One event as it is sent:" }</p>
            <pre tabindex="0">{ EXAMPLE }</pre>
        </div>
    }
}
