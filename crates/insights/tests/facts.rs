//! Each answer against two sessions small enough to check by hand.

use insights::{
    ActiveUsers, Activity, Bounce, Bucket, ComponentErrors, ComponentLoads, ComponentTime,
    ComponentVisits, Filter, FilterMeaning, Flow, FunnelStep, Kind, Moment, PathStep, Range,
    Session, SessionLengths, Summary,
};
use tracking::{
    Component, ErrorKind, Event, EventId, Record, SessionId, Timestamp, UserId, UserSecret,
};

/// As the server folds.
fn folded(text: &str) -> String {
    insights::fold(unicode_normalization::UnicodeNormalization::nfkd(text))
}

fn user() -> UserId {
    UserSecret::new(1).user_id()
}

fn record(session: u64, at_ms: u64, seq: u64, component: &str, event: Event) -> Record {
    Record {
        event_id: EventId((u128::from(session) << 64) | u128::from(seq)),
        timestamp: Timestamp(at_ms),
        user_id: user(),
        session_id: SessionId::new(session, 0),
        seq,
        component: Component::new(component, component.to_uppercase()),
        demo: false,
        event,
    }
}

fn visit(previous: &str) -> Event {
    Event::ComponentVisit {
        url: String::new(),
        referrer: String::new(),
        visit_index: 1,
        is_entry: previous == "(entry)",
        prev_component: previous.into(),
        prev_component_name: previous.into(),
    }
}

fn exit(duration_ms: u64, next: &str) -> Event {
    Event::ComponentExit {
        duration_ms,
        next_component: next.into(),
        is_last: next == "(exit)",
        session_elapsed_ms: 0,
    }
}

fn failure(text: &str) -> Event {
    Event::ComponentError {
        error_kind: ErrorKind::Exception,
        error_message: text.into(),
        error_stack: String::new(),
        suppressed: 0,
    }
}

fn loaded(load_time_ms: u64) -> Event {
    Event::ComponentInteraction {
        interaction_type: "component_loaded".into(),
        load_time_ms: Some(load_time_ms),
        details: None,
    }
}

/// Session 1: a (10 + 20 ms, hidden in between), b (5 ms), a (40 ms). Session 2: only b, still open.
fn two_sessions() -> Vec<Record> {
    vec![
        record(2, 150, 1, "b", visit("(entry)")),
        record(2, 160, 2, "b", failure("second")),
        record(1, 200, 9, "a", exit(40, "(exit)")),
        record(1, 100, 1, "a", visit("(entry)")),
        record(1, 102, 2, "a", loaded(2)),
        record(1, 110, 3, "a", exit(10, "(hidden)")),
        record(1, 115, 4, "a", Event::ComponentResume { visit_index: 1 }),
        record(1, 135, 5, "a", exit(20, "b")),
        // The same millisecond: seq decides.
        record(1, 135, 6, "b", visit("a")),
        record(1, 136, 7, "b", failure("first")),
        record(1, 140, 8, "b", exit(5, "a")),
        record(1, 140, 10, "a", visit("b")),
    ]
}

const RANGE: Range = Range { from_ms: 100, to_ms: 201 };

fn count(component: &str, visits: u64) -> ComponentVisits {
    ComponentVisits {
        component: component.into(),
        name: component.to_uppercase(),
        visits,
        folded: 0,
    }
}

#[test]
fn the_range_is_half_open() {
    let records = two_sessions();
    assert_eq!(insights::visits(&records, Range::new(100, 101), &[]), [count("a", 1)]);
    assert_eq!(insights::visits(&records, Range::new(101, 135), &[]), []);
    assert_eq!(insights::summary(&[], RANGE), Summary::default());
}

#[test]
fn counts() {
    let records = two_sessions();
    assert_eq!(
        insights::summary(&records, RANGE),
        Summary { visits: 4, sessions: 2, users: 1, errors: 2, components: 2, total_ms: 75 }
    );
    assert_eq!(insights::visits(&records, RANGE, &[]), [count("a", 2), count("b", 2)]);
    assert_eq!(insights::entry_points(&records, RANGE), [count("a", 1), count("b", 1)]);
    assert_eq!(insights::exit_points(&records, RANGE), [count("a", 1), count("b", 1)]);
    assert_eq!(insights::active_users(&records, RANGE), ActiveUsers { users: 1 });
    assert_eq!(insights::bounce(&records, RANGE), Bounce { sessions: 2, bounced: 1 });
}

