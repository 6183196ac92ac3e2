//! Keys that mean a command wherever the focus is, but not where somebody types.

use std::cell::Cell;

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, KeyboardEvent};

use super::{ALL, Command, run};
use crate::{
    platform,
    store::{Over, Store},
};

/// How long the first of two keys waits for the second.
const SECOND_KEY_MS: u64 = 1_500;

/// Listens for as long as the page lives. What is pressed inside a component stays there.
pub fn start(store: &Store) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let (store, first) = (store.clone(), Cell::new(None));
    let closure = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        if event.default_prevented() || event.is_composing() || event.alt_key() {
            return;
        }
        let clm = store.state();
        let modal = matches!(clm.over, Some(Over::Palette | Over::Help));
        let command = if event.ctrl_key() || event.meta_key() {
            with_control(&event.key()).filter(|_| !event.shift_key())
        } else if modal || clm.keys_off || event.repeat() || is_typing(&event) {
            None
        } else {
            pressed(&first, &event.key(), platform::mono_ms())
        };
        if let Some(command) = command {
            event.prevent_default();
            run(command, &store);
        }
    });
    let listener = closure.as_ref().unchecked_ref();
    let _ = document.add_event_listener_with_callback("keydown", listener);
    closure.forget();
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| {
        element.matches("input, textarea, select, [contenteditable]").unwrap_or(false)
    })
}

fn with_control(key: &str) -> Option<Command> {
    key.eq_ignore_ascii_case("k").then_some(Command::Palette)
}

/// The command of `key`, alone or after the one before. `first` is where that one waits.
fn pressed(first: &Cell<Option<u64>>, key: &str, now_ms: u64) -> Option<Command> {
    let waits = first.take().is_some_and(|since_ms| now_ms <= since_ms + SECOND_KEY_MS);
    if key == "g" && !waits {
        first.set(Some(now_ms));
        return None;
    }
    let keys = if waits { format!("g {key}") } else { key.to_owned() };
    let known = ALL.iter().find(|known| !keys.is_empty() && known.keys == keys);
    known.map(|known| known.command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Page;

    /// What comes of keys that are pressed at these times.
    fn typed(keys: &[(&str, u64)]) -> Vec<Command> {
        let first = Cell::new(None);
        keys.iter().filter_map(|(key, at_ms)| pressed(&first, key, *at_ms)).collect()
    }

    #[test]
    fn one_key_or_two_in_time_are_a_command() {
        for (keys, commands) in [
            (vec![("/", 0)], vec![Command::Search]),
            (vec![("?", 0), ("t", 9)], vec![Command::Help, Command::Theme]),
            (vec![("g", 0), ("i", 1_000)], vec![Command::Go(Page::Insights)]),
            (vec![("g", 0), ("i", 2_000)], vec![]),
            (vec![("g", 0), ("t", 100)], vec![]),
            (vec![("g", 0), ("x", 100), ("d", 200)], vec![]),
            (vec![("g", 0), ("g", 9_000), ("l", 9_100)], vec![Command::Go(Page::Live)]),
            (vec![("Enter", 0), ("", 1), ("d", 2), (" ", 3), ("k", 4)], vec![]),
        ] {
            assert_eq!(typed(&keys), commands, "{keys:?}");
        }
    }

    #[test]
    fn no_two_commands_have_the_same_keys() {
        let mut keys: Vec<_> =
            ALL.iter().map(|known| known.keys).filter(|k| !k.is_empty()).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
