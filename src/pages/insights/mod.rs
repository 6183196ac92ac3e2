//! The answers: what is visited, for how long, in which order, and where people leave.

mod choice;
mod cost;
mod export;
pub mod filters;
mod funnel;
mod grafana;
pub mod notes;
mod over_time;
mod panel;
pub mod period;
pub mod problems;
pub mod query;
pub mod refresh;
mod sample;
mod show;
mod table;
mod totals;

use std::rc::Rc;

use insights::{Filter, KnownComponent};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    answers::{self, Asked, Question, Source},
    charts::scale::counted,
    platform,
    registry::Registry,
    route::Page,
    store::{Clm, Store},
};
use panel::{Panel, Told};
use query::Query;
use refresh::use_resized;

/// Question, title, unit, and how it looks.
const PANELS: [(Question, &str, &str, &str); 14] = [
    (Question::Totals, "Overview", "vs previous period", "wide as-tiles"),
    (Question::Activity, "Visits over time", "visits", "wide as-columns"),
    (Question::Visits, "Which components are visited?", "visits", "as-bars"),
    (Question::Time, "Where is time spent?", "visible time", "as-bars"),
    (Question::Paths, "Paths", "sessions, step by step", "wide as-flows"),
    (Question::Flows, "Next component", "moves from row to column", "wide as-cells"),
    (Question::Entries, "Entry components", "sessions", "as-bars"),
    (Question::Exits, "Exit components", "sessions", "as-bars"),
    (Question::Funnel, "Funnel", "sessions", "wide as-steps"),
    (Question::Lengths, "How long are sessions?", "sessions", "as-columns"),
    (Question::Users, "How many people are active?", "people", "as-columns"),
    (Question::Loads, "Which components are slow?", "median load time", "as-bars"),
    (Question::Errors, "Which components fail?", "errors", "as-bars"),
    (Question::Cost, "What does tracking cost?", "measured and calculated", "wide as-tiles"),
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
    let told = use_state_eq(|| Told::Something(String::new()));
    let has_cards = matches!(*told, Told::Something(_));
    let resized = (use_resized(), has_cards);
    let job = use_state_eq(AttrValue::default);
    use_effect_with((), {
        let job = job.clone();
        move |()| spawn_local(async move { job.set(answers::job().await.into()) })
    });
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
    // Asked by the clock: nothing is dimmed and nothing is said.
    let is_quiet = use_state_eq(|| false);
    let ask_again = |quiet: bool| {
        let (turn, is_quiet) = (turn.clone(), is_quiet.clone());
        move |(): (), now: &u32| {
            is_quiet.set(quiet);
            turn.set(*now + 1);
        }
    };
    let refresh_all = use_callback(*turn, ask_again(false));
    let refresh_quietly = use_callback(*turn, ask_again(true));
    let refresh = refresh_all.reform(|_: MouseEvent| ());
    refresh::use_refresh(*told == Told::Nothing, refresh_quietly);
    {
        let is_quiet = is_quiet.clone();
        use_effect_with((*query).clone(), move |_| is_quiet.set(false));
    }
    let on_told = use_callback((), {
        let told = told.clone();
        move |new, ()| told.set(new)
    });
    let on_no_server = use_callback((), move |(), ()| alone.set(true));
    let span = period::key(&query);
    html! {
        <main class="page insights" id="main">
            <header class="page-head">
                <h1>{ "Insights" }</h1>
                <p class="muted">{ whose(&asked.of) }</p>
                <span class="page-actions">
                    <a class="button" href={(*query).clone().to(Page::Sessions).fragment()}>{ "Sessions" }</a>
                    <button class="button" onclick={refresh.clone()}>{ "Refresh" }</button>
                </span>
            </header>
            if asked.of == Source::Server { <sample::SampleOffer on_filled={refresh_all} /> }
            { filters::filters(&query, &registry, span) }
            if known { { problems::list(&text, &registry) } }
            <p class="heard" role="status">{ if *is_quiet { None } else { heard(&told) } }</p>
            { in_place_of_cards(&told, &asked, notes::unknown(&asked.filter, &query, &registry), refresh) }
            <div class={classes!("cards", is_quiet.then_some("quiet"))} hidden={!has_cards}>
                if known {
                { for PANELS.iter().map(|(question, title, unit, class)| html! {
                    <Panel key={*title} question={*question} title={*title} unit={*unit} class={*class}
                           asked={if *question == Question::Funnel { funnel.clone() } else { asked.clone() }}
                           query={(*query).clone()} registry={registry.clone()}
                           job={(*job).clone()} {resized} on_no_server={on_no_server.clone()}
                           on_told={if *question == Question::Totals { on_told.clone() } else { Callback::noop() }}>
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

/// What the chosen filters come to, for those who hear the page.
fn heard(told: &Told) -> Option<&str> {
    match told {
        Told::Something(text) => Some(text),
        Told::Nothing | Told::Failed(_) => None,
    }
}

/// One message for the whole page where every card would say the same.
fn in_place_of_cards(
    told: &Told,
    asked: &Asked,
    unknown: String,
    again: Callback<MouseEvent>,
) -> Html {
    match told {
        Told::Something(_) => Html::default(),
        Told::Nothing => html! {
            <p class="empty" id="nothing" role="status">{ unknown }{ panel::nothing(Question::Totals, asked) }</p>
        },
        Told::Failed(why) => html! {
            <div class="card nothing" id="failed" role="alert">
                <p>{ why }</p>
                <button class="button" onclick={again}>{ "Try again" }</button>
            </div>
        },
    }
}

pub fn whose(of: &Source) -> String {
    match of {
        Source::Server => "How everybody who agreed uses this dashboard.".to_owned(),
        Source::Device(records) => format!(
            "Only this browser's own events: {}. No server collects the events of everybody.",
            counted(records.len() as u64, "event")
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
