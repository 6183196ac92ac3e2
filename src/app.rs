//! The page as a whole: top bar, the page that is shown, the question about tracking.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    components::{consent_banner::ConsentBanner, hints::Hints, overlay::Overlay, top_bar::TopBar},
    focus,
    later::{Later, View},
    pages::dashboard::Dashboard,
    route::Page,
    store::{Clm, Store},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub store: Store,
}

#[component]
pub fn App(props: &Props) -> Html {
    html! {
        <ContextProvider<yewdux::Context> context={props.store.context().clone()}>
            <ContextProvider<Store> context={props.store.clone()}>
                <Shell />
            </ContextProvider<Store>>
        </ContextProvider<yewdux::Context>>
    }
}

#[component]
fn Shell() -> Html {
    let page = use_selector(|clm: &Clm| (!clm.shows_dashboard()).then_some(clm.page));
    let is_replayed = use_selector(|clm: &Clm| clm.replay.is_some());
    let title = use_selector(|clm: &Clm| title(clm));
    use_effect_with(title, |title| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(title);
        }
    });
    // Who follows a link to a page reads on there.
    let was_there = use_mut_ref(|| None);
    use_effect_with((*page, *is_replayed), move |page| {
        let before = was_there.borrow_mut().replace(*page);
        if before.is_some_and(|(before, _)| before != page.0) && !page.1 {
            focus::give(focus::MAIN);
        }
    });
    // For this visit only: nothing is stored that was not agreed to.
    let theme = use_selector(|clm: &Clm| clm.theme);
    use_effect_with(theme, |theme| {
        let root = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.document_element());
        if let Some((root, theme)) = root.zip(**theme) {
            let _ = root.set_attribute("data-theme", theme.as_str());
        }
    });
    // The link's own way, to #main, would be the address of a page.
    let skip = Callback::from(|event: MouseEvent| {
        event.prevent_default();
        focus::give(focus::MAIN);
    });
    // The dashboard stays in the document, so that its frames stay alive.
    html! {
        <>
            <a class="skip-link" href="#main" onclick={skip}>{ "Skip to the content" }</a>
            <TopBar />
            <Dashboard shown={page.is_none()} />
            if let Some(view) = page.and_then(View::of) { <Later {view} /> }
            <ConsentBanner />
            <Hints />
            <Overlay />
        </>
    }
}

fn title(clm: &Clm) -> String {
    let place = match clm.page {
        Page::Dashboard => clm.active_component().map(|component| component.name.to_string()),
        Page::Insights => Some("Insights".to_owned()),
        Page::Sessions if clm.replay.is_some() => Some("Replay".to_owned()),
        Page::Sessions if clm.session.is_some() => Some("Session".to_owned()),
        Page::Sessions => Some("Sessions".to_owned()),
        Page::Live => Some("Live".to_owned()),
    };
    place.map_or_else(|| "CLM Dashboard".to_owned(), |place| format!("{place} · CLM Dashboard"))
}
