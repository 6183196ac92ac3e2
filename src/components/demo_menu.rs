//! The way to the demo journeys.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    later::{Later, View},
    store::Clm,
};

#[component]
pub fn DemoMenu() -> Html {
    let open = use_state_eq(|| false);
    let plays = use_selector(|clm: &Clm| clm.demo.is_some());
    {
        // A journey is watched, not its menu.
        let open = open.clone();
        use_effect_with(*plays, move |_| open.set(false));
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let onkeydown = {
        let open = open.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                open.set(false);
            }
        })
    };
    html! {
        <div class="demo-menu" {onkeydown}>
            <button class="link" id="demo-menu" aria-expanded={open.to_string()} onclick={toggle}>{ "Play a demo journey" }</button>
            if *open { <Later view={View::Journeys} /> }
        </div>
    }
}
