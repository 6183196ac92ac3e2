//! What a store that has nothing yet can be filled with.

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    answers::{self, Sample},
    navigation,
};

/// How often the server is asked how far it is.
const LOOK_AGAIN_MS: u32 = 400;
/// Where the whole of the month is seen.
const MONTH: &str = "#/insights?range=30d";

#[derive(PartialEq, Properties)]
pub struct Props {
    pub on_filled: Callback<()>,
}

/// Nothing at all unless the server offers it.
#[component]
pub fn SampleOffer(props: &Props) -> Html {
    let sample = use_state_eq(|| None::<Sample>);
    let look = use_state_eq(|| 0_u32);
    {
        let (sample, look, on_filled) = (sample.clone(), look.clone(), props.on_filled.clone());
        use_effect_with(*look, move |_| {
            let was_running = sample.is_some_and(|sample| sample.running);
            spawn_local(async move {
                let now = answers::sample().await;
                let running = now.is_some_and(|sample| sample.running);
                sample.set(now);
                if running {
                    Timeout::new(LOOK_AGAIN_MS, move || look.set(*look + 1)).forget();
                } else if was_running {
                    navigation::go_to(MONTH);
                    on_filled.emit(());
                }
            });
        });
    }
    let fill = {
        let (sample, look) = (sample.clone(), look.clone());
        Callback::from(move |_: MouseEvent| {
            let (sample, look) = (sample.clone(), look.clone());
            spawn_local(async move {
                sample.set(answers::fill_with_sample().await);
                look.set(*look + 1);
            });
        })
    };
    match *sample {
        Some(Sample { running: true, days, of, .. }) => html! {
            <section class="empty" aria-busy="true">
                <p role="status">{ format!("Filling: day {days} of {of}.") }</p>
                <progress max={of.to_string()} value={days.to_string()} aria-label="Sample data" />
            </section>
        },
        Some(Sample { offered: true, .. }) => html! {
            <section class="empty">
                <p>{ "Hardly anything is stored yet. See what this page can tell with a made-up month of 1,000 people; \
                      it stays on this machine." }</p>
                <button class="button" onclick={fill}>{ "Fill with sample data" }</button>
            </section>
        },
        Some(Sample { failed: true, .. }) => html! {
            <p class="empty" role="alert">{ "The sample data is not complete; the server's log says why." }</p>
        },
        _ => Html::default(),
    }
}
