//! A list to choose from. A long one holds only what is chosen until a person turns to it: ten lists of ten
//! thousand components would be a hundred thousand elements.

use std::rc::Rc;

use yew::{prelude::*, virtual_dom::VTag};

/// Value and name of each.
pub type Choices = Rc<Vec<(String, String)>>;

/// More are not drawn before they are needed.
const MANY: usize = 300;

#[derive(PartialEq, Properties)]
pub struct Props {
    #[prop_or_default]
    pub name: Option<&'static str>,
    #[prop_or_default]
    pub label: Option<String>,
    pub chosen: String,
    pub choices: Choices,
    /// Above and below them.
    #[prop_or_default]
    pub first: Vec<(String, String)>,
    #[prop_or_default]
    pub last: Vec<(String, String)>,
    pub onchange: Callback<Event>,
}

#[component]
pub fn Choice(props: &Props) -> Html {
    let Props { name, label, chosen, choices, first, last, .. } = props;
    let is_needed = use_state_eq(|| false);
    let need = {
        let is_needed = is_needed.clone();
        move || is_needed.set(true)
    };
    let onfocus = {
        let need = need.clone();
        Callback::from(move |_: FocusEvent| need())
    };
    let onpointerdown = Callback::from(move |_: PointerEvent| need());
    let shown = shown(choices, chosen, *is_needed);
    // An address may name what the registry does not have: the list says so.
    let is_unknown = !chosen.is_empty() && shown.iter().all(|(value, _)| value != chosen);
    let draw = |(value, name): &(String, String)| option(value, name, value == chosen);
    html! {
        <select name={*name} aria-label={label.clone()} onchange={props.onchange.clone()} {onfocus} {onpointerdown}>
            { for first.iter().map(draw) }
            if is_unknown { { option(chosen, chosen, true) } }
            { for shown.iter().map(|one| draw(one)) }
            { for last.iter().map(draw) }
        </select>
    }
}

/// All of them, or as long as a long list is not needed, the chosen one.
fn shown<'a>(
    choices: &'a [(String, String)],
    chosen: &str,
    is_needed: bool,
) -> Vec<&'a (String, String)> {
    let draws_all = is_needed || choices.len() <= MANY;
    choices.iter().filter(|(value, _)| draws_all || value == chosen).collect()
}

/// Whether it is chosen is a property: as an attribute it no longer counts once a person has chosen.
fn option(value: &str, name: &str, chosen: bool) -> Html {
    let mut option = VTag::new("option");
    option.add_attribute("value", value.to_owned());
    option.add_property("selected", chosen);
    option.add_child(Html::from(name.to_owned()));
    option.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_choices_are_one_until_they_are_needed() {
        let choices: Vec<_> = (0..10_000).map(|at| (format!("c{at}"), format!("C {at}"))).collect();
        assert_eq!(shown(&choices, "c7", false), [&choices[7]]);
        assert_eq!(shown(&choices, "", false).len(), 0);
        assert_eq!(shown(&choices, "c7", true).len(), 10_000);
        assert_eq!(shown(&choices[..20], "c7", false).len(), 20);
    }
}
