//! The components: list on the left, the active one on the right.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;
use yewdux::{use_selector, use_store_value};

use crate::{
    commands::{self, Command},
    components::{
        demo_menu::DemoMenu,
        player_bar::{Of, player_bar},
        sidebar::{Item, Sidebar},
        viewer::Viewer,
    },
    focus,
    registry::Registry,
    store::{Action, Clm, Over, RegistryState, Store, TrackingStatus, use_dispatch},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub shown: bool,
}

#[component]
pub fn Dashboard(props: &Props) -> Html {
    let clm = use_store_value::<Clm>();
    let dispatch = use_dispatch();
    let drawer = clm.over == Some(Over::Components);
    use_effect_with(clm.shown().cloned(), |_| {
        // After the list has drawn the new row.
        Timeout::new(0, || focus::show(".component-item[aria-selected='true']")).forget();
    });
    // What had the focus is gone with its page.
    let played = use_mut_ref(|| false);
    use_effect_with((clm.replay.is_some(), clm.demo.is_some()), move |(_, demo)| {
        focus::give(if played.replace(*demo) && !demo { "demo-menu" } else { "replay-play" });
    });
    focus::use_closed(drawer, || focus::give("list-button"));
    let consent = use_selector(|status: &TrackingStatus| status.consent);
    let store = use_context::<Store>().unwrap_or_default();
    let show_list = Callback::from(move |()| commands::run(Command::Search, &store));
    let close_list = dispatch.reform(|()| Action::Over(None));
    // A journey is watched, not its menu.
    let play = {
        let dispatch = dispatch.clone();
        Callback::from(move |action: Action| {
            if let Action::Demo(_) = action {
                dispatch.emit(Action::Over(None));
            }
            dispatch.emit(action);
        })
    };
    let content = match &clm.registry {
        RegistryState::Loading => html! { <Loading /> },
        RegistryState::Failed(message) => {
            let again = dispatch.reform(|_: MouseEvent| Action::RegistryRequested);
            html! { <RegistryFailure message={message.clone()} {again} /> }
        }
        RegistryState::Ready(registry) => html! {
            <>
                <Sidebar registry={registry.clone()} items={items(&clm, registry)}
                         active={clm.shown().cloned()} drawer_open={drawer}
                         onselect={dispatch.reform(Action::SetActiveComponent)} onclose={close_list.clone()}>
                    <DemoMenu journeys={clm.journeys.clone()} dispatch={play} />
                </Sidebar>
                <button class="backdrop" hidden={!drawer} aria-label="Close the list"
                        onclick={close_list.reform(|_| ())}></button>
                <main class="main-content" id={props.shown.then_some("main")}>
                    { for clm.replay.iter().map(|replay| player_bar(Of::Session, &replay.player, &clm, &dispatch)) }
                    { for clm.demo.iter().map(|demo| player_bar(Of::Journey(*consent), demo, &clm, &dispatch)) }
                    { for registry.notices.iter().map(|notice| html! {
                        <p class="notice" data-tone="warn">{ "The registry has an entry that cannot be shown. " }{ notice }</p>
                    }) }
                    <Viewer opened={opened(&clm, registry)} active={clm.shown().cloned()}
                            onretry={dispatch.reform(Action::RetryComponent)}
                            onmenu={show_list} />
                </main>
            </>
        },
    };
    html! { <div class="dashboard" hidden={!props.shown}>{ content }</div> }
}

fn items(clm: &Clm, registry: &Registry) -> Vec<Item> {
    let item = |component: &crate::registry::Component| Item {
        hash: component.hash.clone(),
        name: component.name.clone(),
        goal: component.goal.clone(),
        status: clm.components.get(&component.hash).map(|state| state.status.clone()),
    };
    registry.components.iter().map(item).collect()
}

fn opened(
    clm: &Clm,
    registry: &Registry,
) -> Vec<(crate::registry::Component, crate::store::ComponentState)> {
    clm.opened
        .iter()
        .filter_map(|hash| Some((registry.find(hash)?.clone(), clm.components.get(hash)?.clone())))
        .collect()
}

#[component]
fn Loading() -> Html {
    html! {
        <div class="loading-overlay" role="status" aria-label="Loading the components">
            <div class="skeleton-column"></div><div class="skeleton-column wide"></div><div class="skeleton"></div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct FailureProps {
    message: Rc<str>,
    again: Callback<MouseEvent>,
}

#[component]
fn RegistryFailure(props: &FailureProps) -> Html {
    html! {
        <main class="main-content" id="main">
            <div class="failure" role="alert">
                <div>
                    <h1>{ "The list of components is missing" }</h1>
                    <p>{ &*props.message }{ " Check that the server is running and that registry.json is right, then try again." }</p>
                </div>
                <button class="button primary" onclick={props.again.clone()}>{ "Try again" }</button>
            </div>
        </main>
    }
}
