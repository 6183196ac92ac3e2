//! Signals in, lines out: visits, exits, sessions, told by a small script language.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use tracking::{
    Component, Consent, ErrorKind, Identity, Now, Settings, Signal, StoredSession, Timestamp,
    Tracker, UserSecret,
};

const START: u64 = 1_764_000_000_000;
const MINUTE: u64 = 60_000;

fn at(ms: u64) -> Now {
    Now { wall: Timestamp(START + ms), mono_ms: 1_000 + ms }
}

fn identity(session: Option<StoredSession>) -> Identity {
    let mut n = 0_u128;
    Identity {
        user_id: UserSecret::new(1).user_id(),
        session,
        queue_prefix: "q/".into(),
        random: Box::new(move || {
            n += 1 << 64;
            n
        }),
    }
}

fn granted(session: Option<StoredSession>) -> Tracker {
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    tracker.grant(identity(session), at(0));
    tracker
}

fn switch(hash: &str) -> Signal {
    Signal::Switched {
        demo: false,
        to: Component::new(hash, hash.to_uppercase()),
        url: "http://localhost/".into(),
        referrer: String::new(),
        visible: true,
    }
}

fn lines(tracker: &Tracker) -> Vec<Value> {
    tracker.recent().map(|frozen| serde_json::from_str(&frozen.line).unwrap()).collect()
}

/// One short text per line: what matters of each event.
fn told(tracker: &Tracker) -> Vec<String> {
    lines(tracker)
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or("?").to_owned();
            let hash = text("component_hash");
            match line["event"].as_str().unwrap() {
                "session_start" => "start".to_owned(),
                "component_visit" => {
                    format!("visit {hash} #{} from {}", line["visit_index"], text("prev_component"))
                }
                "component_resume" => format!("resume {hash} #{}", line["visit_index"]),
                "component_exit" => format!(
                    "exit {hash} {} to {}{}",
                    line["duration_ms"],
                    text("next_component"),
                    if line["is_last"] == true { " last" } else { "" }
                ),
                other => format!("{other} {hash}"),
            }
        })
        .collect()
}

#[test]
fn a_walk_is_visits_and_exits_with_the_time_between() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(switch("b"), at(1_500));
    tracker.record(switch("a"), at(4_000));
    tracker.record(Signal::Closed, at(9_000));
    assert_eq!(
        told(&tracker),
        [
            "start",
            "visit a #1 from (entry)",
            "exit a 1500 to b",
            "visit b #2 from a",
            "exit b 2500 to a",
            "visit a #3 from b",
            "exit a 5000 to (exit) last",
        ]
    );
    let lines = lines(&tracker);
    assert_eq!(lines[1]["is_entry"], true);
    assert_eq!(lines[3]["is_entry"], false);
    assert_eq!(lines[6]["session_elapsed_ms"], 9_000);
    assert_eq!(lines[6]["duration_seconds"], 5);
    let seqs: Vec<_> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn what_a_demo_journey_chose_is_marked_until_the_person_chooses() {
    let clicked = |hash: &str| Signal::Interacted {
        component: Component::new(hash, hash.to_uppercase()),
        interaction_type: "clicked".into(),
        details: None,
    };
    let play = |hash: &str| match switch(hash) {
        Signal::Switched { to, url, referrer, visible, .. } => {
            Signal::Switched { to, url, referrer, visible, demo: true }
        }
        other => other,
    };
    let walk = || {
        [
            switch("a"),
            clicked("a"),
            // The same one: from here on it is the demo's.
            play("a"),
            play("b"),
            clicked("b"),
            Signal::Hidden,
            Signal::Visible,
            switch("b"),
            clicked("b"),
        ]
    };
    let mut agreed_before = granted(None);
    let mut agreed_after = Tracker::new(Settings::default(), Consent::Pending);
    for (signal, ms) in walk().into_iter().zip(1..) {
        agreed_before.record(signal.clone(), at(ms));
        agreed_after.record(signal, at(ms));
    }
    agreed_after.grant(identity(None), at(100));
    for tracker in [agreed_before, agreed_after] {
        let marked = lines(&tracker).into_iter().zip(told(&tracker));
        let (demo, own): (Vec<_>, Vec<_>) = marked.partition(|(line, _)| line["demo"] == true);
        let told = |lines: Vec<(Value, String)>| lines.into_iter().map(|(_, told)| told);
        assert_eq!(
            told(demo).collect::<Vec<_>>(),
            [
                "visit a #2 from a",
                "exit a 1 to b",
                "visit b #3 from a",
                "component_interaction b",
                "exit b 2 to (hidden)",
                "resume b #3",
                "exit b 1 to b",
            ]
        );
        assert_eq!(
            told(own).collect::<Vec<_>>(),
            [
                "start",
                "visit a #1 from (entry)",
                "component_interaction a",
                "exit a 2 to a",
                "visit b #4 from b",
                "component_interaction b",
            ]
        );
    }
}

