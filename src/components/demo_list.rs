//! The demo journeys that can be played.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    charts::scale::duration,
    demo::Journey,
    platform, player,
    player::Command,
    store::{Action, Clm, Store, use_dispatch},
};

#[component]
pub fn DemoList() -> Html {
    let journeys = use_selector(|clm: &Clm| clm.journeys.clone());
    let dispatch = use_dispatch();
    let store = use_context::<Store>().unwrap_or_default();
    use_effect_with(store, |store| {
        player::start(store);
        if store.state().journeys.is_none() {
            store.dispatch(Action::JourneysRequested);
        }
    });
    let item = |journey: &Journey| {
        let (dispatch, plan) = (dispatch.clone(), journey.plan.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            dispatch.emit(Action::Over(None));
            dispatch.emit(Action::Demo(Command::Start(plan.clone(), platform::mono_ms())));
        });
        html! {
            <button class="demo-item" {onclick}>
                <b>{ &*journey.plan.title }</b><small>{ duration(journey.plan.length_ms()) }</small>
                <span>{ &journey.description }</span>
            </button>
        }
    };
    html! {
        if let Some(journeys) = &*journeys {
            <div class="demo-list" role="group" aria-label="Demo journeys">
                { for journeys.journeys.iter().map(item) }
                { for journeys.notices.iter().map(|notice| html! { <p class="muted">{ notice }</p> }) }
            </div>
        }
    }
}
