//! One component in its sandboxed frame.

use yew::prelude::*;

use crate::registry::Component;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub component: Component,
    pub shown: bool,
}

#[component]
pub fn Frame(props: &Props) -> Html {
    let Component { hash, name, implementation, sandbox, .. } = &props.component;
    html! {
        <iframe id={format!("iframe-{hash}")} data-hash={hash.to_string()} title={name.to_string()}
                src={implementation.to_string()} sandbox={sandbox.to_string()}
                referrerpolicy="no-referrer" allow="fullscreen"
                class="component-frame" hidden={!props.shown} />
    }
}
