//! Events as they are recorded, and where they stand on their way.

use std::rc::Rc;

use yew::prelude::*;
use yewdux::use_store_value;

use crate::store::{Consent, TrackingStatus, tracking::LiveEvent};

#[component]
pub fn Live() -> Html {
    let status = use_store_value::<TrackingStatus>();
    let open = use_state_eq(|| None::<Rc<str>>);
    html! {
        <main class="page" id="main">
            <header class="page-head">
                <h1>{ "Live" }</h1>
                <p class="muted">{ "Each event as it is recorded in this tab, and where it stands on its way." }</p>
            </header>
            <dl class="stats">
                { stat("Consent", consent(&status)) }
                { stat("Recorded", status.recorded) }
                { stat("Waiting", status.queued) }
                { stat("Kept on this device", status.persisted) }
                { stat("Sent", status.sent) }
                { stat("Sent again", status.retried) }
                { stat("Restored", status.restored) }
                { stat("Dropped", dropped(&status)) }
                { stat("Last flush", status.last_flush_ms.map_or_else(|| "none yet".to_owned(), clock)) }
            </dl>
            if let Some(why) = &status.last_error {
                <p class="notice" data-tone="warn">{ &**why }{ " Nothing is lost: events wait on this device." }</p>
            }
            if status.consent == Consent::Granted && !status.storage_works {
                <p class="notice" data-tone="warn">{ "The browser blocks storage: events are kept in memory only." }</p>
            }
            if status.recent.is_empty() {
                <p class="empty">{ empty(&status) }</p>
            } else {
                <ol class="events">
                    { for status.recent.iter().map(|event| row(event, &open)) }
                </ol>
            }
        </main>
    }
}

fn stat(name: &'static str, value: impl ToString) -> Html {
    html! { <div class="stat"><dt>{ name }</dt><dd>{ value.to_string() }</dd></div> }
}

fn consent(status: &TrackingStatus) -> &'static str {
    match status.consent {
        Consent::Pending => "no answer yet",
        Consent::Denied => "off",
        Consent::Granted => "on",
    }
}

fn dropped(status: &TrackingStatus) -> String {
    if status.dropped.is_empty() {
        return "0".to_owned();
    }
    let parts: Vec<_> =
        status.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.join(", ")
}

fn empty(status: &TrackingStatus) -> String {
    match status.consent {
        Consent::Pending => format!(
            "{} things happened so far and wait in memory for your answer. Agree below to see them here.",
            status.pending
        ),
        Consent::Denied => {
            "Tracking is off, so there is nothing to see. Allow it under the chip at the top."
                .to_owned()
        }
        Consent::Granted => {
            "Nothing was recorded yet. Open a component on the dashboard.".to_owned()
        }
    }
}

fn row(event: &LiveEvent, open: &UseStateHandle<Option<Rc<str>>>) -> Html {
    let expanded = open.as_ref() == Some(&event.line);
    let toggle = {
        let (open, line) = (open.clone(), event.line.clone());
        Callback::from(move |_| open.set((!expanded).then(|| line.clone())))
    };
    html! {
        <li class="event" key={&*event.line}>
            <button class="event-row" aria-expanded={expanded.to_string()} onclick={toggle}>
                <time>{ clock(event.timestamp_ms) }</time>
                <span class="event-name">{ event.event }</span>
                <span class="event-component">{ &*event.component }</span>
            </button>
            if expanded { <pre tabindex="0">{ pretty(&event.line) }</pre> }
        </li>
    }
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

/// Local time of day, to the second.
fn clock(ms: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms as f64));
    format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
}
