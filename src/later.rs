//! What is not needed at once comes when it is asked for: in files of its own where the page is built with the
//! feature `split`, which takes more than a compiler; see `xtask/src/split.rs`.

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{route::Page, store::Store};

/// After the first component and its frame.
const AHEAD_MS: u32 = 2_000;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum View {
    Insights,
    Sessions,
    Live,
    Palette,
    Help,
    MyData,
    Journeys,
    Players,
}

impl View {
    /// The dashboard is always there, and so is the page that says that an address leads nowhere.
    #[must_use]
    pub fn of(page: Page) -> Option<Self> {
        match page {
            Page::Dashboard | Page::Unknown => None,
            Page::Insights => Some(Self::Insights),
            Page::Sessions => Some(Self::Sessions),
            Page::Live => Some(Self::Live),
        }
    }

    fn is_page(self) -> bool {
        self.card().is_none()
    }

    /// The class of what it stands in, unless that is the page.
    fn card(self) -> Option<&'static str> {
        match self {
            Self::Insights | Self::Sessions | Self::Live => None,
            Self::Palette | Self::Help => Some("help"),
            Self::MyData => Some("my-data"),
            Self::Journeys => Some("demo-list"),
            Self::Players => Some("replay"),
        }
    }
}

/// Where the cuts go: what only these functions reach is in a file of its own.
#[cfg_attr(feature = "split", allow(unsafe_code))]
mod cuts {
    use super::View;
    use crate::{
        components::{
            demo_list::DemoList, help::Help, my_data::MyData, palette::Palette, player_bar::Players,
        },
        pages::{insights::Insights, live::Live, sessions::Sessions},
    };
    use yew::prelude::*;

    #[cfg_attr(feature = "split", wasm_split_helpers::wasm_split(pages, fallible, preload(pages)))]
    pub fn page(view: View) -> Result<Html, Missing> {
        Ok(match view {
            View::Insights => html! { <Insights /> },
            View::Sessions => html! { <Sessions /> },
            _ => html! { <Live /> },
        })
    }

    #[cfg_attr(
        feature = "split",
        wasm_split_helpers::wasm_split(extras, fallible, preload(extras))
    )]
    pub fn extra(view: View) -> Result<Html, Missing> {
        Ok(match view {
            View::Palette => html! { <Palette /> },
            View::Help => html! { <Help /> },
            View::MyData => html! { <MyData /> },
            View::Journeys => html! { <DemoList /> },
            _ => html! { <Players /> },
        })
    }

    /// The file did not come.
    pub struct Missing;

    #[cfg(feature = "split")]
    impl From<wasm_split_helpers::SplitLoaderError> for Missing {
        fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
            Self
        }
    }
}

/// Once the dashboard stands, the rest is fetched too: whoever is without a network later has it by then.
pub fn start(store: &Store) {
    let is_due = Cell::new(true);
    store.observe(move |transition| {
        if transition.after.registry().is_some() && is_due.replace(false) {
            Timeout::new(AHEAD_MS, || spawn_local(fetch_ahead())).forget();
        }
    });
}

#[cfg(feature = "split")]
async fn fetch_ahead() {
    // What does not come now comes when it is asked for.
    let _ = cuts::extras().await;
    let _ = cuts::pages().await;
}

#[cfg(not(feature = "split"))]
async fn fetch_ahead() {}

#[cfg(feature = "split")]
async fn fetch(view: View) -> Option<Html> {
    let view = if view.is_page() { cuts::page(view).await } else { cuts::extra(view).await };
    view.ok()
}

#[cfg(not(feature = "split"))]
async fn fetch(view: View) -> Option<Html> {
    let view = if view.is_page() { cuts::page(view) } else { cuts::extra(view) };
    view.ok()
}

#[derive(PartialEq, Properties)]
pub struct Props {
    pub view: View,
}

#[component]
pub fn Later(props: &Props) -> Html {
    let known = use_state(|| None::<(View, Option<Html>)>);
    let tries = use_state(|| 0_u32);
    {
        let known = known.clone();
        use_effect_with((props.view, *tries), move |&(view, _)| {
            spawn_local(async move {
                let content = fetch(view).await;
                known.set(Some((view, content)));
            });
        });
    }
    let again = Callback::from(move |_: MouseEvent| tries.set(*tries + 1));
    match &*known {
        Some((view, Some(content))) if *view == props.view => content.clone(),
        Some((view, None)) if *view == props.view => missing(props.view, again),
        _ => match props.view.card() {
            None => {
                html! { <main class="page" id="main" aria-busy="true"><div class="waiting" /></main> }
            }
            Some(class) => html! { <div {class} aria-busy="true"><div class="waiting" /></div> },
        },
    }
}

const MISSING: &str = "This part did not load";
const AGAIN: &str = "Try again";

fn missing(view: View, again: Callback<MouseEvent>) -> Html {
    if let Some(class) = view.card() {
        return html! {
            <div {class} role="alert">
                <p>{ MISSING }{ ". " }<button class="link" onclick={again}>{ AGAIN }</button></p>
            </div>
        };
    }
    html! {
        <div class="failure" role="alert">
            <div>
                <h2>{ MISSING }</h2>
                <p>{ "Check the connection and try again. If the dashboard was updated meanwhile, reload the page." }</p>
            </div>
            <button class="button primary" onclick={again}>{ AGAIN }</button>
        </div>
    }
}
