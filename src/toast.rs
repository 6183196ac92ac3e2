//! Something short that is seen for a moment, and heard by who does not look.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;
use web_sys::Element;

const SHOWN_MS: u32 = 5_000;
const ID: &str = "toast";

thread_local! {
    static GOING: RefCell<Option<Timeout>> = const { RefCell::new(None) };
}

/// A screen reader speaks only of changes in a region that it knew before.
pub fn start() {
    region();
}

/// What was said before goes at once.
pub fn say(text: &str) {
    let Some(region) = region() else { return };
    region.set_text_content(Some(text));
    let gone = Timeout::new(SHOWN_MS, move || region.set_text_content(None));
    GOING.set(Some(gone));
}

fn region() -> Option<Element> {
    let document = web_sys::window()?.document()?;
    if let Some(region) = document.get_element_by_id(ID) {
        return Some(region);
    }
    let region = document.create_element("p").ok()?;
    region.set_id(ID);
    region.set_attribute("role", "status").ok()?;
    document.body()?.append_child(&region).ok()?;
    Some(region)
}
