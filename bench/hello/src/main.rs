//! The least that Yew can show.

use yew::prelude::*;

#[component]
fn Hello() -> Html {
    html! { <h1>{ "Hello, world" }</h1> }
}

fn main() {
    yew::Renderer::<Hello>::new().render();
}
