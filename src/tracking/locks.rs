//! Web Locks: the browser knows which tabs live, so that a dead tab's events are taken over once.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Calls `then` with the lock `name` in hand, which this page keeps until it is gone; does nothing
/// while another page holds it. Where there are no locks (plain http on another host than this
/// one) `then` is called at once: an event sent twice is stored once.
pub fn hold(name: &str, then: impl FnOnce() + 'static) {
    if let Err(then) = try_hold(name, then) {
        then();
    }
}

fn try_hold<F: FnOnce() + 'static>(name: &str, then: F) -> Result<(), F> {
    let Some((locks, request)) = lock_manager() else { return Err(then) };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if lock.is_null() {
            return JsValue::UNDEFINED;
        }
        then();
        // Never resolved: the lock ends with the page.
        Promise::new(&mut |_, _| {}).into()
    });
    let _ = request.call3(&locks, &name.into(), &options, &granted);
    Ok(())
}

fn lock_manager() -> Option<(JsValue, Function)> {
    let navigator: JsValue = web_sys::window()?.navigator().into();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}
