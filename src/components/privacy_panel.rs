//! What is kept, and the way to change one's mind.

use tracking::Outcome;
use yew::prelude::*;
use yewdux::use_store_value;

use super::{
    consent_banner::what_is_tracked,
    icon::{Shape, icon},
    my_data::MyData,
};
use crate::{
    focus,
    store::{Action, Consent, TrackingStatus, use_dispatch},
};

/// What opens and closes it.
pub const CHIP: &str = "tracking-chip";
pub const PANEL: &str = "privacy";

#[component]
pub fn PrivacyPanel() -> Html {
    let dispatch = use_dispatch();
    let status = use_store_value::<TrackingStatus>();
    use_effect_with((), |()| focus::give(PANEL));
    let onclose = dispatch.reform(|()| {
        // Before the panel goes with the focus.
        focus::give(CHIP);
        Action::Over(None)
    });
    let close = onclose.reform(|_: MouseEvent| ());
    let onkeydown = {
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                onclose.emit(());
            }
        })
    };
    let answer = |granted: bool| {
        let dispatch = dispatch.clone();
        Callback::from(move |_| dispatch.emit(Action::ConsentAnswered(granted)))
    };
    html! {
        <div class="panel" role="dialog" aria-label="Privacy" id={PANEL} tabindex="-1" {onkeydown}>
            <div class="head">
                <h2>{ "Privacy" }</h2>
                <button class="icon-button" aria-label="Close" onclick={close}>
                    { icon(Shape::Close) }
                </button>
            </div>
            { explain(&status) }
            if let Some(why) = &status.last_error {
                <p class="notice" data-tone="warn">
                    { format!("{why} {}", waits(&status)) }
                </p>
            }
            if let Some(clock) = status.clock() {
                <p class="notice" data-tone="warn">{ clock }</p>
            }
            if status.key_in_page {
                <p class="notice" data-tone="bad">
                    { "This page holds a Loki password. Everyone who opens the page can read it; use the server instead." }
                </p>
            }
            if status.consent == Consent::Granted && !status.storage_works {
                <p class="notice" data-tone="warn">
                    { "Your browser blocks storage, so events live in this tab only." }
                </p>
            }
            <div class="panel-actions">
                if status.consent == Consent::Granted {
                    <button class="button" onclick={answer(false)}>{ "Stop and forget" }</button>
                } else {
                    <button class="button" onclick={answer(true)}>{ "Allow tracking" }</button>
                    if status.consent == Consent::Pending {
                        <button class="button" onclick={answer(false)}>{ "Do not track" }</button>
                    }
                }
            </div>
            <MyData {status} />
            <h3>{ "What is tracked" }</h3>
            { what_is_tracked() }
        </div>
    }
}

/// What becomes of the events meanwhile, and what to do.
fn waits(status: &TrackingStatus) -> String {
    let place = if status.storage_works { "on this device" } else { "in this tab" };
    let kept = format!("Your {} events are kept {place}", status.queued);
    match status.trouble {
        Some(Outcome::Intercepted { .. }) => {
            format!(
                "{kept} and sent when the server itself answers again. If you have to sign in, load the page again."
            )
        }
        _ => format!(
            "{kept}. If you run the dashboard yourself, start the server with cargo xtask demo."
        ),
    }
}

fn explain(status: &TrackingStatus) -> Html {
    let text = match status.consent {
        Consent::Pending => {
            "You have not answered yet. Nothing is stored and nothing is sent until you agree."
        }
        Consent::Denied if status.browser_says_no => {
            "Your browser asks sites not to track you, so tracking is off. You can still allow it here."
        }
        Consent::Denied => "Tracking is off. Nothing is stored and nothing is sent.",
        Consent::Granted => {
            "Tracking is on. “Stop and forget” removes your random number and all waiting events from this browser. What was sent stays, and nobody can tell then that it is yours: to remove that too, erase it first."
        }
    };
    html! {
        <>
            <p>{ text }</p>
            if let Some(user) = &status.user_id {
                <p class="muted">{ "You are known as " }<code title={user.to_string()}>
                    { user.get(..12).unwrap_or_default() }{ "…" }
                </code></p>
            }
        </>
    }
}
