//! One session: when what was seen, for how long, and what happened.

use std::{collections::BTreeMap, rc::Rc};

use insights::{Kind, Moment, Story, Visit};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{failure, use_answer};
use crate::{
    answers::{self, Source},
    charts::{
        calendar,
        picture::Picture,
        scale::{counted, duration, grouped},
        timeline::{self, Bar, Mark, Row, timeline},
    },
    pages::insights::{period, query::Query, refresh::use_resized},
    platform,
    player::{self, Command},
    registry::Registry,
    replay,
    route::Page,
    store::{Action, Store},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub id: Rc<str>,
    pub of: Source,
    pub query: Query,
    pub registry: Rc<Registry>,
    pub on_no_server: Callback<()>,
}

/// Steps that the table shows.
const MAX_TABLE: usize = 1_000;

#[component]
pub fn SessionPage(props: &Props) -> Html {
    let ask = |(of, id): (Source, Rc<str>)| async move { answers::session(&of, &id).await };
    let question = (props.of.clone(), props.id.clone());
    let (known, again) = use_answer(question, ask, props.on_no_server.clone());
    let content = match &known {
        None => html! { <div class="waiting" aria-busy="true" /> },
        Some(Err(why)) => failure(why, again),
        Some(Ok(story)) => match &**story {
            None => html! {
                <p class="empty">{ "Nothing is known of this session. It may have been erased, or it is older than what is kept." }</p>
            },
            Some(known) => html! {
                <Told story={known.clone()} registry={props.registry.clone()} query={props.query.clone()} />
            },
        },
    };
    html! {
        <main class="page insights" id="main">
            <header class="page-head">
                <h1>{ "Session" }</h1>
                <a href={props.query.clone().fragment()}>{ "All sessions" }</a>
            </header>
            { content }
        </main>
    }
}

#[derive(PartialEq, Properties)]
struct ToldProps {
    story: Story,
    registry: Rc<Registry>,
    query: Query,
}

#[component]
fn Told(props: &ToldProps) -> Html {
    let ToldProps { story, registry, query } = props;
    let store = use_context::<Store>().unwrap_or_default();
    let width = use_state_eq(|| 0_i32);
    let body = use_node_ref();
    let resized = use_resized();
    {
        let (width, body) = (width.clone(), body.clone());
        use_effect_with(resized, move |_| {
            width.set(body.cast::<HtmlElement>().map_or(0, |element| element.client_width()));
        });
    }
    let plan = use_memo(story.clone(), |story| replay::plan(story).map(Rc::new));
    let replay = (*plan).clone().map(|plan| {
        let store = store.clone();
        Callback::from(move |_: MouseEvent| {
            player::start(&store);
            store.dispatch(Action::Replay(Command::Start(plan.clone(), platform::mono_ms())));
        })
    });
    let rows = rows(story, registry);
    let span_ms = story.ended_ms.saturating_sub(story.started_ms);
    let more = rows.len().saturating_sub(timeline::MAX_ROWS);
    let now_ms = platform::now().wall.0;
    let until = |last_ms: u64| {
        let same = query.clone().with("search", "");
        period::holding(same, story.started_ms, last_ms, now_ms, &platform::ahead_of_utc)
    };
    let person = until(now_ms.max(story.ended_ms)).with("user", &story.user_id).fragment();
    let answers = until(story.ended_ms).with("session", &story.session_id);
    let answers = answers.to(Page::Insights).fragment();
    html! {
        <>
            { facts(story) }
            <p class="ids">
                { id("Session", &story.session_id) }
                { id("Person", &story.user_id) }
            </p>
            <div class="exports">
                if let Some(onclick) = replay {
                    <button class="button primary" id="replay" {onclick}>{ "Replay on the dashboard" }</button>
                }
                <a class="button" href={person}>{ "All sessions of this person" }</a>
                <a class="button" href={answers}>{ "Insights of this session" }</a>
            </div>
            <section class="card" id="timeline">
                <h2>{ "What happened when?" }<small>{ "time since start" }</small></h2>
                <div ref={body}>
                    if *width > 0 {
                        <Picture drawing={timeline(&rows, span_ms, *width)} width={*width}
                                 onpick={Callback::noop()} />
                    }
                </div>
                <p class="note">
                    { "Solid: visible. Hatched: in background. Ticks: interactions. Diamonds: errors." }
                    if more > 0 { { format!(" {} in the table.", counted(more as u64, "more component")) } }
                    if story.cut { { " This session is longer than what is shown: these are its first events." } }
                </p>
                { table(story, registry) }
            </section>
        </>
    }
}

fn facts(story: &Story) -> Html {
    let offset = &platform::ahead_of_utc;
    let at = story.started_ms;
    let count = |wanted: Kind| moments(story).filter(|(_, m)| m.kind == wanted).count();
    let stay_ms = story.visits.iter().fold(0_u64, |sum, visit| sum.saturating_add(visit.stay_ms));
    let stat = |name: &'static str, value: String| {
        html! { <div class="stat"><dt>{ name }</dt><dd>{ value }</dd></div> }
    };
    html! {
        <dl class="stats">
            { stat("Began", format!("{} {}", calendar::day(at, offset), calendar::clock(at, offset))) }
            { stat("Length", duration(story.ended_ms.saturating_sub(at))) }
            { stat("Visible time", duration(stay_ms)) }
            { stat("Visits", story.visits.len().to_string()) }
            { stat("Interactions", count(Kind::Interaction).to_string()) }
            { stat("Errors", count(Kind::Error).to_string()) }
        </dl>
    }
}

