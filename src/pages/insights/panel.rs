//! One question: its picture, its numbers, and what to do when there is no answer.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    cost, grafana, notes,
    query::Query,
    show::{self, Setting, Tile},
    table::{Table, Value},
};
use crate::{
    answers::{self, Answer, Asked, Failure, Question},
    charts::{picture::Picture, scale::grouped},
    navigation, platform,
    registry::Registry,
};

/// Rows of a table on the screen; a file has all.
const ROWS: usize = 200;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub question: Question,
    pub title: &'static str,
    pub unit: &'static str,
    /// The room that its answer takes, see `.as-bars` and the like in the styles.
    pub class: &'static str,
    pub asked: Rc<Asked>,
    pub query: Query,
    pub registry: Rc<Registry>,
    /// Changes with the width of the window.
    pub resized: u32,
    pub on_no_server: Callback<()>,
    #[prop_or_default]
    pub children: Children,
}

type Known = (Rc<Asked>, Result<Rc<Answer>, String>);

#[component]
pub fn Panel(props: &Props) -> Html {
    let known = use_state_eq(|| None::<Known>);
    let tries = use_state_eq(|| 0_u32);
    let width = use_state_eq(|| 0_i32);
    let more = use_state_eq(|| false);
    let body = use_node_ref();
    {
        let (width, body) = (width.clone(), body.clone());
        use_effect_with(props.resized, move |_| {
            width.set(body.cast::<HtmlElement>().map_or(0, |element| element.client_width()));
        });
    }
    let latest = use_mut_ref(|| None::<Rc<Asked>>);
    {
        let (known, question) = (known.clone(), props.question);
        let on_no_server = props.on_no_server.clone();
        use_effect_with((props.asked.clone(), *tries), move |(asked, _)| {
            let asked = asked.clone();
            *latest.borrow_mut() = Some(asked.clone());
            spawn_local(async move {
                let answer = match answers::ask(question, asked.clone()).await {
                    Err(Failure::NoServer) => return on_no_server.emit(()),
                    Err(Failure::Said(why)) => Err(why),
                    Ok(answer) => Ok(Rc::new(answer)),
                };
                // An answer to an earlier question comes too late.
                if latest.borrow().as_ref() == Some(&asked) {
                    known.set(Some((asked, answer)));
                }
            });
        });
    }
    let again = {
        let known = known.clone();
        Callback::from(move |_: MouseEvent| {
            known.set(None);
            tries.set(*tries + 1);
        })
    };
    let is_late = known.as_ref().is_none_or(|(asked, _)| *asked != props.asked);
    let content = match &*known {
        None => html! { <div class="waiting" /> },
        Some((_, Err(why))) => html! {
            // One of them is enough to be heard.
            <div class="nothing" role={(props.question == Question::Totals).then_some("alert")}>
                <p>{ why }</p>
                <button class="button" onclick={again}>{ "Try again" }</button>
            </div>
        },
        Some((asked, Ok(answer))) => answered(props, asked, answer, *width, &more),
    };
    let filter = notes::filter(props.question, &props.asked.filter, &props.query, &props.registry);
    html! {
        <section class={classes!("card", props.class)} id={format!("panel-{:?}", props.question)}>
            <h2>{ props.title }<small>{ props.unit }</small></h2>
            { props.children.clone() }
            if let Some(filter) = &filter { <p class="muted filter-meaning">{ filter }</p> }
            <div ref={body} class="answer" aria-busy={is_late.then_some("true")}>{ content }</div>
        </section>
    }
}

/// Whether what is below the picture is shown.
type More = UseStateHandle<bool>;

