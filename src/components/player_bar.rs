//! Above a dashboard on which something is played: how far it is, and the way out.

use yew::prelude::*;
use yewdux::{use_selector, use_store_value};

use crate::{
    charts::scale::{duration, percent},
    focus, platform,
    player::{Command, Player},
    store::{Action, Clm, Consent, TrackingStatus, use_dispatch},
};

/// All that is played.
#[component]
pub fn Players() -> Html {
    let clm = use_store_value::<Clm>();
    let consent = use_selector(|status: &TrackingStatus| status.consent);
    let dispatch = use_dispatch();
    // What had the focus is gone with its page, or goes with the last of these.
    use_effect_with(clm.replay.is_some(), |_| focus::give("replay-play"));
    use_effect_with(clm.demo.is_some(), |&plays| {
        focus::give("replay-play");
        move || {
            if plays {
                focus::give("demo-menu");
            }
        }
    });
    html! {
        <>
            { for clm.replay.iter().map(|replay| player_bar(Of::Session, &replay.player, &clm, &dispatch)) }
            { for clm.demo.iter().map(|demo| player_bar(Of::Journey(*consent), demo, &clm, &dispatch)) }
        </>
    }
}

/// What is played: a session again, or a demo journey.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Session,
    /// What it does is tracked with this consent.
    Journey(Consent),
}

fn player_bar(of: Of, player: &Player, clm: &Clm, dispatch: &Callback<Action>) -> Html {
    let action = move |command: Command| match of {
        Of::Session => Action::Replay(command),
        Of::Journey(_) => Action::Demo(command),
    };
    let command = |make: fn(u64) -> Command| {
        dispatch.reform(move |_: MouseEvent| action(make(platform::mono_ms())))
    };
    let label = if of == Of::Session { "Replay" } else { "Demo journey" };
    let (step, steps, position_ms, length_ms) = player.progress();
    let known = player.component().is_some_and(|hash| clm.component(hash).is_some());
    let (word, play): (_, fn(u64) -> Command) = match (player.is_over(), player.is_playing()) {
        (true, _) => ("Replay", Command::Play),
        (false, true) => ("Pause", Command::Pause),
        (false, false) => ("Play", Command::Play),
    };
    let percent = percent(position_ms, length_ms).to_string();
    html! {
        <div class="replay" role="region" aria-label={label}>
            <button class="button primary" id="replay-play" onclick={command(play)}>{ word }</button>
            <span class="replay-speeds" role="group" aria-label="Speed">
                { for player.plan.speeds.into_iter().map(|speed| {
                    let pressed = (speed == player.speed).to_string();
                    let onclick = dispatch.reform(move |_: MouseEvent| {
                        action(Command::Speed(platform::mono_ms(), speed))
                    });
                    html! { <button class="button" aria-pressed={pressed} {onclick}>{ speed }{ "×" }</button> }
                }) }
            </span>
            <button class="button" onclick={command(|_| Command::Stop)}>
                { if player.is_over() { "Close" } else { "Stop" } }
            </button>
            <span class="replay-words">
                if of != Of::Session { <span class="muted">{ &*player.plan.title }{ " · " }</span> }
                <b aria-live="polite">{ player.name() }</b>
                if !known { { " is no longer in the registry" } }
                if let Some(moment) = player.moment() { <span class="muted">{ " · " }{ moment }</span> }
                if player.current().is_some_and(|step| step.away) { <span class="muted">{ " · the tab is in the background" }</span> }
                if player.is_over() { <span class="muted">{ " · the end" }</span> }
            </span>
            <span class="replay-time">{ format!("{step} of {steps} · {} of {}", duration(position_ms), duration(length_ms)) }</span>
            <span class="replay-progress" role="progressbar" aria-label="Progress" aria-valuenow={percent.clone()}>
                <i style={format!("width:{percent}%")} />
            </span>
            if let Of::Journey(consent) = of { <p class="replay-note">{ note(consent, player.speed) }</p> }
        </div>
    }
}

/// What comes of it.
fn note(consent: Consent, speed: u64) -> String {
    let tracked = match consent {
        Consent::Granted => "What it does is tracked like a person's visit, and marked as a demo.",
        Consent::Pending => "Nothing is tracked until you agree.",
        Consent::Denied => "Tracking is off: it plays, and nothing is tracked.",
    };
    if speed == 1 || consent != Consent::Granted {
        return tracked.to_owned();
    }
    format!(
        "{tracked} Durations are those of the clock: up to {speed} times shorter than the journey says."
    )
}
