//! What the store answers is what the definition says.
#![allow(clippy::unwrap_used)]

mod common;

use common::questions::{all, filters};
use insights::{FilterMeaning, Range, testing};
use proptest::prelude::*;
use server::{
    answers::{Question, Source, Subject, cost},
    store::{Row, Store},
};
use tracking::LabelMode;

const START_MS: u64 = 1_000_000;

fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_store_answers_as_defined(
        records in testing::records(START_MS, 10_000),
        from_ms in START_MS..START_MS + 10_000,
        span_ms in 0_u64..20_000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, writer) = Store::open(dir.path()).unwrap();
        let rows = || records
            .iter()
            .map(|record| Row { record: record.clone(), line: record.to_line().unwrap() })
            .collect::<Vec<_>>();
        for _ in 0..2 {
            runtime.block_on(store.insert(rows(), 1)).unwrap();
        }
        for range in [Range::new(from_ms, from_ms + span_ms), Range::new(START_MS - 1_000, START_MS + 100_000)] {
            for question in all(&records, range, START_MS) {
                let json = runtime.block_on(store.answer(question.clone())).unwrap();
                let defined = question.defined(&records).unwrap();
                prop_assert_eq!(text(json), text(defined), "{:?}", question);
            }
            for (filter, labels) in filters(&records)
                .into_iter()
                .flat_map(|filter| [LabelMode::Metadata, LabelMode::Stream].map(|labels| (filter.clone(), labels)))
            {
                let records = filter.apply(&records, range, FilterMeaning::Events);
                let question = Question { subject: Subject::Summary, range, filter };
                let counted = runtime
                    .block_on(store.read(move |events| cost::chosen(events, &question, labels)))
                    .unwrap();
                // Received in the first moment of 1970: nothing was late.
                let defined = insights::cost(&records, range, labels);
                prop_assert_eq!(counted, insights::Cost { late_streams: Some(0), ..defined });
            }
        }
        drop(store);
        writer.join();
    }
}
