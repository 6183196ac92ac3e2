//! Web Locks: the browser knows which tabs live, so that a dead tab's events are taken over once.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::AbortController;

/// The locks this page has, and those it waits for.
pub struct Locks {
    /// `None` where there are none: plain http on another host than this one.
    manager: Option<(JsValue, Function)>,
    /// Calling one lets a lock go.
    held: Rc<RefCell<Vec<Function>>>,
    /// Ends the waiting.
    asked: RefCell<Option<AbortController>>,
}

impl Locks {
    pub fn open() -> Self {
        Self {
            manager: manager(),
            held: Rc::default(),
            asked: RefCell::new(AbortController::new().ok()),
        }
    }

    pub fn work(&self) -> bool {
        self.manager.is_some()
    }

    /// Calls `then` once this page has the lock `name`: at once, or when the page that has it is gone.
    /// Without locks at once: an event sent twice is stored once.
    pub fn hold(&self, name: &str, then: impl FnOnce() + 'static) {
        let Some((manager, request)) = &self.manager else { return then() };
        let options = Object::new();
        if let Some(asked) = &*self.asked.borrow() {
            let _ = Reflect::set(&options, &"signal".into(), &asked.signal());
        }
        let held = self.held.clone();
        let granted = Closure::once_into_js(move |_: JsValue| -> JsValue {
            let lock = Promise::new(&mut |resolve, _| held.borrow_mut().push(resolve));
            then();
            // The lock lasts until this is resolved, or until the page is gone.
            lock.into()
        });
        if let Ok(answer) = request.call3(manager, &name.into(), &options, &granted) {
            // Fails when the waiting is ended, and that is all right.
            let ignore = Closure::<dyn FnMut(JsValue)>::new(|_| ());
            let _ = answer.unchecked_into::<Promise>().catch(&ignore);
            ignore.forget();
        }
    }

    /// Lets go of everything: a page that is put to sleep must not keep others from its events.
    pub fn release(&self) {
        for resolve in self.held.borrow_mut().drain(..) {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
        if let Some(asked) = self.asked.replace(AbortController::new().ok()) {
            asked.abort();
        }
    }
}

fn manager() -> Option<(JsValue, Function)> {
    let navigator: JsValue = web_sys::window()?.navigator().into();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}
