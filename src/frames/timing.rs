//! What the browser says about each load of a frame, its HTTP status among it: no second request. The page's own
//! list of these is full after 250 requests; an observer is told of all.

use std::{cell::RefCell, collections::HashMap};

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit};

/// Addresses that are remembered. More frames than this are not opened in one page's life; should they be, the
/// status is asked for.
const MAX_ADDRESSES: usize = 10_000;

/// The latest load of an address.
#[derive(Clone, Copy)]
struct Load {
    started_ms: f64,
    /// None where the browser does not say.
    status: Option<f64>,
}

thread_local! {
    static LOADS: RefCell<HashMap<String, Load>> = RefCell::default();
}

/// Listens for as long as the page lives.
pub fn start() {
    let told = Closure::<dyn FnMut(PerformanceObserverEntryList)>::new(
        |list: PerformanceObserverEntryList| {
            list.get_entries().iter().for_each(|entry| note(&entry))
        },
    );
    if let Ok(observer) = PerformanceObserver::new(told.as_ref().unchecked_ref()) {
        observer.observe(&PerformanceObserverInit::new(&Array::of1(&"resource".into())));
    }
    told.forget();
}

fn note(entry: &JsValue) {
    let get = |key: &str| Reflect::get(entry, &key.into()).ok();
    if get("initiatorType").and_then(|kind| kind.as_string()).as_deref() != Some("iframe") {
        return;
    }
    let (Some(url), Some(started_ms)) = (
        get("name").and_then(|name| name.as_string()),
        get("startTime").and_then(|at| at.as_f64()),
    ) else {
        return;
    };
    let status = get("responseStatus").and_then(|status| status.as_f64());
    LOADS.with_borrow_mut(|loads| {
        if loads.len() < MAX_ADDRESSES || loads.contains_key(&url) {
            loads.insert(url, Load { started_ms, status });
        }
    });
}

/// The HTTP status of the load of `url` that began at `since_ms` or later: 0 when there was no answer. None
/// while the browser has not said, or does not say.
pub fn status(url: &str, since_ms: u64) -> Option<u16> {
    let base = web_sys::window()?.document()?.base_uri().ok()??;
    let absolute = web_sys::Url::new_with_base(url, &base).ok()?.href();
    let absolute = absolute.split('#').next()?;
    let load = LOADS.with_borrow(|loads| loads.get(absolute).copied())?;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let status = (load.started_ms >= since_ms as f64).then_some(load.status?)? as u16;
    Some(status)
}
