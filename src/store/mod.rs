//! The one way to change state. yewdux holds it and tells the views; our dispatch adds what yewdux
//! has not: observers that see each action with the state before and after.

pub mod clm;
pub mod recent;
pub mod tracking;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

pub use ::tracking::{Consent, ErrorKind};
use yew::prelude::*;
use yewdux::Reducer;

pub use clm::{Action, Clm, ComponentState, Over, RegistryState, Status, Theme};
pub use tracking::TrackingStatus;

/// One change: what was asked for, and the state on both sides of it.
pub struct Transition<'a> {
    pub action: &'a Action,
    pub before: &'a Clm,
    pub after: &'a Clm,
}

type Observer = Rc<dyn Fn(&Transition<'_>)>;
type OwnEvents = Rc<dyn Fn() -> Vec<String>>;

/// A handle to the store. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

struct Inner {
    cx: yewdux::Context,
    waiting: RefCell<VecDeque<Action>>,
    busy: Cell<bool>,
    observers: RefCell<Vec<Observer>>,
    own_events: RefCell<Option<OwnEvents>>,
}

impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Store {
    fn default() -> Self {
        Self(Rc::new(Inner {
            cx: yewdux::Context::new(),
            waiting: RefCell::default(),
            busy: Cell::new(false),
            observers: RefCell::default(),
            own_events: RefCell::default(),
        }))
    }
}

impl Store {
    /// The yewdux context that the views read from.
    #[must_use]
    pub fn context(&self) -> &yewdux::Context {
        &self.0.cx
    }

    #[must_use]
    pub fn state(&self) -> Rc<Clm> {
        yewdux::Dispatch::<Clm>::new(&self.0.cx).get()
    }

    /// The lines of the events that this browser still has.
    #[must_use]
    pub fn own_events(&self) -> Vec<String> {
        let own_events = self.0.own_events.borrow().clone();
        own_events.map(|lines| lines()).unwrap_or_default()
    }

    pub(crate) fn provide_own_events(&self, lines: impl Fn() -> Vec<String> + 'static) {
        *self.0.own_events.borrow_mut() = Some(Rc::new(lines));
    }

    /// Adds an observer. Observers are told in the order they came and must not dispatch in the call.
    pub fn observe(&self, observer: impl Fn(&Transition<'_>) + 'static) {
        self.0.observers.borrow_mut().push(Rc::new(observer));
    }

    /// Reduces `action` and tells the observers. An action dispatched meanwhile (by a view that
    /// renders at once, say) waits its turn, so that transitions never overlap.
    pub fn dispatch(&self, action: Action) {
        self.0.waiting.borrow_mut().push_back(action);
        if self.0.busy.replace(true) {
            return;
        }
        loop {
            let next = self.0.waiting.borrow_mut().pop_front();
            let Some(action) = next else { break };
            self.reduce(&action);
        }
        self.0.busy.set(false);
    }

    fn reduce(&self, action: &Action) {
        let before = self.state();
        self.0.cx.reduce(Apply(action));
        let after = self.state();
        // One at a time, for an observer may add another.
        let observer = |at: usize| self.0.observers.borrow().get(at).cloned();
        for observer in (0..).map_while(observer) {
            observer(&Transition { action, before: &before, after: &after });
        }
    }

    /// What the tracker tells about itself; written by `src/tracking` alone.
    pub(crate) fn publish_tracking(&self, status: TrackingStatus) {
        yewdux::Dispatch::<TrackingStatus>::new(&self.0.cx).set(status);
    }
}

struct Apply<'a>(&'a Action);

impl Reducer<Clm> for Apply<'_> {
    fn apply(self, state: Rc<Clm>) -> Rc<Clm> {
        clm::reduce(state, self.0)
    }
}

/// A callback that dispatches what it is given.
#[hook]
pub fn use_dispatch() -> Callback<Action> {
    let store = use_context::<Store>().unwrap_or_default();
    use_callback(store, |action, store| store.dispatch(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observers_see_every_action_in_order_with_both_states() {
        let store = Store::default();
        let seen: Rc<RefCell<Vec<(u64, u64)>>> = Rc::default();
        let log = seen.clone();
        store.observe(move |t| {
            log.borrow_mut().push((t.before.metrics.malformed, t.after.metrics.malformed));
        });
        store.dispatch(Action::MessageRejected);
        store.dispatch(Action::MessageRejected);
        assert_eq!(*seen.borrow(), [(0, 1), (1, 2)]);
    }

    #[test]
    fn a_nested_dispatch_comes_after_all_observers_of_the_first() {
        let store = Store::default();
        let seen: Rc<RefCell<Vec<String>>> = Rc::default();
        for name in ["a", "b"] {
            let (store_in, log) = (store.clone(), seen.clone());
            store.observe(move |t| {
                log.borrow_mut().push(format!("{name}{}", t.after.metrics.malformed));
                if name == "a" && t.after.metrics.malformed == 1 {
                    store_in.dispatch(Action::MessageRejected);
                }
            });
        }
        store.dispatch(Action::MessageRejected);
        assert_eq!(*seen.borrow(), ["a1", "b1", "a2", "b2"]);
    }
}
