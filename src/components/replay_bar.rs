//! Above a dashboard that shows a session again: how far it is, and the way out.

use yew::prelude::*;

use crate::{
    charts::scale::{duration, percent},
    platform,
    replay::{Command, Replay, SPEEDS},
    store::{Action, Clm},
};

pub fn replay_bar(replay: &Replay, clm: &Clm, dispatch: &Callback<Action>) -> Html {
    let command = |make: fn(u64) -> Command| {
        dispatch.reform(move |_: MouseEvent| Action::Replay(make(platform::mono_ms())))
    };
    let (step, steps, position_ms, length_ms) = replay.progress();
    let known = replay.component().is_some_and(|hash| clm.component(hash).is_some());
    let (word, play): (_, fn(u64) -> Command) = match (replay.is_over(), replay.is_playing()) {
        (true, _) => ("Again", Command::Play),
        (false, true) => ("Pause", Command::Pause),
        (false, false) => ("Play", Command::Play),
    };
    let percent = percent(position_ms, length_ms).to_string();
    html! {
        <div class="replay" role="region" aria-label="Replay">
            <button class="button primary" id="replay-play" onclick={command(play)}>{ word }</button>
            <span class="replay-speeds" role="group" aria-label="Speed">
                { for SPEEDS.into_iter().map(|speed| {
                    let pressed = (speed == replay.speed).to_string();
                    let onclick = dispatch.reform(move |_: MouseEvent| {
                        Action::Replay(Command::Speed(platform::mono_ms(), speed))
                    });
                    html! { <button class="button" aria-pressed={pressed} {onclick}>{ speed }{ "×" }</button> }
                }) }
            </span>
            <button class="button" onclick={command(|_| Command::Stop)}>{ "Stop" }</button>
            <span class="replay-words">
                <b aria-live="polite">{ replay.name() }</b>
                if !known { { " is no longer in the registry" } }
                if let Some(moment) = replay.moment() { <span class="muted">{ " · " }{ moment }</span> }
                if replay.is_over() { <span class="muted">{ " · the end" }</span> }
            </span>
            <span class="replay-time">{ format!("{step} of {steps} · {} of {}", duration(position_ms), duration(length_ms)) }</span>
            <span class="replay-progress" role="progressbar" aria-label="Progress" aria-valuenow={percent.clone()}>
                <i style={format!("width:{percent}%")} />
            </span>
        </div>
    }
}
