//! The latest events as rows, each with its JSON: filtered, paused, and never more than can be read.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    charts::{
        calendar,
        scale::{counted, grouped},
    },
    platform,
    store::tracking::{LiveEvent, Place},
};

/// Rows that are drawn at first, and that more are shown at a time.
const ROWS: usize = 50;

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Newest first.
    pub events: Rc<Vec<LiveEvent>>,
    /// What to say when there are none.
    pub empty: AttrValue,
}

#[component]
pub fn Events(props: &Props) -> Html {
    let search = use_state_eq(String::new);
    let held = use_state_eq(|| None::<Rc<Vec<LiveEvent>>>);
    let rows = use_state_eq(|| ROWS);
    let open = use_state_eq(|| None::<Rc<str>>);
    let oninput = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| {
            search.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let hold = {
        let (held, events) = (held.clone(), props.events.clone());
        Callback::from(move |_: MouseEvent| {
            held.set(if held.is_some() { None } else { Some(events.clone()) });
        })
    };
    let more = {
        let rows = rows.clone();
        Callback::from(move |_: MouseEvent| rows.set(*rows + ROWS))
    };
    let events = (*held).as_ref().unwrap_or(&props.events);
    let wanted = search.trim().to_lowercase();
    let found: Vec<&LiveEvent> = events.iter().filter(|event| is_found(event, &wanted)).collect();
    let row = |event: &&LiveEvent| {
        let expanded = open.as_ref() == Some(&event.line);
        let toggle = {
            let (open, line) = (open.clone(), event.line.clone());
            Callback::from(move |_: MouseEvent| open.set((!expanded).then(|| line.clone())))
        };
        let copy = {
            let line = event.line.clone();
            Callback::from(move |_: MouseEvent| platform::copy(&line))
        };
        let (tone, place) = match event.place {
            Place::Waiting => ("warn", "waiting"),
            Place::OnItsWay => ("good", "on its way"),
            Place::Gone => ("", ""),
        };
        html! {
            <li class="event" key={&*event.line}>
                <button class="event-row" aria-expanded={expanded.to_string()} onclick={toggle}>
                    <time>{ calendar::second(event.timestamp_ms, &platform::ahead_of_utc) }</time>
                    <span class="event-name">{ event.event }</span>
                    <span class="event-component">{ &*event.component }</span>
                    <span class="event-place" data-tone={tone}>{ place }</span>
                </button>
                if expanded {
                    <pre tabindex="0">{ pretty(&event.line) }</pre>
                    <button class="link" onclick={copy}>{ "Copy JSON" }</button>
                }
            </li>
        }
    };
    html! {
        <>
            <div class="event-tools">
                <input type="search" name="events" placeholder="Filter by any text of an event"
                       aria-label="Filter the events" {oninput} />
                <button class="button" id="hold" onclick={hold}>
                    { if held.is_some() { "Resume" } else { "Pause" } }
                </button>
                <span class="muted" role="status">{ summary(&found, events, held.is_some()) }</span>
            </div>
            if found.is_empty() {
                <p class="empty">
                    { if events.is_empty() { props.empty.clone() } else { "No event contains this text.".into() } }
                </p>
            } else {
                <ol class="events">{ for found.iter().take(*rows).map(row) }</ol>
            }
            if found.len() > *rows {
                <button class="button" onclick={more}>{ "Show more" }</button>
            }
        </>
    }
}

fn summary(found: &[&LiveEvent], events: &[LiveEvent], held: bool) -> String {
    let paused = if held { ", paused" } else { "" };
    let latest = counted(events.len() as u64, "latest event");
    if found.len() == events.len() {
        format!("{latest}{paused}")
    } else {
        format!("{} of {latest}{paused}", grouped(found.len() as u64))
    }
}

/// `wanted` is in lower case.
fn is_found(event: &LiveEvent, wanted: &str) -> bool {
    wanted.is_empty() || event.line.to_lowercase().contains(wanted)
}

fn pretty(line: &str) -> String {
    let pretty = js_sys::JSON::parse(line).and_then(|value| {
        js_sys::JSON::stringify_with_replacer_and_space(
            &value,
            &wasm_bindgen::JsValue::NULL,
            &wasm_bindgen::JsValue::from(2),
        )
    });
    pretty.ok().and_then(|text| text.as_string()).unwrap_or_else(|| line.to_owned())
}