fn answered(props: &Props, asked: &Asked, answer: &Answer, width: i32, more: &More) -> Html {
    let set = Setting {
        registry: &props.registry,
        asked,
        width,
        offset: &platform::ahead_of_utc,
        assumed: cost::assumed(&props.query),
        rows: if **more { usize::MAX } else { 1 },
    };
    let show::View { tiles, drawing, table, note } = show::view(props.question, answer, &set);
    if table.is_empty() || notes::is_nothing(answer) {
        let text = match props.question {
            Question::Errors => "No errors in this time.",
            _ if asked.filter.is_empty() => {
                "Nothing in this time. Open a component on the dashboard, or widen the range."
            }
            _ => "Nothing in this time with these filters. Choose All, or widen the range.",
        };
        let unknown = notes::unknown(&asked.filter, &props.query, &props.registry);
        return html! { <p class="nothing">{ unknown }{ text }</p> };
    }
    let query = props.query.clone();
    let onpick = Callback::from(move |hash: String| {
        navigation::go_to(&query.clone().with("component", &hash).fragment());
    });
    let is_open = **more;
    let turn = {
        let more = more.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            more.set(!is_open);
        })
    };
    html! {
        <>
            if !tiles.is_empty() { <dl class="stats">{ for tiles.iter().map(tile) }</dl> }
            if width > 0 && drawing.height > 0 { <Picture {drawing} {width} label={props.title} {onpick} /> }
            <p class="note">{ note }{ notes::unvisited(answer) }{ notes::folded(answer) }</p>
            <details open={is_open}>
                <summary onclick={turn}>{ "Numbers and export" }</summary>
                if is_open {
                    { exports(props, asked, &table) }
                    { numbers(&table, props) }
                }
            </details>
        </>
    }
}

fn tile(Tile { name, value, small }: &Tile) -> Html {
    html! {
        <div class="stat"><dt>{ name }</dt><dd>{ value }</dd><dd class="change">{ small }</dd></div>
    }
}

fn exports(props: &Props, asked: &Asked, table: &Table) -> Html {
    let question = props.question;
    let file = |ending: &'static str, text: fn(&Table) -> String| {
        let table = table.clone();
        Callback::from(move |_: MouseEvent| {
            let name = format!("{question:?}.{ending}").to_ascii_lowercase();
            platform::download(&name, &text(&table));
        })
    };
    let query = match grafana::query(question, asked) {
        Err(why) => html! { <span class="muted">{ why }</span> },
        Ok(logql) => {
            let shown = logql.clone();
            let copy = Callback::from(move |_: MouseEvent| platform::copy(&logql));
            html! {
                <>
                    <code tabindex="0" class="logql" title="The same question for Grafana">{ shown }</code>
                    <button class="button" onclick={copy}>{ "Copy LogQL" }</button>
                </>
            }
        }
    };
    html! {
        <p class="exports">
            <button class="button" onclick={file("csv", Table::csv)}>{ "CSV" }</button>
            <button class="button" onclick={file("json", Table::json)}>{ "JSON" }</button>
            { query }
        </p>
    }
}

fn numbers(table: &Table, props: &Props) -> Html {
    let cell = |value: &Value| {
        let text = value.shown(&platform::ahead_of_utc);
        match value {
            Value::Component(hash, _) if !hash.starts_with('(') => {
                let href = props.query.clone().with("component", hash).fragment();
                html! { <td><a {href}>{ text }</a></td> }
            }
            Value::Text(_) | Value::Component(..) | Value::Time(_) => html! { <td>{ text }</td> },
            _ => html! { <td class="figure">{ text }</td> },
        }
    };
    let all = table.rows.len();
    let head = |(at, name): (usize, &&'static str)| {
        let below = table.rows.first().and_then(|row| row.get(at));
        let is_text =
            matches!(below, None | Some(Value::Text(_) | Value::Component(..) | Value::Time(_)));
        let class = (!is_text).then_some("figure");
        html! { <th scope="col" {class}>{ *name }</th> }
    };
    html! {
        <div class="numbers" tabindex="0" role="region" aria-label={props.title}>
            <table>
                <thead><tr>{ for table.heads.iter().enumerate().map(head) }</tr></thead>
                <tbody>{ for table.rows.iter().take(ROWS).map(|row| html! { <tr>{ for row.iter().map(cell) }</tr> }) }</tbody>
            </table>
            if all > ROWS { { format!("The first {ROWS} rows of {}; the files have all.", grouped(all as u64)) } }
        </div>
    }
}
