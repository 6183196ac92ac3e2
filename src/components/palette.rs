//! Finds a component, a page or an action by its name, and goes there.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;
use yewdux::use_selector;

use super::icon::{Shape, icon};
use crate::{
    commands::{
        self,
        find::{Choice, Entry, Index},
    },
    focus,
    store::{Action, Clm, Store},
};

const LIST: &str = "palette-list";
const INPUT: &str = "palette-input";

#[component]
pub fn Palette() -> Html {
    let store = use_context::<Store>().unwrap_or_default();
    let registry = use_selector(|clm: &Clm| clm.registry().cloned());
    let index = use_memo(registry, |registry| Index::new(registry.as_ref().as_deref()));
    let text = use_state_eq(String::new);
    let at = use_state_eq(|| 0_usize);
    let found = index.found(&text);
    let chosen = (*at).min(found.len().saturating_sub(1));
    use_effect_with((), |()| focus::give(INPUT));
    use_effect_with((chosen, (*text).clone()), |(chosen, _)| {
        focus::show(&format!("#{}", row_id(*chosen)))
    });
    let oninput = {
        let at = at.clone();
        Callback::from(move |event: InputEvent| {
            text.set(event.target_unchecked_into::<HtmlInputElement>().value());
            at.set(0);
        })
    };
    let choices: Vec<Choice> = found.iter().map(|entry| entry.choice.clone()).collect();
    let choose = move |at: usize| {
        if let Some(choice) = choices.get(at) {
            run(choice, &store);
        }
    };
    let onkeydown = {
        let (choose, all) = (choose.clone(), found.len().max(1));
        Callback::from(move |event: KeyboardEvent| {
            match event.key().as_str() {
                "ArrowDown" => at.set((chosen + 1) % all),
                "ArrowUp" => at.set((chosen + all - 1) % all),
                "Enter" if !event.is_composing() => choose(chosen),
                _ => return,
            }
            event.prevent_default();
        })
    };
    let onclick = Callback::from(move |event: MouseEvent| {
        let row = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let row = row.and_then(|element| element.closest("[data-at]").ok().flatten());
        if let Some(Ok(at)) = row.and_then(|row| row.get_attribute("data-at")).map(|at| at.parse())
        {
            choose(at);
        }
    });
    html! {
        <>
            <label class="search">
                { icon(Shape::Search) }
                <input id={INPUT} autofocus=true role="combobox" aria-label="Find anything" aria-autocomplete="list"
                       aria-expanded="true" aria-controls={LIST} aria-activedescendant={(!found.is_empty()).then(|| row_id(chosen))}
                       placeholder="A component, a page or an action" autocomplete="off"
                       {oninput} {onkeydown} />
            </label>
            <div class="found" id={LIST} role="listbox" aria-label="Results" tabindex="-1" {onclick}>
                { for found.iter().enumerate().map(|(at, entry)| row(at, entry, at == chosen)) }
            </div>
            <p class="empty-list" role="status">{ if found.is_empty() { "Nothing found. Try a shorter name." } else { "" } }</p>
        </>
    }
}

fn row(at: usize, entry: &Entry, selected: bool) -> Html {
    html! {
        <div class="found-row" role="option" id={row_id(at)} data-at={at.to_string()}
             aria-selected={selected.to_string()}>
            <span>{ &*entry.name }</span><small>{ &*entry.note }</small>
        </div>
    }
}

fn row_id(at: usize) -> String {
    format!("palette-{at}")
}

/// The palette goes first, so that the focus is back where it was.
fn run(choice: &Choice, store: &Store) {
    store.dispatch(Action::Over(None));
    match choice {
        Choice::Command(command) => commands::run(*command, store),
        Choice::Component(hash) => store.dispatch(Action::SetActiveComponent(hash.clone())),
    }
}
