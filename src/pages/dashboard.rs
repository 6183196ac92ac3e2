//! The components: list on the left, the active one on the right.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, closure::Closure};
use yew::prelude::*;
use yewdux::{use_selector, use_store_value};

use crate::{
    components::{
        demo_menu::DemoMenu,
        player_bar::{Of, player_bar},
        sidebar::{Item, Sidebar},
        viewer::Viewer,
    },
    registry::Registry,
    store::{Action, Clm, RegistryState, TrackingStatus, use_dispatch},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub shown: bool,
}

#[component]
pub fn Dashboard(props: &Props) -> Html {
    let clm = use_store_value::<Clm>();
    let dispatch = use_dispatch();
    let drawer = use_state_eq(|| false);
    use_effect_with((), |()| focus_search_on_slash());
    use_effect_with(clm.shown().cloned(), |_| {
        // After the list has drawn the new row.
        Timeout::new(0, scroll_to_active).forget();
    });
    // What had the focus is gone with its page.
    let played = use_mut_ref(|| false);
    use_effect_with((clm.replay.is_some(), clm.demo.is_some()), move |(_, demo)| {
        focus(if played.replace(*demo) && !demo { "demo-menu" } else { "replay-play" });
    });
    let consent = use_selector(|status: &TrackingStatus| status.consent);
    // A journey is watched, not its menu.
    let play = {
        let (dispatch, drawer) = (dispatch.clone(), drawer.clone());
        Callback::from(move |action: Action| {
            if let Action::Demo(_) = action {
                drawer.set(false);
            }
            dispatch.emit(action);
        })
    };
    let set_drawer = |open: bool| {
        let drawer = drawer.clone();
        Callback::from(move |()| drawer.set(open))
    };
    let onselect = {
        let (dispatch, drawer) = (dispatch.clone(), drawer.clone());
        Callback::from(move |hash: Rc<str>| {
            drawer.set(false);
            dispatch.emit(Action::SetActiveComponent(hash));
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
                         active={clm.shown().cloned()} drawer_open={*drawer}
                         {onselect} onclose={set_drawer(false)}>
                    <DemoMenu journeys={clm.journeys.clone()} dispatch={play} />
                </Sidebar>
                <button class="backdrop" hidden={!*drawer} aria-label="Close the list"
                        onclick={set_drawer(false).reform(|_| ())}></button>
                <main class="main-content" id={props.shown.then_some("main")}>
                    { for clm.replay.iter().map(|replay| player_bar(Of::Session, &replay.player, &clm, &dispatch)) }
                    { for clm.demo.iter().map(|demo| player_bar(Of::Journey(*consent), demo, &clm, &dispatch)) }
                    { for registry.notices.iter().map(|notice| html! {
                        <p class="notice" data-tone="warn">{ "The registry has an entry that cannot be shown. " }{ notice }</p>
                    }) }
                    <Viewer opened={opened(&clm, registry)} active={clm.shown().cloned()}
                            onretry={dispatch.reform(Action::RetryComponent)}
                            onmenu={set_drawer(true)} />
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

/// `/` goes to the search box from anywhere but a text field.
fn focus_search_on_slash() {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let find = document.clone();
    let closure = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let typing = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA"));
        if event.key() != "/" || typing || event.ctrl_key() || event.meta_key() {
            return;
        }
        let search = find.get_element_by_id("component-search");
        if let Some(search) = search.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()) {
            event.prevent_default();
            let _ = search.focus();
        }
    });
    let _ = document.add_event_listener_with_callback("keydown", closure.as_ref().unchecked_ref());
    // The dashboard lives as long as the page.
    closure.forget();
}

fn focus(id: &str) {
    let element = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.get_element_by_id(id))
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        let _ = element.focus();
    }
}

fn scroll_to_active() {
    let row = web_sys::window().and_then(|window| window.document()).and_then(|document| {
        document.query_selector(".component-item[aria-selected='true']").ok().flatten()
    });
    if let Some(row) = row {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        row.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
