//! Whose window is which. A message names its sender by its window: to find it must cost the same however many
//! frames and however many messages there are.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use js_sys::Map;
use wasm_bindgen::JsValue;
use web_sys::{HtmlIFrameElement, Window};

#[derive(Default)]
struct Windows {
    /// From a window to its place in `hashes`.
    places: Map,
    hashes: Vec<Rc<str>>,
    known: HashMap<Rc<str>, (f64, Window)>,
}

thread_local! {
    static WINDOWS: RefCell<Windows> = RefCell::default();
}

/// The frame of the component `hash` is in the document from now on. One that it had before speaks for it no
/// longer.
pub fn made(hash: &Rc<str>, frame: &HtmlIFrameElement) {
    let Some(window) = frame.content_window() else { return };
    WINDOWS.with_borrow_mut(|windows| {
        let place = match windows.known.get(hash) {
            Some((place, old)) => {
                windows.places.delete(old);
                *place
            }
            None => {
                windows.hashes.push(hash.clone());
                #[allow(clippy::cast_precision_loss)]
                let place = (windows.hashes.len() - 1) as f64;
                place
            }
        };
        windows.places.set(&window, &place.into());
        windows.known.insert(hash.clone(), (place, window));
    });
}

/// The component whose frame is `window`, if it is one of ours.
pub fn component_of(window: &JsValue) -> Option<Rc<str>> {
    WINDOWS.with_borrow(|windows| {
        let place = windows.places.get(window).as_f64()?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        windows.hashes.get(place as usize).cloned()
    })
}

/// The window of the component's frame.
pub fn of(hash: &str) -> Option<Window> {
    WINDOWS.with_borrow(|windows| windows.known.get(hash).map(|(_, window)| window.clone()))
}
