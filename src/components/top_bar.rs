//! Mark, pages, tracking chip, and the commands that have a button.

use yew::prelude::*;
use yewdux::{use_selector, use_store_value};

use super::{
    icon::{Icon, Shape},
    privacy_panel::PrivacyPanel,
    tracking_chip::TrackingChip,
};
use crate::{
    commands::{self, Command},
    focus,
    route::{Page, Route},
    store::{Action, Clm, Over, Store, TrackingStatus, use_dispatch},
};

const CHIP: &str = "tracking-chip";

#[component]
pub fn TopBar() -> Html {
    let page = use_selector(|clm: &Clm| clm.page);
    let active = use_selector(|clm: &Clm| clm.active.clone());
    let status = use_store_value::<TrackingStatus>();
    let store = use_context::<Store>().unwrap_or_default();
    let over = use_selector(|clm: &Clm| clm.over);
    let privacy_open = *over == Some(Over::Privacy);
    let run = |command: Command| {
        let store = store.clone();
        Callback::from(move |_: MouseEvent| commands::run(command, &store))
    };
    let close = use_dispatch().reform(|()| {
        // Before the panel goes with the focus.
        focus::give(CHIP);
        Action::Over(None)
    });
    let toggle = if privacy_open { close.reform(|_| ()) } else { run(Command::Privacy) };
    let tab = |to: Page, text: &'static str| {
        let current = (*page == to).then_some("page");
        let href = Route::fragment(to, active.as_deref());
        html! { <a class="tab" {href} aria-current={current}>{ text }</a> }
    };
    html! {
        <header class="top-bar">
            <a class="brand" href="#/" aria-label="CLM Dashboard">
                <Icon shape={Shape::Cube} /><span>{ "CLM Dashboard" }</span>
            </a>
            <nav aria-label="Pages">
                { tab(Page::Dashboard, "Dashboard") }
                { tab(Page::Insights, "Insights") }
                { tab(Page::Sessions, "Sessions") }
                { tab(Page::Live, "Live") }
            </nav>
            <div class="top-right">
                <TrackingChip id={CHIP} status={status.clone()} open={privacy_open} onclick={toggle} />
                { button("Find anything (Ctrl K)", Shape::Search, run(Command::Palette)) }
                { button("Switch between light and dark", Shape::Theme, run(Command::Theme)) }
                { button("Keyboard shortcuts (?)", Shape::Help, run(Command::Help)) }
            </div>
            if privacy_open { <PrivacyPanel {status} onclose={close} /> }
        </header>
    }
}

/// What only a keyboard needs gives its place to the rest where that is scarce.
fn button(name: &'static str, shape: Shape, onclick: Callback<MouseEvent>) -> Html {
    let class = classes!("icon-button", (shape != Shape::Theme).then_some("wide-only"));
    html! {
        <button {class} aria-label={name} title={name} {onclick}><Icon {shape} /></button>
    }
}