#[test]
fn who_comes_back_to_a_demo_a_new_session_later_is_a_person() {
    let mut tracker = granted(None);
    let Signal::Switched { to, url, referrer, visible, .. } = switch("a") else { return };
    tracker.record(Signal::Switched { to, url, referrer, visible, demo: true }, at(0));
    tracker.record(Signal::Alive, at(20 * MINUTE));
    let marked: Vec<_> = lines(&tracker).iter().map(|line| line["demo"] == true).collect();
    assert_eq!(told(&tracker)[3..], ["start", "visit a #1 from (entry)"]);
    assert_eq!(marked, [true, true, true, false, false]);
}

#[test]
fn a_look_back_is_bounded_however_much_happens() {
    let mut tracker = granted(None);
    for ms in 0..10_000 {
        tracker.record(switch(if ms % 2 == 0 { "a" } else { "b" }), at(ms));
    }
    assert_eq!(tracker.recent().count(), 500);
    let last = tracker.recent().next_back().map(|frozen| frozen.timestamp.0);
    assert_eq!(last, Some(START + 9_999));
}

#[test]
fn the_same_component_again_is_nothing() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(switch("a"), at(500));
    assert_eq!(told(&tracker), ["start", "visit a #1 from (entry)"]);
}

#[test]
fn hidden_time_does_not_count() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Hidden, at(10_000));
    tracker.record(Signal::Hidden, at(10_001));
    tracker.record(Signal::Visible, at(70_000));
    tracker.record(Signal::Visible, at(70_001));
    tracker.record(switch("b"), at(75_000));
    assert_eq!(
        told(&tracker)[2..],
        ["exit a 10000 to (hidden)", "resume a #1", "exit a 5000 to b", "visit b #2 from a"]
    );
}

#[test]
fn a_hidden_tab_that_closes_says_where_its_visit_ended() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Hidden, at(10_000));
    tracker.record(Signal::Closed, at(20_000));
    tracker.record(Signal::Hidden, at(20_000));
    assert_eq!(told(&tracker)[2..], ["exit a 10000 to (hidden)", "exit a 0 to (exit) last"]);
}

#[test]
fn closing_comes_before_hiding_and_counts_once() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Closed, at(3_000));
    tracker.record(Signal::Hidden, at(3_000));
    assert_eq!(told(&tracker)[2..], ["exit a 3000 to (exit) last"]);
    // Back out of the browser's cache.
    tracker.record(Signal::Visible, at(8_000));
    tracker.record(Signal::Closed, at(9_000));
    assert_eq!(told(&tracker)[3..], ["resume a #1", "exit a 1000 to (exit) last"]);
}

