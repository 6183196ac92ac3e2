//! Whatever is added, comes twice, late or in disorder, is erased or grows old: every answer is the definition's
//! over the events that are left, before and after all of it is packed anew.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::questions;
use insights::{Cost, Filter, FilterMeaning, Range, testing};
use proptest::{collection::vec, prelude::*, sample::Index};
use rusqlite::params;
use server::{
    answers::{Question, Source, Subject, cost},
    observe::Metrics,
    store::{Bound, Packing, Row, Store, Writer},
};
use tempfile::TempDir;
use tracking::{LabelMode, Record, UserSecret};

const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const START_MS: u64 = 480_000 * HOUR_MS + 1_234_567;
const SPAN_MS: u64 = 75 * HOUR_MS;

#[derive(Clone, Debug)]
enum Step {
    /// Some of the events, received so long after the last of them.
    Add(Index, usize, u64),
    /// Some of the events again, their times corrected by so much, some of them after a restart.
    Resend(Index, usize, i64, bool),
    Erase(Index),
    /// All from before the time of this one.
    Forget(Index),
    /// A single event, in a way that nobody foresaw.
    Delete(Index),
    Rebuild,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let add = (any::<Index>(), 1_usize..60, 0..2 * DAY_MS)
        .prop_map(|(from, count, late_ms)| Step::Add(from, count, late_ms));
    let resend = (any::<Index>(), 1_usize..60, -90_000_i64..90_000, any::<bool>())
        .prop_map(|(from, count, skew_ms, reopen)| Step::Resend(from, count, skew_ms, reopen));
    vec(
        prop_oneof![
            12 => add,
            4 => resend,
            1 => any::<Index>().prop_map(Step::Erase),
            1 => any::<Index>().prop_map(Step::Forget),
            2 => any::<Index>().prop_map(Step::Delete),
            1 => Just(Step::Rebuild),
            1 => Just(Step::Reopen),
        ],
        3..20,
    )
}

fn packing() -> impl Strategy<Value = Packing> {
    (0_u32..40, 3_u32..60, 2_u32..200, 2_usize..4).prop_map(|(loose, large, sheet, few)| Packing {
        loose,
        large,
        sheet,
        few,
    })
}

/// People, of whom some events say that they are somebody else's.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let strangers = vec((any::<Index>(), 0_u128..4), 0..4);
    (testing::records(START_MS, SPAN_MS), strangers)
        .prop_filter("some", |(records, _)| records.len() > 3)
        .prop_map(|(mut records, strangers)| {
            for (at, user) in strangers {
                let at = at.index(records.len());
                records[at].user_id = UserSecret::new(user).user_id();
            }
            records
        })
}

struct Tried {
    dir: TempDir,
    packing: Packing,
    open: Option<(Store, Writer)>,
    /// What is stored, and when it was received.
    left: Vec<(Record, u64)>,
    erased: BTreeSet<String>,
}

