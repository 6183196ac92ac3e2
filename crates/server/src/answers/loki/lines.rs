//! Reading lines, a page after the other, each event once.

use std::collections::HashSet;

use insights::Range;
use tracking::Record;

use crate::{
    answers::{Unanswered, loki::Bounds},
    loki::{Line, Loki, nanoseconds},
    observe::Metrics,
};

pub struct Reader<'a> {
    loki: &'a Loki,
    bounds: Bounds,
    metrics: &'a Metrics,
    /// Lines so far, again or not.
    read: usize,
    seen: HashSet<u128>,
    pub records: Vec<Record>,
}

impl<'a> Reader<'a> {
    pub fn new(loki: &'a Loki, bounds: Bounds, metrics: &'a Metrics) -> Self {
        let (seen, records) = (HashSet::new(), Vec::new());
        Self { loki, bounds, metrics, read: 0, seen, records }
    }

    /// All lines of `query` in `stretches`.
    pub async fn read(&mut self, query: &str, stretches: &[Range]) -> Result<(), Unanswered> {
        for stretch in stretches {
            let mut from_ns = nanoseconds(stretch.from_ms);
            while let Some(last_ns) = self.page(query, from_ns, nanoseconds(stretch.to_ms)).await? {
                // More than a page in one nanosecond: there is no next one.
                if last_ns == from_ns {
                    return Err(Unanswered::TooMany(self.bounds.lines));
                }
                // There may be more of this nanosecond; what was read of it is known by its id.
                from_ns = last_ns;
            }
        }
        Ok(())
    }

    /// Reads one page; comes back with its last moment when there may be more.
    async fn page(
        &mut self,
        query: &str,
        from_ns: u64,
        to_ns: u64,
    ) -> Result<Option<u64>, Unanswered> {
        let asked = self.loki.lines(query, from_ns, to_ns, self.bounds.page);
        let lines = self.metrics.of_loki(asked).await?;
        self.read += lines.len();
        if self.read > self.bounds.lines {
            return Err(Unanswered::TooMany(self.bounds.lines));
        }
        let last_ns = lines.iter().map(|line| line.at_ns).max();
        let is_full = lines.len() >= self.bounds.page;
        for Line { text, .. } in lines {
            // Whoever else writes to this job writes what is no event to us.
            let Ok(record) = Record::from_line(&text) else { continue };
            if self.seen.insert(record.event_id.0) {
                self.records.push(record);
            }
        }
        Ok(last_ns.filter(|_| is_full))
    }
}
