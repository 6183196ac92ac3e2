//! The answers agree with each other on whatever sessions there are.

use insights::{Range, testing};
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_answers_agree(records in testing::records(1_000, 20_000), to_ms in 0_u64..40_000) {
        let range = Range::new(1_000, to_ms.max(1_000));
        let summary = insights::summary(&records, range);
        let sum = |counts: Vec<insights::ComponentVisits>| counts.iter().map(|c| c.visits).sum::<u64>();
        prop_assert_eq!(sum(insights::visits(&records, range, &[])), summary.visits);
        prop_assert_eq!(sum(insights::exit_points(&records, range)), summary.sessions);
        prop_assert_eq!(insights::bounce(&records, range).sessions, summary.sessions);
        let flows: u64 = insights::journey(&records, range, &[]).iter().map(|flow| flow.count).sum();
        prop_assert_eq!(flows, summary.visits + summary.sessions);
        let total_ms: u64 = insights::time(&records, range).iter().map(|time| time.total_ms).sum();
        prop_assert_eq!(total_ms, summary.total_ms);
        let buckets = insights::popularity(&records, range, 1_000);
        let bucketed: u64 = buckets.iter().flat_map(|bucket| bucket.visits.values()).sum();
        prop_assert_eq!(bucketed, summary.visits);
        prop_assert_eq!(buckets.iter().map(|bucket| bucket.errors).sum::<u64>(), summary.errors);
        let sessions = insights::sessions(&records, range, "", str::to_lowercase, usize::MAX, 0);
        prop_assert_eq!(sessions.len() as u64, summary.sessions);
        for head in sessions {
            let story = insights::session(&records, range, &head.session_id).unwrap();
            prop_assert_eq!(story.visits.len() as u64, head.visits);
            prop_assert_eq!((story.started_ms, story.ended_ms), (head.started_ms, head.ended_ms));
            let moments = story.visits.iter().flat_map(|visit| &visit.moments).chain(&story.other);
            let errors = moments.filter(|moment| moment.kind == insights::Kind::Error).count();
            prop_assert_eq!(errors as u64, head.errors);
            for visit in &story.visits {
                let times = visit.hidden.iter().flat_map(|hidden| [hidden.from_ms, hidden.to_ms]);
                let times: Vec<u64> =
                    [visit.start_ms].into_iter().chain(times).chain([visit.end_ms]).collect();
                prop_assert!(times.is_sorted(), "{:?}", visit);
            }
        }
        for record in &records {
            let line = record.to_line().unwrap();
            prop_assert_eq!(tracking::Record::from_line(&line).unwrap().to_line().unwrap(), line);
        }
    }
}
