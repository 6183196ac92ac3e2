//! What is kept, and the way to change one's mind. Part of the first file: it must open without a network.

use tracking::Outcome;
use yew::prelude::*;
use yewdux::use_store_value;

use super::{
    consent_banner::what_is_tracked,
    icon::{Shape, icon},
    turn_off::{TurnOff, explain},
};
use crate::{
    charts::scale::counted,
    focus,
    later::{Later, View},
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
    html! {
        <div class="panel" role="dialog" aria-label="Privacy" id={PANEL} tabindex="-1" {onkeydown}>
            <div class="head">
                <h2>{ "Privacy" }</h2>
                <button class="icon-button" aria-label="Close" onclick={close}>
                    { icon(Shape::Close) }
                </button>
            </div>
            <p>{ explain(&status) }</p>
            if let Some(user) = &status.user_id {
                <p class="muted">{ "You are known as " }<code title={user.to_string()}>
                    { user.get(..12).unwrap_or_default() }{ "…" }
                </code></p>
            }
            <TurnOff consent={status.consent} />
            if let Some(why) = &status.last_error {
                <p class="notice" data-tone="warn">{ why }{ " " }{ waits(&status) }</p>
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
            if status.consent == Consent::Granted { <Later view={View::MyData} /> }
            <h3>{ "What is tracked" }</h3>
            { what_is_tracked() }
            <p class="muted">{ "Not tracked, and kept in this browser only, so that it lasts: your answer, the theme you chose, that you closed the hints. They say nothing of you and need no consent." }</p>
        </div>
    }
}

/// What becomes of the events meanwhile, and what to do.
fn waits(status: &TrackingStatus) -> String {
    let place = if status.storage_works { "on this device" } else { "in this tab" };
    let are = if status.queued == 1 { "is" } else { "are" };
    let kept = format!("{} {are} kept {place}", counted(status.queued, "event"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_one_event() {
        for (queued, says) in [(1, "1 event is kept in this tab"), (2, "2 events are kept")] {
            let status = TrackingStatus { queued, ..TrackingStatus::default() };
            assert!(waits(&status).starts_with(says), "{}", waits(&status));
        }
    }
}
