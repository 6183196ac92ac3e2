//! The types, the components of a type, and the search over them.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::icon::{Shape, icon};
use crate::{
    charts::scale::counted,
    platform::folded,
    registry::{Component, Registry},
    store::Status,
};

/// One row of the list.
#[derive(Clone, PartialEq)]
pub struct Item {
    pub hash: Rc<str>,
    pub name: Rc<str>,
    pub goal: Rc<str>,
    pub status: Option<Status>,
}

#[derive(PartialEq, Properties)]
pub struct Props {
    pub registry: Rc<Registry>,
    pub items: Vec<Item>,
    pub active: Option<Rc<str>>,
    pub drawer_open: bool,
    pub onselect: Callback<Rc<str>>,
    pub onclose: Callback<()>,
    /// What stands below the list.
    pub children: Html,
}

const ALL: &str = "All";

#[component]
pub fn Sidebar(props: &Props) -> Html {
    let category = use_state_eq(|| Rc::<str>::from(ALL));
    let search = use_state_eq(String::new);
    let words = use_memo(props.registry.clone(), |registry| words(registry));
    let wanted = folded(search.trim());
    let shown: Vec<&Item> = props
        .items
        .iter()
        .zip(props.registry.components.iter().zip(&*words))
        .filter(|(_, (component, words))| is_shown(component, words, &category, &wanted))
        .map(|(item, _)| item)
        .collect();
    let oninput = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| {
            search.set(event.target_unchecked_into::<web_sys::HtmlInputElement>().value());
        })
    };
    let onkeydown = {
        let onclose = props.onclose.clone();
        let search = search.clone();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "ArrowDown" => move_focus(&event, 1),
            "ArrowUp" => move_focus(&event, -1),
            "Escape" => {
                search.set(String::new());
                onclose.emit(());
            }
            _ => {}
        })
    };
    let pick_first = {
        let (first, onselect) =
            (shown.first().map(|item| item.hash.clone()), props.onselect.clone());
        Callback::from(move |event: KeyboardEvent| {
            if let Some(hash) = first.clone().filter(|_| event.key() == "Enter") {
                onselect.emit(hash);
            }
        })
    };
    let focusable = props
        .active
        .clone()
        .filter(|active| shown.iter().any(|item| item.hash == *active))
        .or_else(|| shown.first().map(|item| item.hash.clone()));
    html! {
        <aside class={classes!("sidebar", props.drawer_open.then_some("open"))} {onkeydown}>
            <nav class="types-column" aria-label="Categories">
                { for categories(&props.registry).into_iter().map(|(name, count)| {
                    let (selected, pick) = (*name == **category, category.clone());
                    let value = name.clone();
                    html! {
                        <button class="type-item" aria-pressed={selected.to_string()}
                                onclick={Callback::from(move |_| pick.set(value.clone()))}>
                            <span>{ &*name }</span><span class="count">{ count }</span>
                        </button>
                    }
                }) }
            </nav>
            <div class="components-column">
                <label class="search">
                    { icon(Shape::Search) }
                    <input type="search" id="component-search" placeholder="Search  /"
                           aria-label="Search components" value={(*search).clone()}
                           {oninput} onkeydown={pick_first} />
                </label>
                <div class="component-list" role="listbox" aria-label="Components">
                    { for shown.iter().map(|item| {
                        let selected = props.active.as_ref() == Some(&item.hash);
                        let tab_stop = focusable.as_ref() == Some(&item.hash);
                        html! {
                            <ItemView key={&*item.hash} item={(*item).clone()} {selected} {tab_stop}
                                      onselect={props.onselect.clone()} />
                        }
                    }) }
                    if shown.is_empty() {
                        <p class="empty-list">{ "No components found. Try a shorter name, or choose All." }</p>
                    }
                </div>
                <div class="list-foot">
                    <p class="module-count muted">{ counted(props.registry.components.len() as u64, "component") }</p>
                    { props.children.clone() }
                </div>
            </div>
        </aside>
    }
}

#[derive(PartialEq, Properties)]
struct ItemProps {
    item: Item,
    selected: bool,
    tab_stop: bool,
    onselect: Callback<Rc<str>>,
}

