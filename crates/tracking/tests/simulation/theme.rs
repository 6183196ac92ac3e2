//! Which troubles a test mixes.

use tracking::Settings;

use crate::schedule::Kind::{self, *};

pub struct Theme {
    pub name: &'static str,
    mix: &'static [(usize, Kind)],
    /// Steps of a schedule at most.
    pub steps: usize,
    pub max_queue_events: usize,
    pub consent_at_start: bool,
    pub storage_blocked: bool,
}

/// What people do in any theme.
const PEOPLE: &[(usize, Kind)] =
    &[(6, Wait), (6, Click), (1, Burst), (3, Switch), (1, Alive), (1, Fail), (1, Open)];

const BASE: Theme = Theme {
    name: "calm",
    mix: &[(1, Hide)],
    steps: 24,
    max_queue_events: 5_000,
    consent_at_start: true,
    storage_blocked: false,
};

pub static CALM: Theme = Theme { mix: &[(1, Hide), (1, Close)], ..BASE };
pub static OUTAGES: Theme =
    Theme { name: "outages", mix: &[(5, Server), (1, Online), (1, Hide)], ..BASE };
pub static POISON: Theme =
    Theme { name: "poison", mix: &[(3, BadClick), (2, Server), (1, Hide)], ..BASE };
pub static CRASHES: Theme = Theme {
    name: "crashes",
    mix: &[(2, Crash), (3, CrashSoon), (2, Server), (1, Open), (1, Hide)],
    ..BASE
};
pub static HIDING: Theme = Theme {
    name: "hiding",
    mix: &[(4, Hide), (1, Burst), (2, Close), (2, Freeze), (3, Sleep), (2, Server), (1, Open)],
    ..BASE
};
pub static FULL: Theme = Theme {
    name: "full",
    mix: &[(3, Full), (2, Crash), (1, CrashSoon), (2, Hide), (2, Server)],
    ..BASE
};
pub static BLOCKED: Theme = Theme {
    name: "blocked",
    mix: &[(1, Crash), (1, Close), (2, Hide), (2, Server), (1, Sleep)],
    storage_blocked: true,
    ..BASE
};
pub static CONSENT: Theme = Theme {
    name: "consent",
    mix: &[
        (3, Grant),
        (2, Withdraw),
        (2, Clear),
        (1, Open),
        (1, Freeze),
        (1, Sleep),
        (1, Crash),
        (1, CrashSoon),
        (1, Hide),
        (1, Server),
    ],
    consent_at_start: false,
    ..BASE
};
pub static CLOCKS: Theme = Theme {
    name: "clocks",
    mix: &[(3, ClockJumps), (2, MachineSleeps), (2, Freeze), (1, Server), (1, Hide), (1, Crash)],
    ..BASE
};
pub static EVERYTHING: Theme = Theme {
    name: "everything",
    mix: &[
        (2, BadClick),
        (1, Hide),
        (1, Close),
        (1, Crash),
        (2, CrashSoon),
        (1, Freeze),
        (1, Sleep),
        (1, Online),
        (3, Server),
        (1, Full),
        (3, Grant),
        (1, Withdraw),
        (1, Clear),
        (1, MachineSleeps),
        (1, ClockJumps),
        (1, Open),
    ],
    steps: 40,
    max_queue_events: 20,
    ..BASE
};

impl Theme {
    pub fn kinds(&self) -> Vec<Kind> {
        let mix = PEOPLE.iter().chain(self.mix);
        mix.flat_map(|(weight, kind)| std::iter::repeat_n(*kind, *weight)).collect()
    }

    pub fn settings(&self) -> Settings {
        Settings { max_queue_events: self.max_queue_events, ..Settings::default() }
    }
}
