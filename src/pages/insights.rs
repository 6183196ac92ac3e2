//! The answers: what is visited, for how long, in which order, and where people leave.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    answers::{self, Answers, Asked},
    components::{bars::Bars, bars::Row, funnel::Funnel},
    platform,
    registry::Registry,
    store::Clm,
};

const HOUR_MS: u64 = 3_600_000;
const RANGES: [(&str, u64); 4] = [
    ("Last hour", HOUR_MS),
    ("24 hours", 24 * HOUR_MS),
    ("7 days", 7 * 24 * HOUR_MS),
    ("30 days", 30 * 24 * HOUR_MS),
];
/// How many rows a card shows.
const ROWS: usize = 10;

#[component]
pub fn Insights() -> Html {
    let registry = use_selector(|clm: &Clm| clm.registry().cloned());
    let range_ms = use_state_eq(|| 24 * HOUR_MS);
    let tries = use_state_eq(|| 0_u32);
    let result = use_state_eq(|| None::<(Asked, Result<Rc<Answers>, String>)>);
    {
        let result = result.clone();
        use_effect_with((*range_ms, *tries), move |(range_ms, _)| {
            let asked = until_now(*range_ms);
            spawn_local(async move {
                let answers = answers::fetch(asked).await.map(Rc::new);
                result.set(Some((asked, answers)));
            });
        });
    }
    let again = {
        let tries = tries.clone();
        Callback::from(move |_: MouseEvent| tries.set(*tries + 1))
    };
    let content = match &*result {
        None => html! { <p class="empty" role="status">{ "Asking the server." }</p> },
        Some((_, Err(why))) => html! {
            <div class="empty" role="alert">
                <p>{ why }{ " Insights need the server: start it with " }<code>{ "cargo xtask demo" }</code>{ ", then try again." }</p>
                <p><button class="button primary" onclick={again.clone()}>{ "Try again" }</button></p>
            </div>
        },
        Some((_, Ok(answers))) if answers.summary.visits == 0 => html! {
            <p class="empty">{ "No visits in this time. Open a component on the dashboard, or widen the range. A visit shows up here a few seconds later." }</p>
        },
        Some((asked, Ok(answers))) => cards(answers, *asked, registry.as_ref().as_ref()),
    };
    html! {
        <main class="page" id="main">
            <header class="page-head">
                <h1>{ "Insights" }</h1>
                <p class="muted">{ "How everybody who agreed uses this dashboard." }</p>
                <div class="ranges" role="group" aria-label="Time range">
                    { for RANGES.iter().map(|(name, ms)| {
                        let (range, ms) = (range_ms.clone(), *ms);
                        html! {
                            <button class="button" aria-pressed={(*range_ms == ms).to_string()}
                                    onclick={Callback::from(move |_| range.set(ms))}>{ name }</button>
                        }
                    }) }
                    <button class="button" onclick={again}>{ "Refresh" }</button>
                </div>
            </header>
            { content }
        </main>
    }
}

fn until_now(range_ms: u64) -> Asked {
    // One second ahead, so that what was just stored is in.
    let to_ms = platform::now().wall.0 + 1_000;
    Asked { from_ms: to_ms.saturating_sub(range_ms), to_ms }
}

fn cards(answers: &Rc<Answers>, asked: Asked, registry: Option<&Rc<Registry>>) -> Html {
    let summary = &answers.summary;
    let name = |hash: &str| {
        registry
            .and_then(|registry| registry.find(hash))
            .map_or_else(|| hash.to_owned(), |component| component.name.to_string())
    };
    let visits = rows(answers.visits.iter().map(|row| Row::new(&row.name, row.visits)));
    let entries = rows(answers.entry_points.iter().map(|row| Row::new(&row.name, row.visits)));
    let time = rows(answers.time.iter().map(|row| Row {
        label: row.name.clone(),
        value: row.total_ms,
        shown: vec![
            duration(row.total_ms),
            row.average_ms.map_or_else(|| "–".to_owned(), duration),
        ],
    }));
    let journey =
        rows(answers.journey.iter().map(|flow| {
            Row::new(&format!("{} → {}", name(&flow.from), name(&flow.to)), flow.count)
        }));
    let bounce = match answers.bounce.sessions {
        0 => "–".to_owned(),
        sessions => format!("{} %", (answers.bounce.bounced * 100 + sessions / 2) / sessions),
    };
    html! {
        <>
            <dl class="stats">
                { stat("Visits", summary.visits.to_string()) }
                { stat("Sessions", summary.sessions.to_string()) }
                { stat("People", summary.users.to_string()) }
                { stat("Time spent", duration(summary.total_ms)) }
                { stat("Bounce rate", bounce) }
                { stat("Errors", summary.errors.to_string()) }
            </dl>
            <div class="cards">
                <section class="card">
                    <h2>{ "Which components are visited?" }<small>{ "visits" }</small></h2>
                    <Bars heads={vec!["Component", "Visits"]} rows={visits} />
                </section>
                <section class="card">
                    <h2>{ "Where is time spent?" }<small>{ "time seen" }</small></h2>
                    <Bars heads={vec!["Component", "Total", "Per visit"]} rows={time} />
                </section>
                <section class="card">
                    <h2>{ "When are they popular?" }<small>{ "visits" }</small></h2>
                    { timeline(answers) }
                </section>
                <section class="card">
                    <h2>{ "Where do people go next?" }<small>{ "times" }</small></h2>
                    <Bars heads={vec!["From → to", "Times"]} rows={journey} />
                </section>
                <section class="card">
                    <h2>{ "Where do people come in?" }<small>{ "sessions" }</small></h2>
                    <Bars heads={vec!["Component", "Sessions"]} rows={entries} />
                </section>
                <section class="card">
                    <h2>{ "Where does the funnel leak?" }<small>{ "sessions" }</small></h2>
                    if let Some(registry) = registry {
                        <Funnel registry={registry.clone()} {asked} />
                    }
                </section>
            </div>
        </>
    }
}

fn rows(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.value));
    rows.truncate(ROWS);
    rows
}

fn stat(name: &'static str, value: String) -> Html {
    html! { <div class="stat"><dt>{ name }</dt><dd>{ value }</dd></div> }
}

fn timeline(answers: &Answers) -> Html {
    let counts: Vec<u64> =
        answers.popularity.iter().map(|bucket| bucket.visits.values().sum()).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let label = format!("Visits over time; at most {most} in one column");
    html! {
        <>
            <div class="columns" role="img" aria-label={label}>
                { for counts.iter().map(|count| html! {
                    <span style={format!("--share: {}%", count * 100 / most)} title={format!("{count} visits")}></span>
                }) }
            </div>
            <p class="muted">{ format!("The busiest column has {most} visits.") }</p>
        </>
    }
}

/// `1 h 4 min`, `4 min 3 s`, `12 s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    let seconds = (ms + 500) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_like_a_person_says_it() {
        for (ms, text) in [
            (0, "0 s"),
            (1_499, "1 s"),
            (59_500, "1 min 0 s"),
            (243_000, "4 min 3 s"),
            (3_840_000, "1 h 4 min"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn rows_are_sorted_and_few() {
        let rows = rows((0..20).map(|n| Row::new("x", n)));
        assert_eq!(rows.len(), ROWS);
        assert_eq!(rows[0].value, 19);
    }
}
