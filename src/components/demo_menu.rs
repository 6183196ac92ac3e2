//! The demo journeys that can be played.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    charts::scale::duration,
    demo::{Journey, Journeys},
    platform,
    player::Command,
    store::Action,
};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// None until somebody has asked.
    pub journeys: Option<Rc<Journeys>>,
    pub dispatch: Callback<Action>,
}

#[component]
pub fn DemoMenu(props: &Props) -> Html {
    let open = use_state_eq(|| false);
    let toggle = {
        let (open, dispatch, asked) =
            (open.clone(), props.dispatch.clone(), props.journeys.is_some());
        Callback::from(move |_: MouseEvent| {
            if !asked {
                dispatch.emit(Action::JourneysRequested);
            }
            open.set(!*open);
        })
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
    let item = |journey: &Journey| {
        let (open, plan) = (open.clone(), journey.plan.clone());
        let onclick = props.dispatch.reform(move |_: MouseEvent| {
            open.set(false);
            Action::Demo(Command::Start(plan.clone(), platform::mono_ms()))
        });
        html! {
            <button class="demo-item" {onclick}>
                <b>{ &*journey.plan.title }</b><small>{ duration(journey.plan.length_ms()) }</small>
                <span>{ &journey.description }</span>
            </button>
        }
    };
    html! {
        <div class="demo-menu" {onkeydown}>
            <button class="link" id="demo-menu" aria-expanded={open.to_string()} onclick={toggle}>{ "Play a demo journey" }</button>
            if let (true, Some(journeys)) = (*open, &props.journeys) {
                <div class="demo-list" role="group" aria-label="Demo journeys">
                    { for journeys.journeys.iter().map(item) }
                    { for journeys.notices.iter().map(|notice| html! { <p class="muted">{ notice }</p> }) }
                </div>
            }
        </div>
    }
}
