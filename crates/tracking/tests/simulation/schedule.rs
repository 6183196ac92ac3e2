//! What happens, in which order.

use proptest::{collection::vec, prelude::*};

use crate::{server::Mode, theme::Theme};

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Wait {
        ms: u64,
    },
    Click {
        tab: usize,
        bad: bool,
    },
    Burst {
        tab: usize,
        clicks: usize,
    },
    Switch {
        tab: usize,
        component: u32,
    },
    Alive {
        tab: usize,
    },
    Fail {
        tab: usize,
    },
    Open,
    /// Hides a tab that is visible, shows one that is hidden.
    Hide {
        tab: usize,
    },
    Close {
        tab: usize,
    },
    Crash {
        tab: usize,
    },
    /// After so many more writes and requests.
    CrashSoon {
        tab: usize,
        after: u32,
    },
    /// Stops a tab's timers, or lets them go on.
    Freeze {
        tab: usize,
    },
    /// Puts a page to sleep behind another one (bfcache), or wakes it.
    Sleep {
        tab: usize,
    },
    Online {
        tab: usize,
    },
    Server(Mode),
    /// Storage takes nothing more, or does again.
    Full,
    Consent {
        tab: usize,
        granted: bool,
    },
    /// Another program of the origin empties storage, and no tab is told.
    Cleared,
    MachineSleeps {
        ms: u64,
    },
    ClockJumps {
        ms: i64,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Wait,
    Click,
    BadClick,
    Burst,
    Switch,
    Alive,
    Fail,
    Open,
    Hide,
    Close,
    Crash,
    CrashSoon,
    Freeze,
    Sleep,
    Online,
    Server,
    Full,
    Grant,
    Withdraw,
    Clear,
    MachineSleeps,
    ClockJumps,
}

#[derive(Clone, Debug)]
pub struct Schedule {
    /// Decides ids, waits, and whether what was on its way arrives.
    pub seed: u32,
    pub steps: Vec<Step>,
}

impl Schedule {
    pub fn any(theme: &Theme) -> impl Strategy<Value = Self> + use<> {
        let kinds = theme.kinds();
        let steps = vec(any::<u32>(), 1..theme.steps);
        (any::<u32>(), steps).prop_map(move |(seed, steps)| Self {
            seed,
            steps: steps.into_iter().map(|draw| step(&kinds, draw)).collect(),
        })
    }
}

/// 0, to which proptest shrinks, is the theme's first kind with the smallest of all arguments.
fn step(kinds: &[Kind], draw: u32) -> Step {
    let (kind, rest) = (kinds[draw as usize % kinds.len()], draw / kinds.len() as u32);
    let tab = rest as usize % 3;
    let arg = rest / 3;
    let of = |ms: &[u64]| ms[arg as usize % ms.len()];
    match kind {
        Kind::Wait => Step::Wait {
            ms: of(&[10, 100, 1_000, 3_000, 5_500, 11_000, 20_000, 70_000, 400_000, 1_000_000]),
        },
        Kind::Click => Step::Click { tab, bad: false },
        Kind::BadClick => Step::Click { tab, bad: true },
        Kind::Burst => Step::Burst { tab, clicks: of(&[5, 12, 60, 150]) as usize },
        Kind::Switch => Step::Switch { tab, component: arg % 4 },
        Kind::Alive => Step::Alive { tab },
        Kind::Fail => Step::Fail { tab },
        Kind::Open => Step::Open,
        Kind::Hide => Step::Hide { tab },
        Kind::Close => Step::Close { tab },
        Kind::Crash => Step::Crash { tab },
        Kind::CrashSoon => Step::CrashSoon { tab, after: arg % 6 },
        Kind::Freeze => Step::Freeze { tab },
        Kind::Sleep => Step::Sleep { tab },
        Kind::Online => Step::Online { tab },
        Kind::Server => Step::Server(Mode::ALL[arg as usize % Mode::ALL.len()]),
        Kind::Full => Step::Full,
        Kind::Grant => Step::Consent { tab, granted: true },
        Kind::Withdraw => Step::Consent { tab, granted: false },
        Kind::Clear => Step::Cleared,
        Kind::MachineSleeps => {
            Step::MachineSleeps { ms: of(&[1_000, 600_000, 1_000_000, 8 * 3_600_000]) }
        }
        Kind::ClockJumps => {
            let ms = of(&[500, 30_000, 90_000, 3_600_000, 20_000_000, 100_000_000]) as i64;
            Step::ClockJumps { ms: if arg.is_multiple_of(2) { ms } else { -ms } }
        }
    }
}
