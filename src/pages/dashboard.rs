//! The components: list on the left, the active one on the right.

use gloo_timers::callback::Timeout;
use yew::prelude::*;
use yewdux::use_store_value;

use crate::{
    commands::{self, Command},
    components::{
        demo_menu::DemoMenu,
        sidebar::{Item, Sidebar},
        viewer::Viewer,
    },
    focus, frames,
    later::{Later, View},
    registry::Registry,
    store::{Action, Clm, Over, RegistryState, Store, use_dispatch},
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
    focus::use_closed(drawer, || focus::give("list-button"));
    let store = use_context::<Store>().unwrap_or_default();
    let show_list = Callback::from(move |()| commands::run(Command::Search, &store));
    let onframe = use_callback((), |(hash, frame), ()| frames::made(&hash, &frame));
    let close_list = dispatch.reform(|()| Action::Over(None));
    let content = match &clm.registry {
        RegistryState::Loading => loading(),
        RegistryState::Failed(message) => {
            let again = dispatch.reform(|_: MouseEvent| Action::RegistryRequested);
            registry_failure(message, again)
        }
        RegistryState::Ready(registry) => html! {
            <>
                <Sidebar registry={registry.clone()} items={items(&clm, registry)}
                         active={clm.shown().cloned()} drawer_open={drawer}
                         onselect={dispatch.reform(Action::SetActiveComponent)} onclose={close_list.clone()}>
                    <DemoMenu />
                </Sidebar>
                <button class="backdrop" hidden={!drawer} aria-label="Close the list"
                        onclick={close_list.reform(|_| ())}></button>
                <main class="main-content" id={props.shown.then_some("main")}>
                    if clm.replay.is_some() || clm.demo.is_some() { <Later view={View::Players} /> }
                    { notices(&registry.notices) }
                    <Viewer opened={opened(&clm, registry)} active={clm.shown().cloned()}
                            is_replay={clm.replay.is_some()}
                            onretry={dispatch.reform(Action::RetryComponent)}
                            onmenu={show_list} {onframe} />
                </main>
            </>
        },
    };
    html! { <div class="dashboard" hidden={!props.shown}>{ content }</div> }
}

/// What of the registry cannot be used. A registry with many faults must not hide its components.
fn notices(notices: &[String]) -> Html {
    const SHOWN: usize = 2;
    let (shown, rest) = notices.split_at(notices.len().min(SHOWN));
    html! {
        <>
            { for shown.iter().map(|notice| html! {
                <p class="notice" data-tone="warn">{ "A part of the registry cannot be used. " }{ notice }</p>
            }) }
            if !rest.is_empty() {
                <details class="notice" data-tone="warn">
                    <summary>{ "More parts of the registry cannot be used" }</summary>
                    <ul>{ for rest.iter().map(|notice| html! { <li>{ notice }</li> }) }</ul>
                </details>
            }
        </>
    }
}

fn items(clm: &Clm, registry: &Registry) -> Vec<Item> {
    let item = |component: &crate::registry::Component| Item {
        hash: component.hash.clone(),
        name: component.name.clone(),
        goal: component.goal.clone(),
        status: clm.opened(&component.hash).map(|state| state.status.clone()),
    };
    registry.components.iter().map(item).collect()
}

fn opened(
    clm: &Clm,
    registry: &Registry,
) -> Vec<(crate::registry::Component, crate::store::ComponentState)> {
    clm.opened
        .iter()
        .filter_map(|opened| Some((registry.find(&opened.hash)?.clone(), opened.clone())))
        .collect()
}

fn loading() -> Html {
    html! {
        <div class="loading-overlay" role="status" aria-label="Loading the components">
            <div class="skeleton-column"></div><div class="skeleton-column wide"></div><div class="skeleton"></div>
        </div>
    }
}

fn registry_failure(message: &str, again: Callback<MouseEvent>) -> Html {
    html! {
        <main class="main-content" id="main">
            <div class="failure" role="alert">
                <div>
                    <h1>{ "The list of components is missing" }</h1>
                    <p>{ message }{ " Check that the server is running and that registry.json is right, then try again." }</p>
                </div>
                <button class="button primary" onclick={again}>{ "Try again" }</button>
            </div>
        </main>
    }
}
