//! What a person can do from anywhere: with a key, or by its name in the palette.

pub mod find;
mod keys;

use gloo_timers::callback::Timeout;

use crate::{
    components::privacy_panel::PANEL,
    focus, navigation, platform,
    route::Page,
    store::{Action, Over, Store, Theme},
};
pub use keys::start;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    Go(Page),
    Search,
    Palette,
    Theme,
    Privacy,
    Help,
    Hints,
    CopyAddress,
    Print,
}

/// A command as the palette and the help name it. `keys` is empty where it has none.
pub struct Known {
    pub command: Command,
    pub name: &'static str,
    pub keys: &'static str,
}

const fn known(command: Command, name: &'static str, keys: &'static str) -> Known {
    Known { command, name, keys }
}

pub const ALL: [Known; 13] = [
    known(Command::Go(Page::Dashboard), "Go to the dashboard", "g d"),
    known(Command::Go(Page::Insights), "Go to Insights", "g i"),
    known(Command::Go(Page::Sessions), "Go to Sessions", "g s"),
    known(Command::Go(Page::Live), "Go to Live", "g l"),
    known(Command::Search, "Search components", "/"),
    known(Command::Palette, "Find anything", "Ctrl k"),
    known(Command::Theme, "Switch between light and dark", "t"),
    known(Command::Privacy, "Privacy and tracking", "p"),
    known(Command::Privacy, "Download or delete my data", ""),
    known(Command::Help, "Keyboard shortcuts", "?"),
    known(Command::Hints, "Show the hints again", ""),
    known(Command::CopyAddress, "Copy the address of this view", ""),
    known(Command::Print, "Print this page", ""),
];

const MOST_LOOKS: u8 = 20;
const LOOK_AGAIN_MS: u32 = 30;

pub fn run(command: Command, store: &Store) {
    let clm = store.state();
    let over = |over| store.dispatch(Action::Over(Some(over)));
    match command {
        Command::Go(page) => {
            store.dispatch(Action::Over(None));
            navigation::go_to(&clm.address_of(page));
        }
        Command::Search => {
            if let Some(home) = clm.home().filter(|_| !clm.shows_dashboard()) {
                store.dispatch(Action::SetActiveComponent(home));
            }
            over(Over::Components);
            focus_soon("component-search");
        }
        Command::Privacy => {
            over(Over::Privacy);
            focus_soon(PANEL);
        }
        Command::Palette => over(Over::Palette),
        Command::Help => over(Over::Help),
        Command::Theme => {
            let theme = Theme::other(clm.theme, platform::prefers_dark());
            store.dispatch(Action::ThemeChosen(theme));
        }
        Command::Hints => store.dispatch(Action::Hint(Some(0))),
        Command::CopyAddress => platform::copy(&navigation::here()),
        Command::Print => platform::print(),
    }
}

/// Once the view has drawn it, which may take some turns, and a dialog that closes has given back what it
/// took: when it still has it at a second look. It stays where the person has gone meanwhile.
fn focus_soon(id: &'static str) {
    try_focus(id, focus::inputs(), MOST_LOOKS, 0);
}

fn try_focus(id: &'static str, inputs: u32, looks: u8, wait_ms: u32) {
    Timeout::new(wait_ms, move || {
        let has_gone_on = focus::inputs() != inputs;
        if looks > 0 && !has_gone_on && (!focus::is_on(id) || looks == MOST_LOOKS) {
            focus::give(id);
            try_focus(id, inputs, looks - 1, LOOK_AGAIN_MS);
        }
    })
    .forget();
}
