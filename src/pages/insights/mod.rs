//! The answers: what is visited, for how long, in which order, and where people leave.

mod cost;
pub mod filters;
mod funnel;
mod grafana;
mod notes;
mod panel;
pub mod period;
pub mod problems;
pub mod query;
mod sample;
mod show;
mod table;
mod totals;

use std::rc::Rc;

use insights::{Filter, KnownComponent};
use wasm_bindgen::{JsCast, closure::Closure};
use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    answers::{self, Asked, Question, Source},
    platform,
    registry::Registry,
    route::Page,
    store::{Clm, Store},
};
use panel::Panel;
use query::Query;

/// Question, title, unit, and how it looks.
const PANELS: [(Question, &str, &str, &str); 14] = [
    (Question::Totals, "How much is going on?", "against the time before", "wide as-tiles"),
    (Question::Activity, "When are people here?", "visits", "wide as-columns"),
    (Question::Visits, "Which components are visited?", "visits", "as-bars"),
    (Question::Time, "Where is time spent?", "time seen", "as-bars"),
    (Question::Paths, "Which way do people go?", "sessions, step by step", "wide as-flows"),
    (Question::Flows, "Where do people go next?", "times, from row to column", "wide as-cells"),
    (Question::Entries, "Where do people come in?", "sessions", "as-bars"),
    (Question::Exits, "Where do people leave?", "sessions", "as-bars"),
    (Question::Funnel, "Where does the funnel leak?", "sessions", "wide as-steps"),
    (Question::Lengths, "How long do people stay?", "sessions", "as-columns"),
    (Question::Users, "How many people are active?", "people", "as-columns"),
    (Question::Loads, "What loads slowly?", "median", "as-bars"),
    (Question::Errors, "What breaks?", "errors", "as-bars"),
    (
        Question::Cost,
        "What does tracking cost?",
        "measured, and what it would come to",
        "wide as-tiles",
    ),
];

#[component]
pub fn Insights() -> Html {
    let registry = use_selector(|clm: &Clm| clm.registry().cloned());
    let query = use_selector(|clm: &Clm| Query::parse(&clm.query));
    let text = use_selector(|clm: &Clm| clm.query.clone());
    let store = use_context::<Store>().unwrap_or_default();
    let turn = use_state_eq(|| 0_u32);
    // Whoever serves the page has no answers.
    let alone = use_state_eq(|| false);
    let resized = use_resized();
    let on_device = *alone || query.of.as_deref() == Some("device");
    // Names and the funnel's first steps come from the registry.
    let known = registry.is_some();
    let registry = (*registry).clone().unwrap_or_default();
    let asked = use_memo(
        ((*query).clone().of_all_panels(), registry.clone(), on_device, *turn),
        |(query, registry, on_device, _)| {
            let of = if *on_device {
                Source::Device(Rc::new(answers::own_records(&store.own_events())))
            } else {
                Source::Server
            };
            asked(query, registry, of)
        },
    );
    let (steps, within_ms) = (funnel::steps(&query, &registry), funnel::within_ms(&query));
    let funnel = use_memo((asked.clone(), steps, within_ms), |(asked, steps, within_ms)| Asked {
        funnel: steps.clone(),
        within_ms: *within_ms,
        ..(**asked).clone()
    });
    let refresh_all = use_callback(*turn, {
        let turn = turn.clone();
        move |(), now| turn.set(*now + 1)
    });
    let refresh = refresh_all.reform(|_: MouseEvent| ());
    let on_no_server = use_callback((), move |(), ()| alone.set(true));
    let span = period::key(&query);
    html! {
        <main class="page insights" id="main">
            <header class="page-head">
                <h1>{ "Insights" }</h1>
                <p class="muted">{ whose(&asked.of) }</p>
                <span class="page-actions">
                    <a class="button" href={(*query).clone().to(Page::Sessions).fragment()}>{ "Sessions" }</a>
                    <button class="button" onclick={refresh}>{ "Refresh" }</button>
                </span>
            </header>
            if asked.of == Source::Server { <sample::SampleOffer on_filled={refresh_all} /> }
            { filters::filters(&query, &registry, span) }
            if known { { problems::list(&text, &registry) } }
            <div class="cards">
                if known {
                { for PANELS.iter().map(|(question, title, unit, class)| html! {
                    <Panel key={*title} question={*question} title={*title} unit={*unit} class={*class}
                           asked={if *question == Question::Funnel { funnel.clone() } else { asked.clone() }}
                           query={(*query).clone()} registry={registry.clone()}
                           {resized} on_no_server={on_no_server.clone()}>
                        { match question {
                            Question::Funnel => funnel::builder(&query, &registry),
                            Question::Cost => cost::builder(&query),
                            _ => Html::default(),
                        } }
                    </Panel>
                }) }
                }
            </div>
        </main>
    }
}

pub fn whose(of: &Source) -> String {
    match of {
        Source::Server => "How everybody who agreed uses this dashboard.".to_owned(),
        Source::Device(records) => format!(
            "Only this browser's own events, {} of them. There is no server that keeps everybody's.",
            records.len()
        ),
    }
}

pub fn asked(query: &Query, registry: &Registry, of: Source) -> Asked {
    let offset = &platform::ahead_of_utc;
    // One second ahead, so that what was just stored is in.
    let now_ms = platform::now().wall.0 + 1_000;
    let range = period::range(query, now_ms, offset);
    let mut components: Vec<String> = query.component.iter().cloned().collect();
    if let (Some(kind), true) = (&query.kind, components.is_empty()) {
        let of_kind = registry.components.iter().filter(|c| *c.category == **kind);
        components = of_kind.map(|c| c.hash.to_string()).collect();
        if components.is_empty() {
            // A type that is gone has no events.
            components.push(kind.clone());
        }
    }
    let filter = Filter {
        components,
        entry: query.entry.clone(),
        user: query.user.clone(),
        session: query.session.clone(),
        hide_demo: query.demo.as_deref() == Some("hidden"),
    };
    let starts = period::starts(range, offset);
    let known = registry.components.iter().map(|component| KnownComponent {
        hash: component.hash.to_string(),
        name: component.name.to_string(),
    });
    let known = known.collect();
    Asked { range, filter, starts, funnel: Vec::new(), within_ms: None, known, of }
}

/// The window's width: charts are drawn anew when it changes.
#[hook]
pub fn use_resized() -> u32 {
    let resized = use_state_eq(platform::window_width);
    {
        let resized = resized.clone();
        use_effect_with((), move |()| {
            let closure =
                Closure::<dyn FnMut()>::new(move || resized.set(platform::window_width()));
            let window = web_sys::window();
            if let Some(window) = &window {
                let listener = closure.as_ref().unchecked_ref();
                let _ = window.add_event_listener_with_callback("resize", listener);
            }
            move || {
                if let Some(window) = window {
                    let listener = closure.as_ref().unchecked_ref();
                    let _ = window.remove_event_listener_with_callback("resize", listener);
                }
            }
        });
    }
    *resized
}