impl Tried {
    fn new(packing: Packing) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let open = Some(Store::open_packing(dir.path(), 0, Metrics::default(), packing).unwrap());
        Self { dir, packing, open, left: Vec::new(), erased: BTreeSet::new() }
    }

    fn store(&self) -> &Store {
        &self.open.as_ref().unwrap().0
    }

    fn close(&mut self) {
        let (store, writer) = self.open.take().unwrap();
        drop(store);
        writer.join();
    }

    async fn step(&mut self, all: &[Record], step: &Step) {
        let of = |at: &Index| &all[at.index(all.len())];
        match step {
            Step::Add(from, count, late_ms) => {
                let from = from.index(all.len());
                self.add(&all[from..all.len().min(from + count)], *late_ms).await;
            }
            Step::Resend(from, count, skew_ms, reopen) => {
                if *reopen {
                    self.reopen();
                }
                let from = from.index(all.len());
                let mut again = all[from..all.len().min(from + count)].to_vec();
                for record in &mut again {
                    record.timestamp.0 = record.timestamp.0.saturating_add_signed(*skew_ms);
                }
                self.add(&again, 0).await;
            }
            Step::Erase(at) => {
                let user = of(at).user_id.clone();
                self.store().erase(user.clone(), 1, false).await.unwrap();
                self.left.retain(|(record, _)| record.user_id != user);
                self.erased.insert(user.as_str().to_owned());
            }
            Step::Forget(at) => {
                let before_ms = of(at).timestamp.0;
                let bound = Bound {
                    before_ms,
                    unsent_before_ms: before_ms,
                    sure_ms: None,
                    sinks: Vec::new(),
                };
                while self.store().forget_old(bound.clone()).await.unwrap() > 0 {}
                self.left.retain(|(record, _)| record.timestamp.0 >= before_ms);
            }
            Step::Delete(at) => {
                let Some(at) = self.left.len().checked_sub(1).map(|_| at.index(self.left.len()))
                else {
                    return;
                };
                let id = self.left.remove(at).0.event_id.0.to_be_bytes();
                let delete = "DELETE FROM events WHERE event_id = ?1";
                let deleted =
                    self.store().change(move |file| Ok(file.execute(delete, params![id])?)).await;
                assert_eq!(deleted.unwrap(), 1);
            }
            Step::Rebuild => self.store().rebuild_rollups().await.unwrap(),
            Step::Reopen => self.reopen(),
        }
    }

    fn reopen(&mut self) {
        self.close();
        let metrics = Metrics::default();
        self.open = Some(Store::open_packing(self.dir.path(), 0, metrics, self.packing).unwrap());
    }

    async fn add(&mut self, records: &[Record], late_ms: u64) {
        let last = records.iter().map(|record| record.timestamp.0).max().unwrap_or(0);
        let rows =
            |record: &Record| Row { record: record.clone(), line: record.to_line().unwrap() };
        let received_ms = last + late_ms;
        let rows = records.iter().map(rows).collect();
        let inserted = self.store().insert(rows, received_ms).await.unwrap();
        let before = self.left.len();
        for record in records {
            let is_known = self.left.iter().any(|(known, _)| known.event_id == record.event_id);
            if !is_known && !self.erased.contains(record.user_id.as_str()) {
                self.left.push((record.clone(), received_ms));
            }
        }
        assert_eq!(inserted.new, self.left.len() - before);
    }

    async fn check(&self, all: &[Record], range: Range) {
        let left: Vec<Record> = self.left.iter().map(|(record, _)| record.clone()).collect();
        let subjects = [
            Subject::Popularity { bucket_ms: 3 * HOUR_MS },
            Subject::Activity { starts: (0..5).map(|day| START_MS + day * DAY_MS / 2).collect() },
            Subject::Funnel {
                components: vec!["user-list".into(), "user-detail".into()],
                within_ms: Some(1_500),
            },
        ];
        let more = subjects.into_iter().flat_map(|subject| {
            let question = move |filter| Question { subject: subject.clone(), range, filter };
            questions::filters(all).into_iter().map(question)
        });
        for question in questions::all(all, range, START_MS).into_iter().chain(more) {
            let told = self.store().answer(question.clone()).await.unwrap();
            let defined = question.defined(&left).unwrap();
            assert_eq!(text(told), text(defined), "{question:?}");
        }
        for filter in questions::filters(all) {
            for labels in [LabelMode::Metadata, LabelMode::Stream] {
                let (told, defined) = self.cost(&filter, range, labels, &left).await;
                assert_eq!(told, defined, "{filter:?} {labels:?}");
            }
        }
    }

    async fn cost(
        &self,
        filter: &Filter,
        range: Range,
        labels: LabelMode,
        left: &[Record],
    ) -> (Cost, Cost) {
        let question = Question { subject: Subject::Summary, range, filter: filter.clone() };
        let told = self.store().read(move |events| cost::chosen(events, &question, labels));
        let chosen = filter.apply(left, range, FilterMeaning::Events);
        let late = chosen.iter().filter_map(|record| {
            let known = |(other, _): &&(Record, u64)| other.event_id == record.event_id;
            let received_ms = self.left.iter().find(known).unwrap().1;
            let late_ms = received_ms.saturating_sub(record.timestamp.0);
            let session = if labels == LabelMode::Stream { record.session_id.as_str() } else { "" };
            let is_late = late_ms > 50 * 60 * 1_000 && late_ms <= (7 * 24 - 1) * HOUR_MS;
            let hour = record.timestamp.0 / HOUR_MS;
            is_late.then_some((record.event.name(), &record.component.hash, session, hour))
        });
        let late = late.collect::<BTreeSet<_>>().len() as u64;
        let defined = insights::cost(&chosen, range, labels);
        (told.await.unwrap(), Cost { late_streams: Some(late), ..defined })
    }

    /// No session is packed twice, and none that has no event is known.
    async fn is_tidy(&self) {
        let kept = self.store().read(|file| {
            Ok(file.query_row(
                "SELECT (SELECT events FROM totals), (SELECT COUNT(*) FROM events),
                     (SELECT TOTAL(events) FROM sessions), (SELECT COUNT(*) FROM users),
                     (SELECT COUNT(DISTINCT user_id) FROM events),
                     (SELECT TOTAL(sessions) FROM segments),
                     (SELECT COUNT(*) FROM sessions WHERE segment IS NOT NULL),
                     (SELECT COUNT(DISTINCT id / 64) FROM columns), (SELECT COUNT(*) FROM segments)",
                [],
                |row| {
                    let number = |at| row.get::<_, f64>(at).or_else(|_| row.get::<_, i64>(at).map(|n| n as f64));
                    (0..9).map(number).collect::<rusqlite::Result<Vec<_>>>()
                },
            )?)
        });
        let [total, events, of_sessions, users, of_events, packed, in_segment, columns, segments] =
            kept.await.unwrap()[..]
        else {
            unreachable!()
        };
        assert_eq!((total, of_sessions), (events, events));
        assert_eq!(users, of_events);
        assert_eq!(packed, in_segment);
        assert_eq!(columns, segments);
    }
}

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happened_the_answers_are_those_of_what_is_left(
        records in records(),
        steps in steps(),
        packing in packing(),
        from_ms in START_MS - HOUR_MS..START_MS + SPAN_MS,
        span_ms in 0..SPAN_MS,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut tried = Tried::new(packing);
        runtime.block_on(async {
            for step in &steps {
                tried.step(&records, step).await;
                tried.is_tidy().await;
                let subject = Subject::Time;
                let question = Question { subject, range: Range::ALL, filter: Filter::default() };
                let left: Vec<Record> = tried.left.iter().map(|(record, _)| record.clone()).collect();
                let told = tried.store().answer(question.clone()).await.unwrap();
                assert_eq!(text(told), text(question.defined(&left).unwrap()));
            }
            tried.check(&records, Range::new(from_ms, from_ms + span_ms)).await;
            tried.check(&records, Range::new(START_MS - DAY_MS, START_MS + 2 * SPAN_MS)).await;
            tried.step(&records, &Step::Rebuild).await;
            tried.is_tidy().await;
            tried.check(&records, Range::new(from_ms, from_ms + span_ms)).await;
        });
        tried.close();
    }
}
