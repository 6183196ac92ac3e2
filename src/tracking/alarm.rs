//! One timer for all that is due. To set one costs the browser as much as an event costs us.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gloo_timers::callback::Timeout;

/// No time at all.
const NEVER: u64 = u64::MAX;

pub struct Alarm {
    timer: RefCell<Option<Timeout>>,
    /// When it rings, on the monotonic clock.
    at_ms: Rc<Cell<u64>>,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { timer: RefCell::default(), at_ms: Rc::new(Cell::new(NEVER)) }
    }
}

impl Alarm {
    /// Calls `ring` at `at_ms`, never within this task; unless it is to ring before that anyway.
    pub fn set(&self, at_ms: u64, now_ms: u64, ring: impl FnOnce() + 'static) {
        if at_ms >= self.at_ms.get() {
            return;
        }
        self.at_ms.set(at_ms);
        let wait = u32::try_from(at_ms.saturating_sub(now_ms)).unwrap_or(u32::MAX / 2);
        let set_for = self.at_ms.clone();
        // The timer that it takes the place of ends with it.
        *self.timer.borrow_mut() = Some(Timeout::new(wait, move || {
            set_for.set(NEVER);
            ring();
        }));
    }

    pub fn stop(&self) {
        self.timer.borrow_mut().take();
        self.at_ms.set(NEVER);
    }
}
