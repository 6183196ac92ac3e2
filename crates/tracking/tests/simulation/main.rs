//! A browser, its tabs, its storage and a receiver, all of them failing, in at least 100,000 schedules.
//!
//! A schedule is a list of steps that proptest draws and shrinks; with its seed it decides everything,
//! so a failure repeats. The tabs run the real tracker in a model of the page's shell. What must hold
//! is in `ledger.rs`; that it would be noticed is shown by shells that do one thing wrong each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ledger;
mod schedule;
mod server;
mod shell;
mod theme;
mod world;

use std::cell::Cell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use ledger::Report;
use schedule::Schedule;
use shell::Mistake;
use theme::Theme;

/// Of each theme; the ten of them make 120,000.
const SCHEDULES: u32 = 12_000;

fn runner(theme: &Theme, cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut seed = [7; 32];
    seed[..theme.name.len()].copy_from_slice(theme.name.as_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

fn try_all(
    theme: &Theme,
    cases: u32,
    mistake: Option<Mistake>,
    total: &Cell<Report>,
) -> Option<(String, Schedule)> {
    let tried = runner(theme, cases).run(&Schedule::any(theme), |schedule| {
        let report = world::run(&schedule, theme, mistake).map_err(TestCaseError::fail)?;
        total.set(total.get() + report);
        Ok(())
    });
    match tried {
        Ok(()) => None,
        Err(TestError::Fail(why, schedule)) => Some((why.message().to_owned(), schedule)),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn check(theme: &Theme) {
    let total = Cell::default();
    if let Some((why, schedule)) = try_all(theme, SCHEDULES, None, &total) {
        panic!("{}: {why}\n{schedule:#?}", theme.name);
    }
    println!("{} schedules, {}: {:?}", SCHEDULES, theme.name, total.get());
}

macro_rules! holds {
    ($($fact:ident: $theme:ident,)*) => { $(
        #[test]
        fn $fact() {
            check(&theme::$theme);
        }
    )* };
}

holds! {
    nothing_is_lost_when_all_is_well: CALM,
    nothing_is_lost_when_the_receiver_fails: OUTAGES,
    bad_events_are_isolated: POISON,
    nothing_is_lost_when_tabs_crash: CRASHES,
    nothing_is_lost_when_tabs_sleep_hide_and_close: HIDING,
    full_storage_loses_only_what_a_crash_takes: FULL,
    blocked_storage_loses_only_what_a_crash_takes: BLOCKED,
    nothing_outlives_a_withdrawn_consent: CONSENT,
    clocks_cannot_break_it: CLOCKS,
    a_small_queue_drops_only_what_it_counts: EVERYTHING,
}

/// The shells that do one thing wrong, where it shows, and what is said of them.
#[test]
fn a_shell_that_makes_a_mistake_is_caught() {
    use Mistake::*;
    for (mistake, theme, says) in [
        (ForgetsToHold, &theme::OUTAGES, "inside the window"),
        (HoldsOnlyOldEvents, &theme::OUTAGES, "inside the window"),
        (SavesOnlyWhenHiding, &theme::CRASHES, "lost"),
        (ForgetsWhatStorageRefused, &theme::FULL, "lost"),
        (StampsAgain, &theme::OUTAGES, "other bytes"),
        (TakesErrorsForSuccess, &theme::OUTAGES, "lost"),
        (TakesAPageForSuccess, &theme::OUTAGES, "lost"),
        (AdoptsWithoutLock, &theme::CRASHES, "of another tab"),
        (NeverAdopts, &theme::CRASHES, "left in storage"),
        (ForgetsToRemove, &theme::CALM, "left in storage"),
        (RemovesBeforeTheAnswer, &theme::CRASHES, "lost"),
        (SendsTwoAtOnce, &theme::OUTAGES, "two requests"),
        (KeepsStorageAfterWithdrawal, &theme::CONSENT, "after consent was withdrawn"),
        (HearsOnlyTheLastAnswer, &theme::CONSENT, "withdrawn"),
        (TrustsItsMemory, &theme::CONSENT, "without consent"),
        (RecordsWhenDenied, &theme::CONSENT, "without consent"),
        (GivesUpAfterThreeTries, &theme::OUTAGES, "lost"),
        (DropsAWholeBatch, &theme::POISON, "lost"),
        (HasNoBudgetWhenHiding, &theme::HIDING, "budget"),
    ] {
        let caught = try_all(theme, 4_000, Some(mistake), &Cell::default());
        let (why, schedule) = caught.unwrap_or_else(|| panic!("{mistake:?} goes unnoticed"));
        assert!(why.contains(says), "{mistake:?}: {why}");
        assert!(schedule.steps.len() <= 30, "{mistake:?} does not shrink: {schedule:?}");
    }
}

/// A simulation in which little happens proves little.
#[test]
fn the_schedules_reach_every_corner() {
    let total = Cell::default();
    assert!(try_all(&theme::EVERYTHING, 1_000, None, &total).is_none());
    let Report {
        recorded,
        accepted,
        again,
        restored,
        retried,
        queue_full,
        rejected,
        repeated,
        taken_by_crash,
        withdrawn,
    } = total.get();
    assert!(accepted * 3 > recorded, "{:?}", total.get());
    for count in
        [again, restored, retried, queue_full, rejected, repeated, taken_by_crash, withdrawn]
    {
        assert!(count > 30, "{:?}", total.get());
    }
}