#[test]
fn fifteen_idle_minutes_end_the_session() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Alive, at(MINUTE));
    tracker.record(Signal::Alive, at(60 * MINUTE));
    assert_eq!(
        told(&tracker)[2..],
        ["exit a 960000 to (exit) last", "start", "visit a #1 from (entry)"]
    );
    let lines = lines(&tracker);
    assert_eq!(lines[2]["timestamp"], START + 16 * MINUTE);
    assert_eq!(lines[3]["previous_session_id"], lines[0]["session_id"]);
    assert_ne!(lines[3]["session_id"], lines[0]["session_id"]);
    assert_eq!(lines[3]["seq"], 1);
}

#[test]
fn the_timer_ends_an_idle_stretch_without_any_signal() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.poll(at(15 * MINUTE + 5));
    tracker.poll(at(40 * MINUTE));
    assert_eq!(told(&tracker)[2..], ["exit a 900000 to (exit) last"]);
}

#[test]
fn four_hours_end_a_session_however_busy() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    for minute in (10..=240).step_by(10) {
        tracker.record(Signal::Alive, at(minute * MINUTE));
    }
    assert_eq!(told(&tracker)[3..], ["start", "visit a #1 from (entry)"]);
}

#[test]
fn a_machine_that_slept_does_not_count_the_night() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    // The monotonic clock stood still, the wall clock went on for eight hours.
    let morning = Now { wall: Timestamp(START + 480 * MINUTE), mono_ms: 1_000 + 2_000 };
    tracker.record(Signal::Alive, morning);
    assert_eq!(
        told(&tracker)[2..],
        ["exit a 2000 to (exit) last", "start", "visit a #1 from (entry)"]
    );
}

#[test]
fn a_wall_clock_that_jumps_changes_no_duration() {
    for jump in [0, START - 1_000, START + 10_000, START - 86_400_000] {
        let mut tracker = granted(None);
        tracker.record(switch("a"), at(0));
        tracker.record(switch("b"), Now { wall: Timestamp(jump), mono_ms: 3_000 });
        let exit = &lines(&tracker)[2];
        assert_eq!(exit["duration_ms"], 2_000, "{jump}");
    }
}

#[test]
fn a_small_set_back_keeps_the_order() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(switch("b"), Now { wall: Timestamp(START - 500), mono_ms: 3_000 });
    assert!(lines(&tracker).iter().all(|line| line["timestamp"] == START));
}

#[test]
fn a_page_loaded_again_goes_on_with_its_visit() {
    let mut before = granted(None);
    before.record(switch("a"), at(0));
    before.record(switch("b"), at(5_000));
    before.record(Signal::Closed, at(6_000));
    let mut after = granted(before.stored_session());
    after.record(switch("b"), at(7_000));
    after.record(switch("c"), at(9_000));
    assert_eq!(told(&after), ["resume b #2", "exit b 2000 to c", "visit c #3 from b"]);
    let (first, second) = (lines(&before), lines(&after));
    assert_eq!(first[0]["session_id"], second[0]["session_id"]);
    // A lane of its own keeps the numbers apart.
    assert!(second[0]["seq"].as_u64().unwrap() > 1 << 32);
    assert!(second[0]["seq"].as_u64().unwrap() < 1 << 53);
    assert_eq!(second[1]["session_elapsed_ms"], 9_000);
}

#[test]
fn a_session_that_another_tab_keeps_alive_goes_on_here() {
    let mut here = granted(None);
    here.record(switch("a"), at(0));
    let mut there = granted(here.stored_session());
    there.record(switch("b"), at(14 * MINUTE));
    let later = at(20 * MINUTE);
    assert!(here.wants_session(later));
    here.adopt_session(there.stored_session().unwrap(), later);
    here.record(Signal::Alive, later);
    assert_eq!(told(&here)[2..], ["exit a 900000 to (exit) last", "resume a #1"]);
}