#[test]
fn the_journey_ends_once_per_session() {
    let flow =
        |from: &str, to: &str| Flow { from: from.into(), to: to.into(), count: 1, folded: 0 };
    assert_eq!(
        insights::journey(&two_sessions(), RANGE, &[]),
        [
            flow("(entry)", "a"),
            flow("(entry)", "b"),
            flow("a", "(exit)"),
            flow("a", "b"),
            flow("b", "(exit)"),
            flow("b", "a"),
        ]
    );
}

#[test]
fn stretches_of_a_visit_are_one_visit() {
    let [a, b] = <[ComponentTime; 2]>::try_from(insights::time(&two_sessions(), RANGE)).unwrap();
    assert_eq!((a.visits, a.total_ms, a.average_ms), (2, 70, Some(35)));
    assert_eq!((a.median_ms, a.p95_ms), (Some(30), Some(40)));
    // The open visit counts in the average and has no length of its own yet.
    assert_eq!((b.visits, b.total_ms, b.average_ms, b.median_ms), (2, 5, Some(2), Some(5)));
}

#[test]
fn an_exit_whose_visit_lies_before_the_range_counts_in_the_total_only() {
    let time = insights::time(&two_sessions(), Range::new(105, 120));
    assert_eq!(
        time,
        [ComponentTime {
            component: "a".into(),
            name: "A".into(),
            visits: 0,
            total_ms: 10,
            average_ms: None,
            median_ms: None,
            p95_ms: None,
            folded: 0,
        }]
    );
}

#[test]
fn buckets_begin_at_multiples_and_empty_ones_are_there() {
    let buckets = insights::popularity(&two_sessions(), Range::new(110, 250), 50);
    let bucket = |start_ms, visits: &[(&str, u64)], errors| Bucket {
        start_ms,
        visits: visits.iter().map(|&(c, n)| (c.to_owned(), n)).collect(),
        errors,
    };
    assert_eq!(
        buckets,
        [bucket(100, &[("a", 1), ("b", 1)], 1), bucket(150, &[("b", 1)], 1), bucket(200, &[], 0)]
    );
    assert_eq!(insights::bucket_starts(RANGE, 0), None);
    assert_eq!(insights::bucket_starts(Range::new(0, 2_001), 1), None);
    assert_eq!(insights::bucket_starts(Range::new(5, 5), 1), Some(vec![]));
    assert_eq!(insights::bucket_starts(Range::new(0, 50), 50), Some(vec![0]));
}

#[test]
fn a_funnel_allows_others_in_between_and_needs_the_order() {
    let step = |component: &str, sessions, median_ms_from_previous| FunnelStep {
        component: component.into(),
        sessions,
        median_ms_from_previous,
    };
    let funnel = |steps: &[&str]| {
        let steps: Vec<String> = steps.iter().map(|&s| s.to_owned()).collect();
        insights::funnel(&two_sessions(), RANGE, &steps, None)
    };
    assert_eq!(funnel(&["a", "a"]), [step("a", 1, None), step("a", 1, Some(40))]);
    assert_eq!(
        funnel(&["b", "a", "b"]),
        [step("b", 2, None), step("a", 1, Some(5)), step("b", 0, None)]
    );
    assert_eq!(funnel(&[]), []);
}

#[test]
fn sessions_come_newest_first() {
    let sessions = insights::sessions(&two_sessions(), RANGE, "", folded, 10, 0);
    let session_2 = Session {
        session_id: SessionId::new(2, 0).as_str().into(),
        user_id: user().as_str().into(),
        started_ms: 150,
        ended_ms: 160,
        visits: 1,
        errors: 1,
        visible_ms: 0,
        entry: "b".into(),
        exit: "b".into(),
    };
    assert_eq!(sessions[0], session_2);
    let one = &sessions[1];
    assert_eq!((one.started_ms, one.ended_ms, one.visits, one.errors), (100, 200, 3, 1));
    assert_eq!((one.visible_ms, one.entry.as_str(), one.exit.as_str()), (75, "a", "a"));
    assert_eq!(insights::sessions(&two_sessions(), RANGE, "", folded, 1, 1), sessions[1..]);
    assert_eq!(insights::sessions(&two_sessions(), RANGE, "", folded, 0, 0), []);
}

#[test]
fn sessions_are_found_by_ids_and_names() {
    let user = user().as_str()[..5].to_ascii_uppercase();
    let found =
        |search: &str| insights::sessions(&two_sessions(), RANGE, search, folded, 10, 0).len();
    for (search, count) in
        [("session_1", 1), ("2_0", 1), ("000", 2), (&user, 2), ("a", 1), ("B", 2), ("zap", 0)]
    {
        assert_eq!(found(search), count, "{search}");
    }
}

