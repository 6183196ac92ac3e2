//! One session: when what was seen, for how long, and what happened.

use std::rc::Rc;

use insights::Story;
use yew::prelude::*;

use super::{failure, use_answer};
use crate::{
    answers::{self, Source},
    pages::insights::query::Query,
    registry::Registry,
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub id: Rc<str>,
    pub of: Source,
    pub query: Query,
    pub registry: Rc<Registry>,
    pub on_no_server: Callback<()>,
}

#[component]
pub fn SessionPage(props: &Props) -> Html {
    let ask = |(of, id): (Source, Rc<str>)| async move { answers::session(&of, &id).await };
    let question = (props.of.clone(), props.id.clone());
    let (known, again) = use_answer(question, ask, props.on_no_server.clone());
    let content = match &known {
        None => html! { <div class="waiting" aria-busy="true" /> },
        Some(Err(why)) => failure(why, again),
        Some(Ok(story)) => match &**story {
            None => {
                html! { <p class="empty">{ "There is nothing of this session. It may have been erased, or be older than what is kept." }</p> }
            }
            Some(story) => told(story),
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

fn told(story: &Story) -> Html {
    html! { <p>{ story.visits.len() }</p> }
}
