//! The funnel's steps and its window.

use std::rc::Rc;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{
    choice::Choice,
    filters::{choose, components},
    query::Query,
};
use crate::{navigation, registry::Registry};

const MOST: usize = 8;
/// No component has a hash with a bracket.
const EARLIER: &str = "(earlier)";
const WINDOWS: [(&str, &str); 4] =
    [("5", "5 min"), ("30", "30 min"), ("60", "1 h"), ("1440", "1 day")];

/// The address's steps, or the registry's first three where it names none.
#[must_use]
pub fn steps(query: &Query, registry: &Registry) -> Vec<String> {
    let named: Vec<String> = named(query).take(MOST).map(str::to_owned).collect();
    if named.is_empty() {
        return registry.components.iter().take(3).map(|c| c.hash.to_string()).collect();
    }
    named
}

fn named(query: &Query) -> impl Iterator<Item = &str> {
    query.funnel.iter().flat_map(|list| list.split(',')).filter(|step| !step.is_empty())
}

/// The address's minutes.
#[must_use]
pub fn within_ms(query: &Query) -> Option<u64> {
    let minutes = query.within.as_deref()?.parse::<u64>().ok().filter(|minutes| *minutes > 0)?;
    Some(minutes.min(1_000_000) * 60_000)
}

/// What of it cannot be done.
#[must_use]
pub fn problem(query: &Query) -> Vec<String> {
    let mut said = Vec::new();
    let steps = named(query).count();
    if query.funnel.is_some() && steps == 0 {
        said.push(
            "The funnel in the address names no component; the first three of the registry are its steps."
                .to_owned(),
        );
    }
    if steps > MOST {
        said.push(format!("A funnel has at most {MOST} steps; the others are left out."));
    }
    if let (Some(within), None) = (&query.within, within_ms(query)) {
        said.push(format!(
            "“within={within}” is no number of minutes; the funnel has no time limit."
        ));
    }
    said
}

pub fn builder(query: &Query, registry: &Rc<Registry>) -> Html {
    let steps = steps(query, registry);
    let go = |steps: &[String]| query.clone().with("funnel", &steps.join(",")).fragment();
    let pick = |at: usize| {
        let (query, steps) = (query.clone(), steps.clone());
        Callback::from(move |event: Event| {
            let mut steps = steps.clone();
            let select = event.target_unchecked_into::<HtmlSelectElement>();
            let value = select.value();
            // What was chosen may be a deed; the list goes on saying which component it is.
            select.set_value(steps.get(at).map_or("", String::as_str));
            if value.is_empty() && steps.len() > 1 {
                steps.remove(at);
            } else if value == EARLIER {
                steps.swap(at - 1, at);
            } else if let Some(step) = steps.get_mut(at).filter(|_| !value.is_empty()) {
                *step = value;
            }
            navigation::go_to(&query.clone().with("funnel", &steps.join(",")).fragment());
        })
    };
    let mut longer = steps.clone();
    longer.extend(registry.components.first().map(|c| c.hash.to_string()));
    let components = components(registry);
    let named = |value: &str, name: &str| (value.to_owned(), name.to_owned());
    let deeds = |at: usize| {
        let earlier = (at > 0).then(|| named(EARLIER, "Move it one earlier"));
        earlier.into_iter().chain([named("", "Remove this step")]).collect::<Vec<_>>()
    };
    let mut windows = WINDOWS.map(|(value, name)| named(value, name)).to_vec();
    if let Some(minutes) = query.within.as_deref().filter(|_| within_ms(query).is_some())
        && windows.iter().all(|(value, _)| value != minutes)
    {
        windows.push(named(minutes, &format!("{minutes} min")));
    }
    let windows = Rc::new(windows);
    let window = query.within.clone().unwrap_or_default();
    html! {
        <div class="funnel-pick">
            { for steps.iter().enumerate().map(|(at, hash)| html! {
                <Choice key={format!("{at}")} label={format!("Step {}", at + 1)} chosen={hash.clone()}
                        choices={components.clone()} last={deeds(at)} onchange={pick(at)} />
            }) }
            if steps.len() < MOST { <a class="button" href={go(&longer)}>{ "Add a step" }</a> }
            { choose("Within", "within", &window, &windows, query) }
        </div>
    }
}
