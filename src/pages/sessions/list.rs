//! Sessions, newest first.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use insights::Session;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yewdux::use_selector;

use super::{failure, short, use_answer};
use crate::{
    answers::{self, Asked, Source},
    charts::{
        calendar,
        scale::{counted, duration},
    },
    components::icon::{Shape, icon},
    pages::insights::{
        asked, filters, notes, period, problems, query::Query, refresh::use_refresh, whose,
    },
    platform,
    registry::Registry,
    route::{Page, Route},
    store::{Action, Clm, use_dispatch},
};

/// On one page of the list.
const SIZE: usize = 25;
/// As far as the server goes.
const MAX_PAGE: usize = 1_000_000;
/// Of what is searched for, as the server has it.
const MAX_SEARCH: &str = "60";
/// Typing pauses this long before it is a question.
const TYPED_MS: u32 = 300;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub of: Source,
    pub query: Query,
    pub registry: Rc<Registry>,
    /// Raised to ask again.
    pub turns: u32,
    pub refresh: Callback<()>,
    pub on_no_server: Callback<()>,
}

#[component]
pub fn List(props: &Props) -> Html {
    let Props { query, registry, of, .. } = props;
    let text = use_selector(|clm: &Clm| clm.query.clone());
    let page = query.page.as_deref().and_then(|text| text.parse().ok()).unwrap_or(1);
    let page = usize::clamp(page, 1, MAX_PAGE);
    let asked = use_memo((query.clone(), of.clone(), props.turns), |(query, of, _)| {
        asked(query, registry, of.clone())
    });
    let meaning = notes::sessions(&asked.filter, query, registry);
    let search = query.search.as_deref().unwrap_or_default().trim().to_owned();
    let ask = |(asked, search, page): (Rc<Asked>, String, usize)| async move {
        // One more than is shown says whether there is a next page.
        answers::sessions(&asked, &search, SIZE + 1, (page - 1) * SIZE).await
    };
    let question = (asked, search, page);
    let (known, again) = use_answer(question, ask, props.on_no_server.clone());
    let is_empty = matches!(&known, Some(Ok(sessions)) if sessions.is_empty());
    // Later pages would move below the reader's eyes.
    let refresh = if page == 1 { props.refresh.clone() } else { Callback::noop() };
    use_refresh(is_empty, refresh);
    let span = period::key(query);
    let content = match &known {
        None => html! { <div class="waiting" aria-busy="true" /> },
        Some(Err(why)) => failure(why, again),
        Some(Ok(sessions)) if sessions.is_empty() => empty(page, query),
        Some(Ok(sessions)) => html! {
            <>
                <ol class="sessions">
                    { for sessions.iter().take(SIZE).map(|session| row(session, registry, query)) }
                </ol>
                { pages(page, sessions.len() > SIZE, query) }
            </>
        },
    };
    html! {
        <main class="page insights" id="main">
            <header class="page-head">
                <h1>{ "Sessions" }</h1>
                <p class="muted">{ whose(of) }</p>
                <span class="page-actions">
                    <a class="button" href={query.clone().to(Page::Insights).fragment()}>{ "Insights" }</a>
                    <button class="button" onclick={props.refresh.reform(|_: MouseEvent| ())}>{ "Refresh" }</button>
                </span>
            </header>
            <Search query={query.clone()} />
            { filters::filters(query, registry, span) }
            { problems::list(&text, registry) }
            if let Some(meaning) = meaning { <p class="muted filter-meaning">{ meaning }</p> }
            { content }
        </main>
    }
}

#[derive(PartialEq, Properties)]
struct SearchProps {
    query: Query,
}

#[component]
fn Search(props: &SearchProps) -> Html {
    let dispatch = use_dispatch();
    let typing = use_mut_ref(|| None::<Timeout>);
    let query = props.query.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let value = event.target_unchecked_into::<HtmlInputElement>().value();
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        let (dispatch, query) = (dispatch.clone(), query.clone());
        *typing.borrow_mut() = Some(Timeout::new(TYPED_MS, move || {
            // Not a step to go back to.
            let route = Route::parse(&query.with("search", &value).fragment());
            dispatch.emit(Action::RouteChanged(route));
        }));
    });
    html! {
        <label class="search">
            { icon(Shape::Search) }
            <input type="search" name="search" maxlength={MAX_SEARCH} autocomplete="off"
                   placeholder="Component name or start of an ID" aria-label="Search sessions"
                   value={props.query.search.clone().unwrap_or_default()} {oninput} />
        </label>
    }
}

fn empty(page: usize, query: &Query) -> Html {
    if page > 1 {
        return html! {
            <p class="empty">{ "There are no more sessions. " }
                <a href={query.clone().with("page", "").fragment()}>{ "To the newest ones" }</a>
            </p>
        };
    }
    let text = match &query.search {
        Some(_) => "No sessions found. Try a shorter name, the start of an ID, or a longer range.",
        None => {
            "No sessions in this period. Open a component on the dashboard, or choose a longer range."
        }
    };
    html! { <p class="empty">{ text }</p> }
}

fn row(session: &Session, registry: &Registry, query: &Query) -> Html {
    let offset = &platform::ahead_of_utc;
    let name = |hash: &str| {
        registry.find(hash).map_or_else(|| hash.to_owned(), |known| known.name.to_string())
    };
    let at = session.started_ms;
    let when = format!("{} {}", calendar::day(at, offset), calendar::clock(at, offset));
    let way = if session.visits == 1 {
        name(&session.entry)
    } else {
        format!("{} → {}", name(&session.entry), name(&session.exit))
    };
    let href = address(&session.session_id, query);
    let tone = (session.errors > 0).then_some("bad");
    html! {
        <li key={&*session.session_id}>
            <a class="session-row" {href} data-session={session.session_id.clone()}>
                <time>{ when }</time>
                <span class="session-way" title={way.clone()}>{ way }</span>
                <span class="figure">{ counted(session.visits, "visit") }</span>
                <span class="figure" data-tone={tone}>
                    { if tone.is_some() { counted(session.errors, "error") } else { String::new() } }
                </span>
                <span class="figure">{ duration(session.ended_ms.saturating_sub(at)) }</span>
                { id("session", &session.session_id) }
                { id("person", &session.user_id) }
            </a>
        </li>
    }
}

fn id(of: &'static str, id: &str) -> Html {
    html! { <span class="session-id" title={id.to_owned()}>{ of }{ " " }<code>{ short(id) }</code></span> }
}

/// The page of one session; the way back keeps the question.
fn address(id: &str, query: &Query) -> String {
    let list = query.clone().fragment();
    let question = list.split_once('?').map_or(String::new(), |(_, text)| format!("?{text}"));
    format!("#/sessions/{id}{question}")
}

fn pages(page: usize, more: bool, query: &Query) -> Html {
    let link = |word: &'static str, to: usize, there: bool| {
        let href = query.clone().with("page", &to.to_string()).fragment();
        html! { if there { <a class="button" {href}>{ word }</a> } }
    };
    if page == 1 && !more {
        return Html::default();
    }
    html! {
        <nav class="pages" aria-label="Pages of the list">
            { link("Newer", page.saturating_sub(1), page > 1) }
            <span class="muted">{ format!("Page {page}") }</span>
            { link("Older", page + 1, more) }
        </nav>
    }
}
