//! The active component: its bar, its frame, and what to do when it failed.

use std::rc::Rc;

use web_sys::HtmlIFrameElement;
use yew::prelude::*;

use super::{
    frame::Frame,
    icon::{Shape, icon},
};
use crate::{
    registry::Component,
    store::{ComponentState, ErrorKind, Status},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// All that were opened, in the order of opening.
    pub opened: Vec<(Component, ComponentState)>,
    pub active: Option<Rc<str>>,
    /// A session is shown again: how its frames do today is nothing of that session.
    pub is_replay: bool,
    pub onretry: Callback<Rc<str>>,
    pub onmenu: Callback<()>,
    pub onframe: Callback<(Rc<str>, HtmlIFrameElement)>,
}

#[component]
pub fn Viewer(props: &Props) -> Html {
    let full_screen = use_state_eq(|| false);
    let leave = {
        let full_screen = full_screen.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                full_screen.set(false);
            }
        })
    };
    let toggle = {
        let full_screen = full_screen.clone();
        Callback::from(move |_: MouseEvent| full_screen.set(!*full_screen))
    };
    let active =
        props.opened.iter().find(|(component, _)| Some(&component.hash) == props.active.as_ref());
    html! {
        <section class={classes!("viewer", full_screen.then_some("full-screen"))} onkeydown={leave}>
            <header class="viewer-bar">
                <button class="icon-button menu-button" id="list-button" aria-label="Show the components"
                        onclick={props.onmenu.reform(|_| ())}>
                    { icon(Shape::Menu) }
                </button>
                if let Some((component, state)) = active {
                    <h1 class="viewer-name" title={component.name.to_string()}>{ &*component.name }</h1>
                    <code class="viewer-hash">{ &*component.hash }</code>
                    if !props.is_replay { { status(state) } }
                    <span class="spacer"></span>
                    <button class="icon-button" aria-label="Reload this component" title="Reload"
                            onclick={retry(props, component)}>
                        { icon(Shape::Reload) }
                    </button>
                    <button class="icon-button" aria-pressed={full_screen.to_string()}
                            aria-label="Full screen" title="Full screen (Esc leaves)" onclick={toggle}>
                        { icon(Shape::Expand) }
                    </button>
                }
            </header>
            <div class="viewer-frames">
                // Alone in its element: a list is compared by key only when every child has one, and a frame
                // that is taken for another one loads again.
                <div class="frames">
                    { for props.opened.iter().map(|(component, state)| {
                        let shown = Some(&component.hash) == props.active.as_ref();
                        let key = format!("{}-{}", component.hash, state.attempt);
                        html! { <Frame {key} component={component.clone()} {shown} onmade={props.onframe.clone()} /> }
                    }) }
                </div>
                if let Some((component, state)) = active {
                    { over_the_frame(props, component, state) }
                }
            </div>
        </section>
    }
}

fn retry(props: &Props, component: &Component) -> Callback<MouseEvent> {
    let hash = component.hash.clone();
    props.onretry.reform(move |_| hash.clone())
}

fn status(state: &ComponentState) -> Html {
    let (tone, word) = match &state.status {
        Status::Loading => ("warn", "loading".to_owned()),
        Status::Loaded => (
            "good",
            state
                .load_time_ms
                .map_or_else(|| "loaded".to_owned(), |ms| format!("loaded in {ms} ms")),
        ),
        Status::Failed { .. } => ("bad", "failed".to_owned()),
    };
    html! {
        <span class="viewer-status" role="status">
            <span class="status-dot" data-tone={tone} aria-hidden="true"></span>{ word }
        </span>
    }
}

/// A skeleton while it loads, a panel when there is nothing to see, a strip when there is.
fn over_the_frame(props: &Props, component: &Component, state: &ComponentState) -> Html {
    match &state.status {
        Status::Loaded => Html::default(),
        Status::Loading => html! { <div class="skeleton" aria-hidden="true"></div> },
        Status::Failed { kind, message } => {
            let nothing_to_see =
                matches!(kind, ErrorKind::Http | ErrorKind::Network | ErrorKind::Timeout);
            html! {
                <div class={if nothing_to_see { "failure" } else { "failure strip" }} role="alert">
                    <div>
                        <h2>{ format!("{} is not working", component.name) }</h2>
                        <p>{ &**message }{ " Everything else still works." }</p>
                    </div>
                    <button class="button primary" onclick={retry(props, component)}>{ "Try again" }</button>
                </div>
            }
        }
    }
}
