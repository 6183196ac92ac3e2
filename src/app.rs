//! The page as a whole: top bar, the page that is shown, the question about tracking.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    components::{consent_banner::ConsentBanner, hints::Hints, overlay::Overlay, top_bar::TopBar},
    focus,
    later::{Later, View},
    pages::{dashboard::Dashboard, unknown::Unknown},
    route::Page,
    store::{Clm, Store, Theme},
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
    let at = use_selector(Place::of);
    let document = || web_sys::window().and_then(|window| window.document());
    use_effect_with(at.title.clone(), move |title| {
        if let Some(document) = document() {
            document.set_title(title);
        }
    });
    // Who follows a link to a page reads on there.
    let was_there = use_mut_ref(|| None);
    use_effect_with((at.page, at.is_replay), move |&(page, is_replay)| {
        let before = was_there.borrow_mut().replace(page);
        if before.is_some_and(|before| before != page) && !is_replay {
            focus::give(focus::MAIN);
        }
    });
    use_effect_with(at.theme, move |theme| {
        let root = document().and_then(|document| document.document_element());
        if let Some((root, theme)) = root.zip(*theme) {
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
            <ConsentBanner />
            <TopBar />
            <Dashboard shown={at.page.is_none()} />
            if at.page == Some(Page::Unknown) { <Unknown /> }
            if let Some(view) = at.page.and_then(View::of) { <Later {view} /> }
            <Hints />
            <Overlay />
        </>
    }
}

/// Where the person is, as far as the whole page shows it.
#[derive(PartialEq)]
struct Place {
    /// None while the dashboard is in front.
    page: Option<Page>,
    is_replay: bool,
    title: String,
    theme: Option<Theme>,
}

impl Place {
    fn of(clm: &Clm) -> Self {
        Self {
            page: (!clm.shows_dashboard()).then_some(clm.page),
            is_replay: clm.replay.is_some(),
            title: title(clm),
            theme: clm.theme,
        }
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
        Page::Unknown => Some("Page not found".to_owned()),
    };
    place.map_or_else(|| "CLM Dashboard".to_owned(), |place| format!("{place} · CLM Dashboard"))
}
