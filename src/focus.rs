//! Where the keyboard is: it is never lost when what had it goes away.

use std::cell::{Cell, RefCell};

use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{
    Document, Element, Event, EventTarget, HtmlElement, MutationObserver, MutationObserverInit,
    Node,
};
use yew::prelude::*;

/// Where the page's own content begins.
pub const MAIN: &str = "main";

/// Whom nobody can focus: gone, or hidden with what is around it.
const HIDDEN: &str = "[hidden]";
/// What scrolls around rows to choose from.
const LIST: &str = "[role=listbox]";
/// Until what slides out of a window that became narrow is gone.
const SETTLED_MS: u32 = 200;

/// The element that has the focus, and all that it is in, innermost first.
type Path = Vec<Element>;

thread_local! {
    static LAST: RefCell<Path> = const { RefCell::new(Vec::new()) };
    static SETTLING: RefCell<Option<Timeout>> = const { RefCell::new(None) };
    static INPUTS: Cell<u32> = const { Cell::new(0) };
}

/// From now on, when the element with the focus disappears, what it was in has it.
pub fn start() {
    let Some(document) = document() else { return };
    let keep_soon = |_| SETTLING.set(Some(Timeout::new(SETTLED_MS, keep_in_sight)));
    if let Some(window) = web_sys::window() {
        listen(&window, "resize", keep_soon);
    }
    // What slides is out of sight when it has arrived, however long that takes.
    listen(&document, "transitionend", |_| keep_in_sight());
    listen(&document, "focusin", |event| {
        let start = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let path = std::iter::successors(start, |element| element.parent_element());
        LAST.set(path.collect());
    });
    listen(&document, "keydown", |_| count_input());
    // Who clicks elsewhere has left it. A click on what has the focus already moves nothing.
    listen(&document, "pointerdown", |event| {
        count_input();
        let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
        LAST.with_borrow_mut(|path| {
            if !path.first().is_some_and(|last| last.contains(target.as_ref())) {
                path.clear();
            }
        });
    });

    let keep = Closure::<dyn FnMut()>::new(keep);
    let Ok(observer) = MutationObserver::new(keep.as_ref().unchecked_ref()) else { return };
    let what = MutationObserverInit::new();
    what.set_child_list(true);
    what.set_subtree(true);
    what.set_attributes(true);
    what.set_attribute_filter(&js_sys::Array::of1(&"hidden".into()));
    if let Some(body) = document.body() {
        let _ = observer.observe_with_options(&body, &what);
    }
    keep.forget();
}

fn count_input() {
    INPUTS.set(INPUTS.get().wrapping_add(1));
}

/// How many keys and pointers were pressed: whoever wants to move the focus later asks whether the person has gone
/// on meanwhile.
#[must_use]
pub fn inputs() -> u32 {
    INPUTS.get()
}

/// Gives the focus to the element with this id.
pub fn give(id: &str) {
    let element = document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element {
        give_to(&element);
    }
}

#[must_use]
pub fn is_on(id: &str) -> bool {
    document()
        .and_then(|document| document.active_element())
        .is_some_and(|active| active.id() == id)
}

/// Scrolls its list until the first element of this kind can be seen. `scrollIntoView` would also make it the
/// place from which the next Tab goes on.
#[allow(clippy::cast_possible_truncation)]
pub fn show(selector: &str) {
    let row = document().and_then(|document| document.query_selector(selector).ok().flatten());
    let list = row.as_ref().and_then(|row| row.closest(LIST).ok().flatten());
    let Some((row, list)) = row.zip(list) else { return };
    let (row, seen) = (row.get_bounding_client_rect(), list.get_bounding_client_rect());
    let above = (row.top() - seen.top()).min(0.0).floor();
    let below = (row.bottom() - seen.bottom()).max(0.0).ceil();
    if above < 0.0 || below > 0.0 {
        list.set_scroll_top(list.scroll_top() + (above + below) as i32);
    }
}

/// Calls `then` when what was open is no longer.
#[hook]
pub fn use_closed(is_open: bool, then: fn()) {
    let was_open = use_mut_ref(|| false);
    use_effect_with(is_open, move |is_open| {
        if was_open.replace(*is_open) && !is_open {
            then();
        }
    });
}

fn keep() {
    let Some(document) = document().filter(is_lost) else { return };
    let path = LAST.take();
    if !path.first().is_some_and(is_gone) {
        return LAST.set(path);
    }
    hand_over(&document, &path, is_gone);
}

/// A narrow window has no room for what a wide one shows: the browser lets the focus go with it, in its own time.
fn keep_in_sight() {
    let Some(document) = document() else { return };
    let path = LAST.take();
    if path.first().is_some_and(is_out_of_sight) {
        hand_over(&document, &path, |element| is_gone(element) || is_out_of_sight(element));
    } else {
        LAST.set(path);
    }
}

/// The focus goes to the innermost that is still there.
fn hand_over(document: &Document, path: &Path, is_gone: impl Fn(&Element) -> bool) {
    let root = [document.body().map(Element::from), document.document_element()];
    let left = path.iter().find(|element| !is_gone(element));
    match left.filter(|element| !root.iter().flatten().any(|root| root == *element)) {
        Some(element) => give_to(element),
        None => give(MAIN),
    }
}

fn is_lost(document: &Document) -> bool {
    document.active_element().is_none_or(|active| active.tag_name() == "BODY" || is_gone(&active))
}

fn is_gone(element: &Element) -> bool {
    !element.is_connected() || element.closest(HIDDEN).ok().flatten().is_some()
}

/// Asks for the style as it is now: not for each change of the page.
fn is_out_of_sight(element: &Element) -> bool {
    web_sys::window()
        .and_then(|window| window.get_computed_style(element).ok().flatten())
        .and_then(|style| style.get_property_value("visibility").ok())
        .is_some_and(|visibility| visibility == "hidden")
}

fn give_to(element: &Element) {
    let Some(element) = element.dyn_ref::<HtmlElement>() else { return };
    if element.tab_index() < 0 && !element.has_attribute("tabindex") {
        let _ = element.set_attribute("tabindex", "-1");
    }
    let _ = element.focus();
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn listen(on: &EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(handler);
    let listener = closure.as_ref().unchecked_ref();
    let _ = on.add_event_listener_with_callback_and_bool(name, listener, true);
    closure.forget();
}