fn id(what: &'static str, id: &str) -> Html {
    let text = id.to_owned();
    let onclick = Callback::from(move |_: MouseEvent| platform::copy(&text));
    html! {
        <span class="id">
            { what }<code title={id.to_owned()}>{ id }</code>
            <button class="link" aria-label={format!("Copy: {what}")} {onclick}>{ "Copy" }</button>
        </span>
    }
}

/// Everything that happened, with the component it belongs to.
fn moments(story: &Story) -> impl Iterator<Item = (Option<&Visit>, &Moment)> {
    let of_visits = story.visits.iter().flat_map(|v| v.moments.iter().map(move |m| (Some(v), m)));
    of_visits.chain(story.other.iter().map(|moment| (None, moment)))
}

fn name(visit: Option<&Visit>, registry: &Registry) -> String {
    match visit {
        None => "Dashboard".to_owned(),
        Some(visit) => {
            let known = registry.find(&visit.component);
            known.map_or_else(|| visit.name.clone(), |known| known.name.to_string())
        }
    }
}

fn after(ms: u64) -> String {
    if ms == 0 { "at the start".to_owned() } else { format!("after {}", duration(ms)) }
}

fn said(moment: &Moment) -> String {
    match (moment.kind, moment.load_time_ms) {
        (Kind::Load, Some(ms)) => format!("loaded in {}", duration(ms)),
        (Kind::Load, None) => "loaded".to_owned(),
        (Kind::Interaction, _) => moment.text.clone(),
        (Kind::Error, _) => format!("error: {}", moment.text),
    }
}

fn rows(story: &Story, registry: &Registry) -> Vec<Row> {
    let since = |at_ms: u64| at_ms.saturating_sub(story.started_ms);
    let mut rows: Vec<Row> = Vec::new();
    let mut of: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut row_of = |visit: Option<&Visit>| {
        *of.entry(visit.map(|visit| visit.component.clone())).or_insert_with(|| {
            rows.push(Row { name: name(visit, registry), ..Row::default() });
            rows.len() - 1
        })
    };
    let places: Vec<usize> = story.visits.iter().map(|visit| row_of(Some(visit))).collect();
    let page = (!story.other.is_empty()).then(|| row_of(None));
    for (visit, at) in story.visits.iter().zip(places) {
        let tip = format!(
            "{} · {}, visible for {}{}",
            name(Some(visit), registry),
            after(since(visit.start_ms)),
            duration(visit.stay_ms),
            if visit.hidden.is_empty() { "" } else { ", hidden in between" }
        );
        let hidden = visit.hidden.iter().map(|part| (since(part.from_ms), since(part.to_ms)));
        rows[at].bars.push(Bar {
            from_ms: since(visit.start_ms),
            to_ms: since(visit.end_ms),
            hidden: hidden.collect(),
            tip,
        });
        rows[at].marks.extend(visit.moments.iter().filter_map(|moment| mark(moment, &since)));
    }
    if let Some(at) = page {
        rows[at].marks.extend(story.other.iter().filter_map(|moment| mark(moment, &since)));
    }
    rows
}

fn mark(moment: &Moment, since: &dyn Fn(u64) -> u64) -> Option<Mark> {
    let tip = format!("{} · {}", said(moment), after(since(moment.at_ms)));
    let bad = moment.kind == Kind::Error;
    // A load belongs to the beginning of its bar.
    (moment.kind != Kind::Load).then(|| Mark { at_ms: since(moment.at_ms), bad, tip })
}

/// All steps in their order, in words.
fn table(story: &Story, registry: &Registry) -> Html {
    let since = |at_ms: u64| at_ms.saturating_sub(story.started_ms);
    let mut steps: Vec<(u64, String, String)> = Vec::new();
    for visit in &story.visits {
        let stay = format!("opened, visible for {}", duration(visit.stay_ms));
        steps.push((since(visit.start_ms), name(Some(visit), registry), stay));
        for part in &visit.hidden {
            let away = format!("hidden for {}", duration(part.to_ms.saturating_sub(part.from_ms)));
            steps.push((since(part.from_ms), name(Some(visit), registry), away));
        }
    }
    for (visit, moment) in moments(story) {
        steps.push((since(moment.at_ms), name(visit, registry), said(moment)));
    }
    steps.sort_by_key(|(at_ms, ..)| *at_ms);
    let all = steps.len();
    html! {
        <details>
            <summary>{ counted(all as u64, "step") }{ " as a table" }</summary>
            <div class="numbers" tabindex="0" role="region" aria-label="Every step">
                <table>
                    <thead><tr><th scope="col">{ "When" }</th><th scope="col">{ "Component" }</th><th scope="col">{ "What" }</th></tr></thead>
                    <tbody>
                        { for steps.into_iter().take(MAX_TABLE).map(|(at_ms, name, what)| html! {
                            <tr><td>{ after(at_ms) }</td><td>{ name }</td><td>{ what }</td></tr>
                        }) }
                    </tbody>
                </table>
            </div>
            if all > MAX_TABLE { <p class="note">{ format!("The first {} of {} steps.", grouped(MAX_TABLE as u64), grouped(all as u64)) }</p> }
        </details>
    }
}
