//! What is left when the page itself panics: a screen outside Yew's root that says so.

use std::{
    cell::{Cell, RefCell},
    panic::PanicHookInfo,
};

use web_sys::{Document, Element};

type Witness = Box<dyn Fn(&str)>;

thread_local! {
    static WITNESS: RefCell<Option<Witness>> = const { RefCell::new(None) };
    static CRASHED: Cell<bool> = const { Cell::new(false) };
}

/// From now on a panic is told to `witness` and shown. Nothing of the page's own state is touched
/// then: it may be half changed.
pub fn start(witness: impl Fn(&str) + 'static) {
    WITNESS.set(Some(Box::new(witness)));
    // Yew would set one of its own otherwise.
    yew::set_custom_panic_hook(Box::new(|panic| {
        let message = describe(panic);
        web_sys::console::error_1(&message.as_str().into());
        if CRASHED.replace(true) {
            return;
        }
        let _ = show(&message);
        WITNESS.with(|witness| {
            if let Ok(witness) = witness.try_borrow()
                && let Some(witness) = &*witness
            {
                witness(&message);
            }
        });
    }));
}

/// What was said, and where; a path would tell of the machine that built the page.
fn describe(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let said = said.unwrap_or("no reason given");
    let place = panic.location().map_or_else(String::new, |place| {
        let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!(" ({file}:{})", place.line())
    });
    format!("panicked: {said}{place}")
}

fn show(message: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let screen = add(&document, &*document.body()?, "div", "")?;
    screen.set_class_name("failure crash");
    screen.set_attribute("role", "alert").ok()?;
    add(&document, &screen, "h1", "The dashboard stopped")?;
    let sorry = "A mistake of ours, not of yours. What was tracked is kept; reload to go on.";
    add(&document, &screen, "p", sorry)?;
    add(&document, &screen, "pre", message)?;
    // A plain link to where we are: it needs nothing of ours to work.
    let link = add(&document, &screen, "a", "Reload")?;
    link.set_attribute("href", "").ok()?;
    link.set_class_name("button primary");
    Some(())
}

fn add(document: &Document, parent: &Element, tag: &str, text: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_text_content(Some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}
