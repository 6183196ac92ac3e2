//! One question: its picture, its numbers, and what to do when there is no answer.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    grafana,
    query::Query,
    show::{self, Setting, Table, Value},
    totals,
};
use crate::{
    answers::{self, Answer, Asked, Failure, Question},
    charts::{Drawing, picture::Picture},
    navigation, platform,
    registry::Registry,
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub question: Question,
    pub title: &'static str,
    pub unit: &'static str,
    pub asked: Rc<Asked>,
    pub query: Query,
    pub registry: Rc<Registry>,
    /// Raised when the window changes its size.
    pub resized: u32,
    pub on_no_server: Callback<()>,
    #[prop_or_default]
    pub wide: bool,
    #[prop_or_default]
    pub children: Children,
}

type Known = (Rc<Asked>, Result<Rc<Answer>, String>);

#[component]
pub fn Panel(props: &Props) -> Html {
    let known = use_state_eq(|| None::<Known>);
    let tries = use_state_eq(|| 0_u32);
    let width = use_state_eq(|| 0_i32);
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
    let again = Callback::from(move |_: MouseEvent| tries.set(*tries + 1));
    let content = match &*known {
        None => html! { <div class="waiting" aria-busy="true" /> },
        Some((_, Err(why))) => html! {
            <div class="nothing" role="alert">
                <p>{ why }{ " What is stored stays stored; try again when it is back." }</p>
                <button class="button" onclick={again}>{ "Try again" }</button>
            </div>
        },
        Some((_, Ok(answer))) => match &**answer {
            Answer::Totals(totals) => totals::totals(totals),
            answer => answered(props, answer, *width),
        },
    };
    let class = classes!("card", props.wide.then_some("wide"));
    html! {
        <section {class} id={format!("panel-{:?}", props.question)}>
            <h2>{ props.title }<small>{ props.unit }</small></h2>
            { props.children.clone() }
            <div ref={body}>{ content }</div>
        </section>
    }
}

fn answered(props: &Props, answer: &Answer, width: i32) -> Html {
    let set = Setting {
        registry: &props.registry,
        asked: &props.asked,
        width,
        offset: &platform::ahead_of_utc,
    };
    let show::View { drawing, table, note } = show::view(props.question, answer, &set);
    if table.is_empty() && props.question != Question::Funnel {
        let text = match props.question {
            Question::Errors => "No errors in this time.",
            _ => "Nothing in this time. Open a component on the dashboard, or widen the range.",
        };
        return html! { <p class="nothing">{ text }</p> };
    }
    let query = props.query.clone();
    let onpick = Callback::from(move |hash: String| {
        navigation::go_to(&query.clone().with("component", &hash).fragment());
    });
    html! {
        <>
            if width > 0 { { picture(drawing, width, props.title, onpick) } }
            <p class="note">{ note }</p>
            <details>
                <summary>{ "Numbers and export" }</summary>
                { exports(props, &table) }
                { numbers(&table, props) }
            </details>
        </>
    }
}

fn picture(drawing: Drawing, width: i32, label: &'static str, onpick: Callback<String>) -> Html {
    html! { <Picture {drawing} {width} {label} {onpick} /> }
}

fn exports(props: &Props, table: &Table) -> Html {
    let question = props.question;
    let file = |ending: &str, text: String| {
        let name = format!("{question:?}.{ending}").to_ascii_lowercase();
        Callback::from(move |_: MouseEvent| platform::download(&name, &text))
    };
    html! {
        <p class="exports">
            <button class="button" onclick={file("csv", table.csv())}>{ "CSV" }</button>
            <button class="button" onclick={file("json", table.json())}>{ "JSON" }</button>
            if let Some(logql) = grafana::query(question, &props.asked) {
                <code tabindex="0" class="logql" title="The same question for Grafana">{ &logql }</code>
                <button class="button" onclick={Callback::from(move |_: MouseEvent| { platform::copy(&logql); })}>{ "Copy LogQL" }</button>
            }
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
            Value::Number(_) | Value::Ms(_) => html! { <td class="figure">{ text }</td> },
        }
    };
    html! {
        <div class="numbers" tabindex="0" role="region" aria-label={props.title}>
            <table>
                <thead><tr>{ for table.heads.iter().map(|head| html! { <th scope="col">{ head }</th> }) }</tr></thead>
                <tbody>{ for table.rows.iter().map(|row| html! { <tr>{ for row.iter().map(cell) }</tr> }) }</tbody>
            </table>
        </div>
    }
}