#[component]
fn ItemView(props: &ItemProps) -> Html {
    let ItemProps { item, selected, tab_stop, onselect } = props;
    let select = {
        let (hash, onselect) = (item.hash.clone(), onselect.clone());
        move || onselect.emit(hash.clone())
    };
    let onclick = {
        let select = select.clone();
        Callback::from(move |_: MouseEvent| select())
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            select();
        }
    });
    let (tone, word) = match &item.status {
        None => ("none", "not opened"),
        Some(Status::Loading) => ("warn", "loading"),
        Some(Status::Loaded) => ("good", "loaded"),
        Some(Status::Failed { .. }) => ("bad", "failed"),
    };
    html! {
        <div class="component-item" role="option" data-hash={item.hash.to_string()}
             aria-selected={selected.to_string()} tabindex={if *tab_stop { "0" } else { "-1" }}
             title={item.goal.to_string()} {onclick} {onkeydown}>
            <span class="status-dot" data-tone={tone} role="img" aria-label={word}></span>
            <span class="component-name">{ &*item.name }</span>
        </div>
    }
}

/// What each component is found by: folded once, and not at every key.
fn words(registry: &Registry) -> Vec<[String; 2]> {
    registry.components.iter().map(|c| [folded(&c.name), folded(&c.hash)]).collect()
}

/// Whether it is of the type and found by what is searched for, which is folded too.
fn is_shown(component: &Component, words: &[String; 2], category: &str, wanted: &str) -> bool {
    (category == ALL || *component.category == *category)
        && words.iter().any(|word| word.contains(wanted))
}

/// "All" first, then the types in the order of the registry, each with its count.
fn categories(registry: &Registry) -> Vec<(Rc<str>, usize)> {
    let mut counts: Vec<(Rc<str>, usize)> = vec![(ALL.into(), registry.components.len())];
    for component in &registry.components {
        match counts.iter_mut().skip(1).find(|(name, _)| *name == component.category) {
            Some((_, count)) => *count += 1,
            None => counts.push((component.category.clone(), 1)),
        }
    }
    counts
}

/// Moves between the search box and the rows.
fn move_focus(event: &KeyboardEvent, step: i32) {
    let list = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .and_then(|element| element.query_selector_all("#component-search, .component-item").ok());
    let Some(list) = list else { return };
    let at = |n: u32| list.get(n).and_then(|node| node.dyn_into::<web_sys::HtmlElement>().ok());
    let focused = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    let current = (0..list.length()).find(|n| at(*n).map(Into::into) == focused);
    let next = match (current, step) {
        (Some(n), 1) => n + 1,
        (Some(n), _) => n.saturating_sub(1),
        (None, _) => 0,
    };
    if let Some(element) = at(next) {
        event.prevent_default();
        let _ = element.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_counted_and_search_looks_at_names_and_hashes() {
        let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
        let counts = categories(&registry);
        assert_eq!(counts[0], ("All".into(), registry.components.len()));
        assert_eq!(counts[1..].iter().map(|(_, n)| n).sum::<usize>(), registry.components.len());
        let found = |search: &str| found(&registry, search);
        assert_eq!(found("WELCOME"), 1);
        assert_eq!(found("p2p-st"), 1);
        assert_eq!(found("no such thing"), 0);
        assert_eq!(found(""), registry.components.len());
    }

    fn found(registry: &Registry, search: &str) -> usize {
        let (words, wanted) = (words(registry), folded(search));
        let all = registry.components.iter().zip(&words);
        all.filter(|(component, words)| is_shown(component, words, ALL, &wanted)).count()
    }

    #[test]
    fn names_in_any_script_are_found_however_they_are_stored_or_typed() {
        for (name, typed) in [
            ("İstanbul", "istanbul"),
            ("Cafe\u{301}", "café"),
            ("Café", "cafe\u{301}"),
            ("Übersicht", "übersicht"),
            ("Straße", "STRASSE"),
            ("Οδός", "ΟΔΟΣ"),
            ("Ｗｉｋｉ", "wiki"),
            ("한국", "한"),
        ] {
            let registry = format!(
                r#"{{"components":[{{"hash":"x","name":"{name}","concrete":{{"implementation":"x.html"}}}}]}}"#
            );
            assert_eq!(found(&Registry::parse(&registry).unwrap(), typed), 1, "{name} {typed}");
        }
    }
}
