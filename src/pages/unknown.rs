//! An address that leads nowhere: what was asked for, and where to go from here.

use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    commands::{self, Command},
    route::{Page, Route},
    store::{Clm, Store},
};

#[component]
pub fn Unknown() -> Html {
    let at = use_selector(|clm: &Clm| (clm.unknown.clone(), clm.address_of(Page::Dashboard)));
    let store = use_context::<Store>().unwrap_or_default();
    let search = Callback::from(move |_: MouseEvent| commands::run(Command::Palette, &store));
    let (asked, dashboard) = &*at;
    html! {
        <main class="page" id="main">
            <section class="empty" id="unknown">
                <h1>{ "Page not found" }</h1>
                <p>{ why(asked) }{ " You asked for " }<code>{ &**asked }</code>{ "." }</p>
                <div class="panel-actions">
                    <a class="button primary" href={dashboard.clone()}>{ "Open the dashboard" }</a>
                    <button class="button" onclick={search}>{ "Search" }</button>
                </div>
            </section>
        </main>
    }
}

fn why(asked: &str) -> &'static str {
    if Route::parse(asked).component.is_some() {
        return "The registry has no component with this hash: it was renamed or removed, or the link is mistyped.";
    }
    let is_of = |page: &str| asked.trim_start_matches(['#', '/']).starts_with(page);
    if is_of("sessions/") {
        "This is not the ID of a session: the link is mistyped or cut short."
    } else {
        "The dashboard has no page at this address: the link is mistyped or out of date."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_fits_what_was_asked_for() {
        for (asked, says) in [
            ("#/component/old-name", "no component"),
            ("#/sessions/none", "session"),
            ("#/nope", "no page"),
            ("#/component", "no page"),
            ("#/insights/more", "no page"),
        ] {
            assert!(why(asked).contains(says), "{asked}: {}", why(asked));
        }
    }
}
