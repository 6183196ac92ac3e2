//! Push, every question and deletion on a real Loki, held to the store:
//! `LOKI_TEST_URL=http://127.0.0.1:3100 cargo test -p server --test real_loki`. Each run has a `job` of its own.
//!
//! The same way is gone with the double, so that it is known to lead somewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use common::{loki::Loki as Double, now_ms, questions::all};
use insights::{Filter, Range, testing};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use server::{
    answers::{Bounds, FromLoki, Question, Source, Subject},
    loki::{Loki, LokiSettings},
    observe::Metrics,
    outbox::{self, Sink},
    person,
    store::{Row, Store},
};
use tracking::Record;

const MINUTE_MS: u64 = 60_000;
/// How long it may take until what was pushed can be read.
const READABLE: Duration = Duration::from_secs(60);
/// How long until what was deleted cannot: `delete_request_cancel_period` and the compactor's interval.
const DELETED: Duration = Duration::from_secs(30 * 60);

/// The same ones each time, some of which come home late.
fn known(start_ms: u64) -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    let records = testing::records(start_ms, 70 * MINUTE_MS);
    loop {
        let records = records.new_tree(&mut runner).unwrap().current();
        if records.len() > 150 {
            return records;
        }
    }
}

struct Way {
    store: Store,
    at_loki: FromLoki,
    loki: Loki,
    start_ms: u64,
    records: Vec<Record>,
}

impl Way {
    /// Waits until both say the same to `question`.
    async fn until_the_same(&self, question: &Question, patience: Duration) {
        let start = Instant::now();
        loop {
            let stored = String::from_utf8(self.store.answer(question.clone()).await.unwrap());
            let answer = match self.at_loki.answer(question.clone()).await {
                Ok(answer) => String::from_utf8(answer),
                Err(failure) => panic!("{question:?}: {failure}"),
            };
            if answer == stored {
                return;
            }
            assert!(start.elapsed() < patience, "{question:?}\nLoki {answer:?}\nnot  {stored:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn push(&self) {
        let rows = self.records.iter();
        let rows =
            rows.map(|record| Row { record: record.clone(), line: record.to_line().unwrap() });
        self.store.insert(rows.collect(), now_ms()).await.unwrap();
        let sink = Sink::loki(self.loki.clone(), |_| true);
        let work = tokio::spawn(outbox::work(self.store.clone(), sink, Metrics::default()));
        while self.store.standing(outbox::LOKI).await.unwrap().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        work.abort();
        let standing = self.store.standing(outbox::LOKI).await.unwrap();
        assert_eq!(standing.forwarded, self.records.len() as u64, "{standing:?}");
    }

    fn sessions(&self) -> Question {
        let subject = Subject::Sessions { search: String::new(), limit: 1_000, offset: 0 };
        let range = Range::new(0, now_ms() + MINUTE_MS);
        Question { subject, range, filter: Filter::default() }
    }

    async fn ask_all(&self, patience: Duration) {
        self.until_the_same(&self.sessions(), patience).await;
        let middle_ms = self.start_ms + 35 * MINUTE_MS;
        for range in [self.sessions().range, Range::new(self.start_ms + 1, middle_ms)] {
            for question in all(&self.records, range, self.start_ms) {
                self.until_the_same(&question, READABLE).await;
            }
        }
    }
}

async fn go(url: String, job: String) {
    let start_ms = now_ms() - 80 * MINUTE_MS;
    let loki = Loki::new(LokiSettings {
        job,
        // Loki asks itself hour by hour: all that is there is of today.
        keeps_days: 1,
        settle: Duration::ZERO,
        look_again: Duration::from_secs(1),
        ..LokiSettings::new(url)
    })
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let at_loki = FromLoki::new(loki.clone(), Bounds::default(), Metrics::default());
    let way = Way { store, at_loki, loki, start_ms, records: known(start_ms) };
    way.push().await;
    way.ask_all(READABLE).await;

    let user = way.records[0].user_id.clone();
    way.store.erase(user, now_ms(), true).await.unwrap();
    let work = tokio::spawn(person::work(way.store.clone(), way.loki.clone()));
    way.ask_all(DELETED).await;
    work.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_loki_says_what_the_store_says_and_forgets_whom_it_forgets() {
    let Some(url) = std::env::var("LOKI_TEST_URL").ok().filter(|url| !url.is_empty()) else {
        let _ = writeln!(std::io::stderr(), "\nskipped: answers from Loki: no LOKI_TEST_URL");
        return;
    };
    go(url, format!("clm-test-{}", now_ms())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_double_says_what_the_store_says_and_forgets_whom_it_forgets() {
    go(Double::start().await.address, "clm-test".into()).await;
}