#[test]
fn a_failure_belongs_to_the_session_and_does_not_keep_it_alive() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    let failed = |ms| {
        (
            Signal::Failed {
                component: Component::new("a", "A"),
                kind: ErrorKind::HeartbeatLost,
                message: "m".repeat(2_000),
                stack: "s".repeat(9_000),
            },
            at(ms),
        )
    };
    let (signal, when) = failed(14 * MINUTE);
    tracker.record(signal, when);
    let (signal, when) = failed(16 * MINUTE);
    tracker.record(signal, when);
    assert_eq!(
        told(&tracker)[2..],
        ["component_error a", "exit a 900000 to (exit) last", "component_error a"]
    );
    let line = &lines(&tracker)[2];
    assert_eq!(line["error_kind"], "heartbeat_lost");
    assert_eq!(line["level"], "error");
    assert_eq!(line["error_message"].as_str().unwrap().len(), 500);
    assert_eq!(line["error_stack"].as_str().unwrap().len(), 2_000);
}

#[test]
fn details_never_overwrite_our_fields() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    let details = r#"{"event":"x","user_id":"y"}"#.to_owned();
    tracker.record(
        Signal::Interacted {
            component: Component::new("a", "A"),
            interaction_type: "cta_clicked".into(),
            details: Some(serde_json::value::RawValue::from_string(details).unwrap()),
        },
        at(10),
    );
    let line = lines(&tracker).pop().unwrap();
    assert_eq!(line["event"], "component_interaction");
    assert_eq!(line["details"]["event"], "x");
    assert_eq!(line["user_id"].as_str().unwrap().len(), 64);
}

#[test]
fn what_happened_before_the_answer_keeps_its_own_time() {
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    tracker.record(switch("a"), at(0));
    tracker.record(switch("b"), at(2_000));
    assert_eq!((tracker.pending(), tracker.queued()), (2, 0));
    tracker.grant(identity(None), at(60_000));
    assert_eq!(
        told(&tracker),
        ["start", "visit a #1 from (entry)", "exit a 2000 to b", "visit b #2 from a"]
    );
    assert_eq!(lines(&tracker)[3]["timestamp"], START + 2_000);
    assert_eq!(tracker.pending(), 0);
}

#[test]
fn only_fifty_signals_wait_for_the_answer() {
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    for n in 0..60 {
        tracker.record(switch(&format!("c{n}")), at(n));
    }
    assert_eq!(tracker.pending(), 50);
    assert_eq!(tracker.stats().dropped.total(), 10);
}

#[test]
fn denied_consent_destroys_what_waited() {
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    tracker.record(switch("a"), at(0));
    tracker.revoke();
    tracker.record(switch("b"), at(1));
    assert_eq!((tracker.pending(), tracker.queued()), (0, 0));
    assert!(tracker.user_id().is_none());
    assert!(tracker.storage_ops().is_empty());
    tracker.grant(identity(None), at(2));
    assert_eq!(tracker.queued(), 0);
}

fn choose_unseen(hash: &str) -> Signal {
    match switch(hash) {
        Signal::Switched { to, url, referrer, demo, .. } => {
            Signal::Switched { to, url, referrer, visible: false, demo }
        }
        other => other,
    }
}

fn loaded(hash: &str) -> Signal {
    Signal::Loaded { component: Component::new(hash, hash.to_uppercase()), load_time_ms: 7 }
}

#[test]
fn what_nobody_has_seen_leaves_nothing() {
    let mut tracker = granted(None);
    for signal in [choose_unseen("a"), loaded("a"), choose_unseen("b"), Signal::Closed] {
        tracker.record(signal, at(5));
    }
    assert_eq!(told(&tracker), [""; 0]);
    assert_eq!(tracker.session_id(), None);
}

#[test]
fn a_visit_begins_when_its_component_is_seen() {
    let mut tracker = granted(None);
    tracker.record(choose_unseen("a"), at(0));
    tracker.record(loaded("a"), at(5));
    tracker.record(Signal::Visible, at(60_000));
    tracker.record(switch("b"), at(61_000));
    assert_eq!(
        told(&tracker),
        [
            "start",
            "visit a #1 from (entry)",
            "component_interaction a",
            "exit a 1000 to b",
            "visit b #2 from a",
        ]
    );
    let times: Vec<_> =
        lines(&tracker).iter().map(|line| line["timestamp"].as_u64().unwrap() - START).collect();
    assert_eq!(times, [60_000, 60_000, 60_000, 61_000, 61_000]);
}