/// A name as it is stored, and what people type for it: an e with its accent in one character or in two, capital
/// letters of Turkish, German and Greek, letters without marks, narrow and wide ones, a Hangul syllable begun.
const TYPED: [(&str, &[&str]); 12] = [
    ("İstanbul", &["istanbul", "ISTANBUL", "İSTANBUL", "i\u{307}stanbul", "ıstanbul"]),
    ("Dıyarbakır", &["diyarbakir", "DIYARBAKIR"]),
    ("Cafe\u{301}", &["café", "CAFÉ", "cafe", "cafe\u{301}"]),
    ("Café", &["cafe\u{301}", "cafe"]),
    ("Übersicht", &["übersicht", "u\u{308}bersicht", "ubersicht", "ÜBERSICHT"]),
    ("Straße", &["strasse", "STRASSE", "STRAẞE", "straße"]),
    ("Οδός", &["οδοσ", "ΟΔΟΣ", "οδός"]),
    ("ＷＩＫＩ\u{3000}１", &["wiki 1", "WIKI"]),
    ("Мой ёж", &["мой", "МОЙ", "еж", "ЁЖ"]),
    ("한국", &["한", "\u{1112}\u{1161}\u{11ab}", "하"]),
    ("Łódź Øst", &["lodz", "łódź", "ost"]),
    ("Zero\u{200b}width\u{ad} ﬁle", &["zerowidth", "file"]),
];

#[test]
fn a_session_is_found_however_the_letters_of_a_name_are_stored_or_typed() {
    for (name, typed) in TYPED {
        let mut events = two_sessions();
        events.iter_mut().for_each(|record| record.component.name = name.into());
        for search in typed {
            let found = insights::sessions(&events, RANGE, search, folded, 10, 0);
            assert_eq!(found.len(), 2, "{search} in {name}");
        }
    }
}

#[test]
fn other_words_stay_other_words() {
    for (a, b) in
        [("क\u{93f}", "क\u{93e}"), ("が", "か"), ("cafe", "cage"), ("한", "국"), ("א", "ב")]
    {
        assert_ne!(folded(a), folded(b));
    }
}

proptest::proptest! {
    /// However a text is stored, it folds to one form, and that form folds to itself.
    #[test]
    fn folding_is_one_form(text in "\\PC{0,30}") {
        use unicode_normalization::UnicodeNormalization;
        let once = folded(&text);
        proptest::prop_assert_eq!(folded(&once), once.clone());
        proptest::prop_assert_eq!(folded(&text.nfc().collect::<String>()), once.clone());
        proptest::prop_assert_eq!(folded(&text.nfd().collect::<String>()), once);
    }
}

#[test]
fn a_session_is_told_step_by_step() {
    let id = SessionId::new(1, 0);
    let story = insights::session(&two_sessions(), RANGE, id.as_str()).unwrap();
    assert_eq!((story.started_ms, story.ended_ms, story.cut), (100, 200, false));
    let told: Vec<_> = story
        .visits
        .iter()
        .map(|v| (v.component.as_str(), v.start_ms, v.end_ms, v.stay_ms, v.moments.len()))
        .collect();
    assert_eq!(told, [("a", 100, 135, 30, 1), ("b", 135, 140, 5, 1), ("a", 140, 200, 40, 0)]);
    assert_eq!(story.visits[0].hidden, [Range::new(110, 115)]);
    let load = Moment {
        at_ms: 102,
        kind: Kind::Load,
        text: "component_loaded".into(),
        load_time_ms: Some(2),
    };
    assert_eq!(story.visits[0].moments, [load]);
    let second = insights::session(&two_sessions(), RANGE, "session_2_0000000000000000").unwrap();
    // Still open: seen up to the last thing that is known.
    assert_eq!((second.visits[0].end_ms, second.visits[0].stay_ms), (160, 10));
    let late = insights::session(&two_sessions(), Range::new(115, 137), id.as_str()).unwrap();
    assert_eq!((late.visits.len(), late.other.len()), (1, 0));
    assert_eq!(insights::session(&two_sessions(), RANGE, "session_3_0000"), None);
}

