//! Mark, pages, tracking chip, theme.

use yew::prelude::*;
use yewdux::{use_selector, use_store_value};

use super::{
    icon::{Icon, Shape},
    privacy_panel::PrivacyPanel,
    tracking_chip::TrackingChip,
};
use crate::{
    route::{Page, Route},
    store::{Action, Clm, TrackingStatus, clm::Theme, use_dispatch},
};

#[component]
pub fn TopBar() -> Html {
    let page = use_selector(|clm: &Clm| clm.page);
    let active = use_selector(|clm: &Clm| clm.active.clone());
    let status = use_store_value::<TrackingStatus>();
    let privacy_open = use_state_eq(|| false);
    let toggle = {
        let open = privacy_open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let close = {
        let open = privacy_open.clone();
        Callback::from(move |()| open.set(false))
    };
    let switch_theme = {
        let dispatch = use_dispatch();
        let chosen = use_selector(|clm: &Clm| clm.theme);
        Callback::from(move |_| {
            let dark = chosen.map_or_else(system_is_dark, |theme| theme == Theme::Dark);
            dispatch.emit(Action::ThemeChosen(if dark { Theme::Light } else { Theme::Dark }));
        })
    };
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
                <TrackingChip status={status.clone()} open={*privacy_open} onclick={toggle} />
                <button class="icon-button" aria-label="Switch between light and dark"
                        title="Switch between light and dark" onclick={switch_theme}>
                    <Icon shape={Shape::Theme} />
                </button>
            </div>
            if *privacy_open { <PrivacyPanel {status} onclose={close} /> }
        </header>
    }
}

fn system_is_dark() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten())
        .is_some_and(|query| query.matches())
}
