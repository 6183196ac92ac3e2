//! Plays a plan on the dashboard: a session that was, or a journey that shows off.

mod machine;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_timers::callback::Timeout;

use crate::{
    demo, platform,
    store::{Action, Clm, Store},
};
pub use machine::{Command, Moment, Plan, Player, Step};

/// The progress is shown this often.
const STEP_MS: u64 = 200;

thread_local! {
    static IS_STARTED: Cell<bool> = const { Cell::new(false) };
}

/// Plays what is to be played, for as long as the page lives; starting it again does nothing.
pub fn start(store: &Store) {
    if IS_STARTED.replace(true) {
        return;
    }
    keep_time(store, |clm| clm.replay.as_ref().map(|replay| &replay.player), Action::Replay);
    keep_time(store, |clm| clm.demo.as_ref(), Action::Demo);
    demo::start(store);
}

/// Tells what `of` finds in the state the time.
fn keep_time(store: &Store, of: fn(&Clm) -> Option<&Player>, tell: fn(Command) -> Action) {
    let timer: Rc<RefCell<Option<Timeout>>> = Rc::default();
    let again = store.clone();
    store.observe(move |transition| {
        let (before, after) = (of(transition.before), of(transition.after));
        let told = matches!(transition.action, Action::Replay(_) | Action::Demo(_));
        if before == after && !told {
            return;
        }
        let due_ms = after.and_then(|player| player.due_in_ms(platform::mono_ms()));
        let due_ms = due_ms.and_then(|due_ms| u32::try_from(due_ms.min(STEP_MS)).ok());
        let store = again.clone();
        let next = due_ms.map(|due_ms| {
            Timeout::new(due_ms, move || {
                store.dispatch(tell(Command::Tick(platform::mono_ms())));
            })
        });
        // The one before is cancelled.
        *timer.borrow_mut() = next;
    });
}
