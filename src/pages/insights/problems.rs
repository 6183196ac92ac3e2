//! What an address asks that cannot be done: each is said, so that nobody takes the answer for another
//! question's.

use yew::prelude::*;

use super::{
    cost, funnel, notes,
    period::{DEFAULT_RANGE, RANGES},
    query::{Query, unread},
};
use crate::{charts::calendar, registry::Registry};

/// More than this many are not said.
const MOST: usize = 6;

/// One sentence for each part of the address `text` that is not taken as it stands there.
#[must_use]
pub fn problems(text: &str, registry: &Registry) -> Vec<String> {
    let query = Query::parse(text);
    let mut said: Vec<String> = unread(text)
        .into_iter()
        .map(|part| format!("“{part}” in the address cannot be read; it is left out."))
        .collect();
    said.extend(range(&query));
    said.extend(components(&query, registry));
    let choice = |name: &str, value: &Option<String>, known: &[&str], shown: &str| {
        let value = value.as_deref().filter(|value| !known.contains(value))?;
        Some(format!("“{name}={value}” does not exist; {shown}."))
    };
    said.extend(choice("demo", &query.demo, &["hidden", "shown"], "demo journeys are shown"));
    said.extend(choice("of", &query.of, &["device"], "the server's events are shown"));
    said.extend(funnel::problem(&query));
    said.extend(cost::problem(&query));
    if query.page.as_deref().is_some_and(|page| page.parse::<usize>().ok().is_none_or(|n| n == 0)) {
        said.push("The address names no page of the list; the first one is shown.".to_owned());
    }
    said.truncate(MOST);
    said
}

fn range(query: &Query) -> Vec<String> {
    let key = query.range.as_deref().unwrap_or(DEFAULT_RANGE);
    if RANGES.iter().all(|(known, ..)| *known != key) {
        return vec![format!(
            "The time range “{key}” does not exist; the last 24 hours are shown."
        )];
    }
    if key != "custom" {
        return Vec::new();
    }
    let day = |date: &Option<String>| {
        let date = date.as_deref()?;
        Some((date.to_owned(), calendar::day_range(date, &|_| 0)))
    };
    let (from, to) = (day(&query.from), day(&query.to));
    let mut said: Vec<String> = [&from, &to]
        .into_iter()
        .filter_map(|day| day.as_ref().filter(|(_, start)| start.is_none()))
        .map(|(date, _)| format!("“{date}” is no date; write it like 2025-11-30."))
        .collect();
    if let (Some((first, Some(from_ms))), Some((last, Some(to_ms)))) = (&from, &to)
        && from_ms > to_ms
    {
        said.push(format!(
            "The time range begins on {first}, after it ends on {last}: there is nothing in it. Swap the dates."
        ));
    }
    said
}

fn components(query: &Query, registry: &Registry) -> Vec<String> {
    let mut said = Vec::new();
    let unknown =
        |hash: &Option<String>| hash.clone().filter(|hash| notes::is_unknown(hash, registry));
    for hash in [unknown(&query.component), unknown(&query.entry)].into_iter().flatten() {
        said.push(format!(
            "The registry has no component “{hash}”; only events that were recorded under this name are counted."
        ));
    }
    if let (Some(kind), None) = (&query.kind, &query.component)
        && registry.components.iter().all(|component| *component.category != **kind)
    {
        said.push(format!("The registry has no component of the category “{kind}”."));
    }
    let steps =
        query.funnel.iter().flat_map(|list| list.split(',')).filter(|step| !step.is_empty());
    for step in steps.filter(|step| notes::is_unknown(step, registry)) {
        said.push(format!("The funnel's step “{step}” is no component of the registry."));
    }
    said
}

/// The problems of the address, below the filters.
pub fn list(text: &str, registry: &Registry) -> Html {
    let said = problems(text, registry);
    if said.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="note problems" role="status">
            { for said.iter().map(|sentence| html! { <li>{ sentence }</li> }) }
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let registry = Registry::parse(
            r#"{"components":[{"hash":"w","name":"W","category":"Text","concrete":{"implementation":"w.html"}}]}"#,
        )
        .unwrap();
        problems(text, &registry)
    }

    #[test]
    fn an_address_that_can_be_done_has_no_problem() {
        for text in [
            "",
            "range=7d&component=w&entry=w&demo=hidden&of=device",
            "component=(dashboard)&entry=(other)",
            "range=custom&from=2025-11-01&to=2025-11-30",
            // Left behind by a custom range.
            "range=7d&from=2025-11-30&to=2025-11-01",
            "type=Text&funnel=w,w&within=5&people=9&visits=8&days=7&page=2&search=x",
        ] {
            assert_eq!(said(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn nonsense_is_named_and_what_is_shown_in_its_place() {
        for (text, first) in [
            ("range=abc", "The time range “abc” does not exist; the last 24 hours are shown."),
            (
                "range=custom&from=2025-11-30&to=2025-11-01",
                "The time range begins on 2025-11-30, after it ends on 2025-11-01: there is nothing in it. Swap the dates.",
            ),
            ("range=custom&to=2025-13-01", "“2025-13-01” is no date; write it like 2025-11-30."),
            (
                "component=nope",
                "The registry has no component “nope”; only events that were recorded under this name are counted.",
            ),
            ("type=Zap", "The registry has no component of the category “Zap”."),
            ("demo=maybe", "“demo=maybe” does not exist; demo journeys are shown."),
            ("of=mars", "“of=mars” does not exist; the server's events are shown."),
            (
                "funnel=,,,",
                "The funnel in the address names no component; the first three of the registry are its steps.",
            ),
            ("funnel=w,zap", "The funnel's step “zap” is no component of the registry."),
            ("within=abc", "“within=abc” is no number of minutes; the funnel has no time limit."),
            (
                "people=none",
                "“none” is no whole number from 1; the cost is reckoned with the usual one.",
            ),
            ("page=0", "The address names no page of the list; the first one is shown."),
            ("zap=1", "“zap” in the address cannot be read; it is left out."),
            ("range=%zz", "“range” in the address cannot be read; it is left out."),
        ] {
            assert_eq!(said(text).first().map(String::as_str), Some(first), "{text}");
        }
        assert_eq!(said(&"a=1&".repeat(99)).len(), MOST);
    }
}
