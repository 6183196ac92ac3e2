//! Mark, pages, tracking chip, and the commands that have a button.

use yew::prelude::*;
use yewdux::use_selector;

use super::{
    icon::{Shape, icon},
    privacy_panel::{CHIP, PrivacyPanel},
    tracking_chip::Chip,
};
use crate::{
    commands::{self, Command},
    route::Page,
    store::{Action, Clm, Over, Store, use_dispatch},
};

const TABS: [(Page, &str); 4] = [
    (Page::Dashboard, "Dashboard"),
    (Page::Insights, "Insights"),
    (Page::Sessions, "Sessions"),
    (Page::Live, "Live"),
];

#[component]
pub fn TopBar() -> Html {
    let at = use_selector(|clm: &Clm| {
        let tabs = TABS.map(|(to, _)| clm.address_of(to));
        (clm.page, tabs, clm.over)
    });
    let (page, addresses, over) = &*at;
    let chip = use_selector(Chip::of);
    let store = use_context::<Store>().unwrap_or_default();
    let privacy_open = *over == Some(Over::Privacy);
    let run = |command: Command| {
        let store = store.clone();
        Callback::from(move |_: MouseEvent| commands::run(command, &store))
    };
    let close = use_dispatch().reform(|_| Action::Over(None));
    let toggle = if privacy_open { close } else { run(Command::Privacy) };
    let tab = |((to, text), href): (&(Page, &'static str), &String)| {
        let current = (page == to).then_some("page");
        html! { <a class="tab" href={href.clone()} aria-current={current}>{ *text }</a> }
    };
    html! {
        <header class="top-bar">
            <a class="brand" href="#/" aria-label="CLM Dashboard">
                { icon(Shape::Cube) }<span>{ "CLM Dashboard" }</span>
            </a>
            <nav aria-label="Pages">
                { for TABS.iter().zip(addresses).map(tab) }
            </nav>
            <div class="top-right">
                { chip.view(CHIP, privacy_open, toggle) }
                { button("Find anything (Ctrl K)", Shape::Search, run(Command::Palette)) }
                { button("Switch between light and dark", Shape::Theme, run(Command::Theme)) }
                { button("Keyboard shortcuts (?)", Shape::Help, run(Command::Help)) }
            </div>
            if privacy_open { <PrivacyPanel /> }
        </header>
    }
}

/// Where there is no room for all, the one that finds the others by their names stays.
fn button(name: &'static str, shape: Shape, onclick: Callback<MouseEvent>) -> Html {
    let class = match shape {
        Shape::Search => "icon-button",
        Shape::Theme => "icon-button not-narrowest",
        _ => "icon-button wide-only",
    };
    html! {
        <button {class} aria-label={name} title={name} {onclick}>{ icon(shape) }</button>
    }
}