#[test]
fn what_was_chosen_in_a_hidden_tab_is_one_visit_when_the_tab_is_seen_again() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Hidden, at(1_000));
    tracker.record(choose_unseen("b"), at(2_000));
    tracker.record(loaded("b"), at(2_100));
    tracker.record(choose_unseen("c"), at(3_000));
    tracker.record(Signal::Visible, at(9_000));
    assert_eq!(
        told(&tracker),
        [
            "start",
            "visit a #1 from (entry)",
            "exit a 1000 to (hidden)",
            "exit a 0 to c",
            "visit c #2 from a",
        ]
    );
    // Back to where the person was: no other visit.
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Hidden, at(1_000));
    tracker.record(choose_unseen("b"), at(2_000));
    tracker.record(choose_unseen("a"), at(3_000));
    tracker.record(Signal::Visible, at(9_000));
    assert_eq!(told(&tracker)[2..], ["exit a 1000 to (hidden)", "resume a #1"]);
}

#[test]
fn what_a_component_does_in_a_hidden_tab_starts_no_session() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.record(Signal::Hidden, at(1_000));
    let ticked = Signal::Interacted {
        component: Component::new("a", "A"),
        interaction_type: "tick".into(),
        details: None,
    };
    tracker.record(ticked, at(60 * MINUTE));
    assert_eq!(told(&tracker).iter().filter(|told| *told == "start").count(), 1);
    assert!(!told(&tracker).iter().any(|told| told.starts_with("visit a #2")));
}

#[test]
fn an_answer_that_is_gone_destroys_all_and_asks_again() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    tracker.ask_again();
    assert_eq!((tracker.consent(), tracker.queued()), (Consent::Pending, 0));
    assert_eq!((tracker.user_id(), tracker.session_id()), (None, None));
    tracker.record(switch("b"), at(1_000));
    assert_eq!(tracker.pending(), 1);
    tracker.grant(identity(None), at(2_000));
    assert_eq!(told(&tracker), ["start", "visit b #1 from (entry)"]);
}

#[test]
fn a_component_that_says_much_before_the_answer_pushes_out_itself_and_no_visit() {
    let said = || Signal::Interacted {
        component: Component::new("loud", "Loud"),
        interaction_type: "x".into(),
        details: None,
    };
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    for hash in ["a", "b", "loud"] {
        tracker.record(switch(hash), at(0));
    }
    for n in 0..500 {
        tracker.record(said(), at(n));
    }
    tracker.record(switch("c"), at(600));
    tracker.grant(identity(None), at(1_000));
    let visits: Vec<_> = told(&tracker).into_iter().filter(|t| t.starts_with("visit")).collect();
    let all = ["visit a #1 from (entry)", "visit b #2 from a", "visit loud #3 from b"];
    assert_eq!(visits, [&all[..], &["visit c #4 from loud"]].concat());
    assert_eq!(told(&tracker)[0], "start");
}

#[test]
fn what_a_flood_left_out_is_counted_and_told_once() {
    let mut tracker = granted(None);
    tracker.record(switch("a"), at(0));
    let flooded = Signal::Flooded { component: Component::new("a", "A"), count: 99_800 };
    tracker.record(flooded, at(1_000));
    let line = lines(&tracker).pop().unwrap();
    assert_eq!(line["event"], "tracking_dropped");
    assert_eq!(
        (&line["component_hash"], &line["dropped_reason"]),
        (&"a".into(), &"flooded".into())
    );
    assert_eq!(line["dropped_count"], 99_800);
    assert_eq!(tracker.stats().dropped.of(tracking::DropReason::Flooded), 99_800);
    assert_eq!(lines(&tracker).len(), 3, "the start, the visit, and the count");
}
