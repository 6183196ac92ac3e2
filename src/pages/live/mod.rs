//! The way of an event as it happens, and the latest events.

mod events;
mod faults;
mod stations;

use gloo_timers::callback::Interval;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yewdux::use_store_value;

use crate::{
    answers,
    charts::{calendar, scale::counted},
    platform,
    store::{Consent, TrackingStatus, use_dispatch},
};
use events::Events;
use faults::Faults;
use stations::stations;

/// How often the server is asked how far Loki is.
const ASK_EVERY_MS: u32 = 3_000;

#[component]
pub fn Live() -> Html {
    let status = use_store_value::<TrackingStatus>();
    let dispatch = use_dispatch();
    let sinks = use_state_eq(|| None);
    {
        let sinks = sinks.clone();
        use_effect_with((), move |()| {
            let ask = move || {
                let sinks = sinks.clone();
                spawn_local(async move { sinks.set(answers::sinks().await) });
            };
            ask();
            let timer = Interval::new(ASK_EVERY_MS, ask);
            move || drop(timer)
        });
    }
    let at = |ms| calendar::second(ms, &platform::ahead_of_utc);
    let flushed = status.last_flush_ms.map(at);
    let granted = status.consent == Consent::Granted;
    html! {
        <main class="page" id="main">
            <header class="page-head">
                <h1>{ "Live" }</h1>
                <p class="muted">{ "How this tab's events are delivered, as it happens." }</p>
            </header>
            <ol class="stats stations">
                { for stations(&status, sinks.as_deref(), flushed, &at).into_iter().map(|station| html! {
                    <li class="stat" data-station={station.name} data-tone={station.held.then_some("warn")}>
                        <span>{ station.name }</span><b>{ station.count }</b><small>{ station.words }</small>
                    </li>
                }) }
            </ol>
            if let Some(why) = &status.last_error {
                <p class="notice" data-tone="warn">{ &**why }{ " Nothing is lost: events wait on this device." }</p>
            }
            if let Some(clock) = status.clock() {
                <p class="notice" data-tone="warn" id="clock">{ clock }</p>
            }
            if granted && !status.storage_works {
                <p class="notice" data-tone="warn">{ "The browser blocks storage: events are kept in memory only." }</p>
            }
            if !status.dropped.is_empty() {
                <p class="notice" data-tone="warn" id="dropped">{ dropped(&status) }</p>
            }
            if granted { <Faults status={status.clone()} {dispatch} /> }
            <Events events={status.recent.clone()} empty={empty(&status)} />
        </main>
    }
}

fn dropped(status: &TrackingStatus) -> String {
    let parts: Vec<_> =
        status.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    format!(
        "Dropped and counted: {}. A report of it goes along with what is sent next.",
        parts.join(", ")
    )
}

fn empty(status: &TrackingStatus) -> String {
    match status.consent {
        Consent::Pending => format!(
            "In memory until you answer: {}. Agree below to see what is recorded.",
            counted(status.pending, "event")
        ),
        Consent::Denied => {
            "Tracking is off, so there are no events. Turn it on under the button at the top right."
                .to_owned()
        }
        Consent::Granted => "No events yet. Open a component on the dashboard.".to_owned(),
    }
}