#[test]
fn a_visit_that_began_unseen_was_hidden_until_it_was_seen() {
    let records = [
        record(1, 10, 1, "a", visit("(entry)")),
        record(1, 30, 2, "a", Event::ComponentResume { visit_index: 1 }),
        record(1, 50, 3, "a", exit(20, "(hidden)")),
        // Where it led to, told when it was over.
        record(1, 90, 4, "a", exit(0, "(exit)")),
        record(1, 90, 5, "(dashboard)", failure("of the page")),
    ];
    let story = insights::session(&records, Range::ALL, SessionId::new(1, 0).as_str()).unwrap();
    let visit = &story.visits[0];
    assert_eq!((visit.end_ms, visit.stay_ms), (50, 20));
    assert_eq!(visit.hidden, [Range::new(10, 30)]);
    assert_eq!(story.other.len(), 1);
}

#[test]
fn errors_and_loads() {
    assert_eq!(
        insights::errors(&two_sessions(), RANGE),
        [ComponentErrors {
            component: "b".into(),
            name: "B".into(),
            errors: 2,
            latest: insights::messages(["second", "first"]),
            folded: 0,
        }]
    );
    assert_eq!(
        insights::loads(&two_sessions(), RANGE),
        [ComponentLoads {
            component: "a".into(),
            name: "A".into(),
            loads: 1,
            median_ms: Some(2),
            p95_ms: Some(2),
            folded: 0,
        }]
    );
}

#[test]
fn a_funnels_window_begins_with_its_first_step() {
    let steps = ["a".to_owned(), "a".to_owned()];
    let reached = |within_ms| {
        let steps = insights::funnel(&two_sessions(), RANGE, &steps, Some(within_ms));
        steps.iter().map(|step| step.sessions).collect::<Vec<_>>()
    };
    assert_eq!(reached(40), [1, 1]);
    assert_eq!(reached(39), [1, 0]);
}

#[test]
fn stretches_are_cut_where_the_asker_says() {
    let activity = insights::activity(&two_sessions(), RANGE, &[0, 140, 160]);
    let stretch = |start_ms, visits, errors, sessions| Activity {
        start_ms,
        visits,
        errors,
        sessions,
        users: u64::from(sessions > 0),
    };
    assert_eq!(activity, [stretch(0, 2, 1, 1), stretch(140, 2, 0, 2), stretch(160, 0, 1, 0)]);
    assert_eq!(insights::activity(&two_sessions(), RANGE, &[]), []);
}

#[test]
fn paths_end_where_sessions_end() {
    let step = |step, from: &str, to: &str| PathStep {
        step,
        from: from.into(),
        to: to.into(),
        sessions: 1,
        folded: 0,
    };
    assert_eq!(
        insights::paths(&two_sessions(), RANGE, 2),
        [step(1, "a", "b"), step(1, "b", "(exit)"), step(2, "b", "a")]
    );
    assert_eq!(insights::paths(&two_sessions(), RANGE, 9).len(), 4);
}

#[test]
fn lengths_are_from_the_first_to_the_last_event() {
    assert_eq!(
        insights::session_lengths(&two_sessions(), RANGE),
        SessionLengths {
            median_ms: Some(10),
            p95_ms: Some(100),
            sessions: vec![2, 0, 0, 0, 0, 0, 0, 0],
        }
    );
    let edge = SessionLengths::of(vec![9_999, 10_000, u64::MAX]);
    assert_eq!(edge.sessions, [1, 1, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn a_filter_picks_components_and_whole_sessions() {
    let visits = |filter: &Filter| {
        let records = filter.apply(&two_sessions(), RANGE, FilterMeaning::Events);
        insights::visits(&records, RANGE, &[]).iter().map(|row| row.visits).collect::<Vec<_>>()
    };
    assert_eq!(visits(&Filter::default()), [2, 2]);
    let only_a = Filter { components: vec!["a".into()], ..Filter::default() };
    assert_eq!(visits(&only_a), [2]);
    let by_b = Filter { entry: Some("b".into()), ..Filter::default() };
    assert_eq!(visits(&by_b), [1]);
    let session = Some(SessionId::new(1, 0).as_str().to_owned());
    assert_eq!(visits(&Filter { session, ..Filter::default() }), [2, 1]);
    let mut records = two_sessions();
    for record in &mut records {
        record.demo = record.session_id.as_str() == SessionId::new(2, 0).as_str();
    }
    let of_people = Filter { entry: Some("b".into()), hide_demo: true, ..Filter::default() };
    assert_eq!(of_people.apply(&records, RANGE, FilterMeaning::Events).len(), 0);
    let of_people = Filter { hide_demo: true, ..Filter::default() };
    assert_eq!(
        of_people.apply(&records, RANGE, FilterMeaning::Events).len(),
        records.iter().filter(|r| !r.demo).count()
    );
    let nobody = Filter { user: Some("x".into()), ..Filter::default() };
    assert_eq!(visits(&nobody), [0; 0]);
}
