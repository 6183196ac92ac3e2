//! A session shown again on the dashboard: the same components, in the same order, for as long.

mod machine;

use std::{cell::RefCell, rc::Rc};

use gloo_timers::callback::Timeout;

use crate::{
    platform,
    store::{Action, Store},
};
pub use machine::{Command, Plan, Replay, SPEEDS};

/// The progress is shown this often.
const STEP_MS: u64 = 200;

/// Keeps replays going for as long as the page lives.
pub fn start(store: &Store) {
    let timer: Rc<RefCell<Option<Timeout>>> = Rc::default();
    let again = store.clone();
    store.observe(move |transition| {
        let (before, after) = (&transition.before.replay, &transition.after.replay);
        if before == after && !matches!(transition.action, Action::Replay(_)) {
            return;
        }
        let due_ms = after.as_ref().and_then(|replay| replay.due_in_ms(platform::mono_ms()));
        let due_ms = due_ms.and_then(|due_ms| u32::try_from(due_ms.min(STEP_MS)).ok());
        let store = again.clone();
        let next = due_ms.map(|due_ms| {
            Timeout::new(due_ms, move || {
                store.dispatch(Action::Replay(Command::Tick(platform::mono_ms())));
            })
        });
        // The one before is cancelled.
        *timer.borrow_mut() = next;
    });
}
