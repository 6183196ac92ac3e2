//! One question: its picture, its numbers, and what to do when there is no answer.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    cost,
    export::{self, About},
    grafana::{self, Logql},
    notes,
    query::Query,
    show::{self, Setting, Tile},
    table::{Table, Value},
    totals,
};
use crate::{
    answers::{self, Answer, Asked, Failure, Question},
    charts::{
        picture::Picture,
        scale::{counted, grouped},
    },
    navigation, platform,
    registry::Registry,
};

/// Rows of a table on the screen; a file has all.
const ROWS: usize = 200;
const MORE: &str = "Table and export";
/// Stands for the width of the window while the page is printed, and the pixels between the margins of A4.
pub const PAPER: u32 = u32::MAX;
const PAPER_WIDTH: i32 = 660;

#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    pub question: Question,
    pub title: &'static str,
    pub unit: &'static str,
    /// The room that its answer takes, see `.as-bars` and the like in the styles.
    pub class: &'static str,
    pub asked: Rc<Asked>,
    pub query: Query,
    pub registry: Rc<Registry>,
    /// The label of all events in Loki.
    pub job: AttrValue,
    /// Changes with the room that the page has.
    pub resized: Resized,
    pub on_no_server: Callback<()>,
    pub on_told: Callback<Told>,
    #[prop_or_default]
    pub children: Children,
}

/// What an answer means to the whole page.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// There is something to show: in words, for those who hear the page.
    Something(String),
    /// Nothing in this range, with these filters.
    Nothing,
    /// Nobody answers, and why.
    Failed(String),
}

/// The width of the window, and whether the cards can be seen in it.
pub type Resized = (u32, bool);

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
        use_effect_with(props.resized, move |(window, _)| {
            let measured = body.cast::<HtmlElement>().map_or(0, |element| element.client_width());
            width.set(if *window == PAPER { PAPER_WIDTH } else { measured });
        });
    }
    let latest = use_mut_ref(|| None::<Rc<Asked>>);
    {
        let (known, question) = (known.clone(), props.question);
        let (on_no_server, on_told) = (props.on_no_server.clone(), props.on_told.clone());
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
                    on_told.emit(told(&answer));
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
            <div class="nothing">
                <p>{ why }</p>
                <button class="button" onclick={again}>{ "Try again" }</button>
            </div>
        },
        Some((asked, Ok(answer))) => answered(props, asked, answer, *width, &more),
    };
    let filter = notes::filter(props.question, &props.asked.filter, &props.query, &props.registry);
    let id = format!("panel-{:?}", props.question);
    let heading = format!("{id}-title");
    html! {
        <section class={classes!("card", props.class)} {id} aria-labelledby={heading.clone()}>
            <h2 id={heading}>{ props.title }<small>{ props.unit }</small></h2>
            { props.children.clone() }
            if let Some(filter) = &filter { <p class="muted filter-meaning">{ filter }</p> }
            <div ref={body} class="answer" aria-busy={is_late.then_some("true")}>{ content }</div>
        </section>
    }
}

fn told(answer: &Result<Rc<Answer>, String>) -> Told {
    match answer {
        Err(why) => Told::Failed(why.clone()),
        Ok(answer) => match &**answer {
            Answer::Totals(totals) if totals::is_empty(totals) => Told::Nothing,
            Answer::Totals(totals) => {
                let now = &totals[0].summary;
                let (visits, sessions) =
                    (counted(now.visits, "visit"), counted(now.sessions, "session"));
                Told::Something(format!("{visits} in {sessions}."))
            }
            _ => Told::Something(String::new()),
        },
    }
}

/// Whether what is below the picture is shown.
type More = UseStateHandle<bool>;

fn setting<'a>(props: &'a Props, asked: &'a Asked, width: i32, rows: usize) -> Setting<'a> {
    Setting {
        registry: &props.registry,
        asked,
        width,
        offset: &platform::ahead_of_utc,
        assumed: cost::assumed(&props.query),
        rows,
    }
}

