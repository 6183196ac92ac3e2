//! insights

use yew::prelude::*;

#[component]
pub fn Insights() -> Html {
    html! { <main class="page" id="main"></main> }
}
