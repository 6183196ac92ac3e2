//! One component in its sandboxed frame.

use std::rc::Rc;

use web_sys::HtmlIFrameElement;
use yew::prelude::*;

use crate::registry::Component;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub component: Component,
    pub shown: bool,
    /// Told when the frame is in the document.
    pub onmade: Callback<(Rc<str>, HtmlIFrameElement)>,
}

#[component]
pub fn Frame(props: &Props) -> Html {
    let Component { hash, name, implementation, sandbox, .. } = &props.component;
    let frame = use_node_ref();
    {
        let (frame, hash, onmade) = (frame.clone(), hash.clone(), props.onmade.clone());
        use_effect_with((), move |()| {
            if let Some(frame) = frame.cast() {
                onmade.emit((hash, frame));
            }
        });
    }
    html! {
        <iframe ref={frame} id={format!("iframe-{hash}")} data-hash={hash.to_string()} title={name.to_string()}
                src={implementation.to_string()} sandbox={sandbox.to_string()}
                referrerpolicy="no-referrer" allow="fullscreen"
                class="component-frame" hidden={!props.shown} />
    }
}