fn answered(
    props: &Props,
    asked: &Rc<Asked>,
    answer: &Rc<Answer>,
    width: i32,
    more: &More,
) -> Html {
    let set = setting(props, asked, width, if **more { ROWS } else { 1 });
    let show::View { tiles, drawing, table, note } = show::view(props.question, answer, &set);
    if table.is_empty() || notes::is_nothing(answer) {
        let unknown = notes::unknown(&asked.filter, &props.query, &props.registry);
        return html! { <p class="nothing">{ unknown }{ nothing(props.question, asked) }</p> };
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
            if width > 0 && drawing.height > 0 { <Picture {drawing} {width} {onpick} /> }
            <p class="note">{ note }{ notes::began(props.question) }{ notes::unvisited(answer) }{ notes::folded(answer) }</p>
            <details open={is_open}>
                <summary onclick={turn} aria-label={format!("{MORE}: {}", props.title)}>{ MORE }</summary>
                if is_open {
                    { exports(props, asked, answer) }
                    { numbers(&table, props) }
                }
            </details>
        </>
    }
}

/// What is said in place of an answer that has nothing.
pub fn nothing(question: Question, asked: &Asked) -> &'static str {
    match question {
        Question::Errors => "No errors in this period.",
        _ if asked.filter.is_empty() => {
            "No data in this period. Open a component on the dashboard, or choose a longer range."
        }
        _ => "No data in this period with these filters. Choose All, or a longer range.",
    }
}

fn tile(Tile { name, value, small }: &Tile) -> Html {
    html! {
        <div class="stat"><dt>{ name }</dt><dd>{ value }</dd><dd class="change">{ small }</dd></div>
    }
}

/// All rows of an answer, in a file.
fn save(props: &Props, asked: &Asked, answer: &Answer, ending: &str) {
    let set = setting(props, asked, 0, usize::MAX);
    let table = show::view(props.question, answer, &set).table;
    let mut filters = export::filters(&props.query);
    if props.question == Question::Funnel {
        filters.extend(props.query.within.clone().map(|minutes| ("within minutes", minutes)));
    }
    let about = About {
        question: format!("{:?}", props.question).to_ascii_lowercase(),
        title: props.title,
        range: asked.range,
        zone: platform::time_zone(),
        offset: &platform::ahead_of_utc,
        filters,
    };
    let name = export::file_name(&about, ending);
    match ending {
        "csv" => platform::download(&name, "text/csv", &export::csv(&table, &about)),
        _ => platform::download(&name, "application/json", &export::json(&table, &about)),
    }
}

fn exports(props: &Props, asked: &Rc<Asked>, answer: &Rc<Answer>) -> Html {
    let question = props.question;
    let file = |ending: &'static str| {
        let (asked, answer) = (asked.clone(), answer.clone());
        let props = Props { children: Children::default(), ..props.clone() };
        Callback::from(move |_: MouseEvent| save(&props, &asked, &answer, ending))
    };
    let query = match grafana::query(question, asked, &props.job) {
        Err(why) => html! { <span class="muted">{ why }</span> },
        Ok(Logql { query, note }) => {
            let shown = query.clone();
            let copy = Callback::from(move |_: MouseEvent| platform::copy(&query));
            html! {
                <>
                    <code tabindex="0" class="logql" title="For Grafana, at the end of the range">{ shown }</code>
                    <button class="button" onclick={copy}>{ "Copy LogQL" }</button>
                    <small class="muted">{ "In Grafana: " }{ note }</small>
                </>
            }
        }
    };
    html! {
        <p class="exports">
            <button class="button" onclick={file("csv")}>{ "CSV" }</button>
            <button class="button" onclick={file("json")}>{ "JSON" }</button>
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
            value if value.is_text() => html! { <td>{ text }</td> },
            _ => html! { <td class="figure">{ text }</td> },
        }
    };
    let all = table.all;
    let head = |(at, name): (usize, &&'static str)| {
        let below = table.rows.first().and_then(|row| row.get(at));
        let is_text = below.is_none_or(Value::is_text);
        let class = (!is_text).then_some("figure");
        html! { <th scope="col" {class}>{ *name }</th> }
    };
    html! {
        <div class="numbers" tabindex="0" role="region" aria-label={props.title}>
            <table>
                <thead><tr>{ for table.heads.iter().enumerate().map(head) }</tr></thead>
                <tbody>{ for table.rows.iter().take(ROWS).map(|row| html! { <tr>{ for row.iter().map(cell) }</tr> }) }</tbody>
            </table>
            if all > ROWS { { format!("The first {ROWS} of {} rows. The files have all.", grouped(all as u64)) } }
        </div>
    }
}
