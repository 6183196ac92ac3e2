//! The controls above all panels; whatever they change is in the address.

use std::{collections::BTreeSet, rc::Rc};

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    choice::{Choice, Choices},
    period::RANGES,
    query::Query,
};
use crate::{
    components::icon::{Shape, icon},
    navigation,
    registry::Registry,
};

pub fn filters(query: &Query, registry: &Rc<Registry>, span: &str) -> Html {
    let components = components(registry);
    let mut known = BTreeSet::new();
    let kinds = registry.components.iter().map(|component| &component.category);
    let kinds = kinds.filter(|kind| known.insert(*kind));
    let kinds: Choices = Rc::new(kinds.map(|kind| (kind.to_string(), kind.to_string())).collect());
    let hidden: Choices = Rc::new(vec![("hidden".to_owned(), "Hidden".to_owned())]);
    let chosen = |value: &Option<String>| value.clone().unwrap_or_default();
    html! {
        <div class="filters" role="group" aria-label="Filters">
            <div class="ranges" role="group" aria-label="Time range">
                { for RANGES.iter().map(|(key, name, _)| html! {
                    <a class="button" aria-current={(span == *key).then_some("true")}
                       href={query.clone().with("range", key).fragment()}>{ name }</a>
                }) }
            </div>
            if span == "custom" {
                { date("From", "from", &query.from, query) }
                { date("To", "to", &query.to, query) }
            }
            { choose("Component", "component", &chosen(&query.component), &components, query) }
            { choose("Category", "type", &chosen(&query.kind), &kinds, query) }
            { choose("Entry", "entry", &chosen(&query.entry), &components, query) }
            { choose("Demo journeys", "demo", if query.demo.as_deref() == Some("hidden") { "hidden" } else { "" }, &hidden, query) }
            { only("user", query.user.as_deref(), query) }
            { only("session", query.session.as_deref(), query) }
        </div>
    }
}

fn date(label: &'static str, part: &'static str, value: &Option<String>, query: &Query) -> Html {
    field(label, "date", part, value.clone().unwrap_or_default(), None, query)
}

/// A list of choices, and the one for everything.
pub fn choose(
    label: &'static str,
    part: &'static str,
    chosen: &str,
    choices: &Choices,
    query: &Query,
) -> Html {
    let everything = match part {
        "demo" => "Shown",
        "within" => "Any time",
        _ => "All",
    };
    let query = query.clone();
    let onchange = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlSelectElement>().value();
        navigation::go_to(&query.clone().with(part, &value).fragment());
    });
    html! {
        <label class="choice">{ label }
            <Choice name={part} chosen={chosen.to_owned()} choices={choices.clone()}
                    first={vec![(String::new(), everything.to_owned())]} {onchange} />
        </label>
    }
}

/// Hash and name of each component.
pub fn components(registry: &Registry) -> Choices {
    let each = registry.components.iter().map(|c| (c.hash.to_string(), c.name.to_string()));
    Rc::new(each.collect())
}

/// A date, or a whole number up to `most`.
pub fn field(
    label: &'static str,
    kind: &'static str,
    part: &'static str,
    value: String,
    most: Option<u64>,
    query: &Query,
) -> Html {
    let query = query.clone();
    let onchange = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlInputElement>().value();
        navigation::go_to(&query.clone().with(part, &value).fragment());
    });
    let most = most.map(|most| most.to_string());
    html! {
        <label class="choice">{ label }
            <input type={kind} name={part} {value} min={most.is_some().then_some("1")} max={most} {onchange} />
        </label>
    }
}

/// One user or session: chosen by a link from elsewhere, removed here.
fn only(part: &'static str, id: Option<&str>, query: &Query) -> Html {
    let Some(id) = id else { return Html::default() };
    let short: String = id.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    let href = query.clone().with(part, "").fragment();
    html! {
        <a class="button" {href} title={format!("Only {part} {id}; choose to show all")}>
            { format!("One {part} …{short}") }{ icon(Shape::Close) }
        </a>
    }
}
