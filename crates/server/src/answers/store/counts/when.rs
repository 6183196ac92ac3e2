//! What happened when.

use std::collections::BTreeMap;

use insights::{Activity, Bucket, bounded_series, bucket_starts};

use super::Numbers;
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone)]
struct Stretches<'a> {
    starts: &'a [u64],
    counts: Vec<(Activity, Numbers)>,
}

impl Stretches<'_> {
    /// In which stretch this is; most often that of the event before.
    fn find(&self, at_ms: u64, before: usize) -> Option<usize> {
        let starts = self.starts;
        let is_in = |at: usize| {
            starts.get(at).is_some_and(|start| *start <= at_ms)
                && starts.get(at + 1).is_none_or(|end| at_ms < *end)
        };
        if is_in(before) {
            return Some(before);
        }
        starts.partition_point(|start| *start <= at_ms).checked_sub(1)
    }
}

impl Count for Stretches<'_> {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::USER)
            .of(Kind::Visit, &[Part::At])
            .of(Kind::Error, &[Part::At])
    }

    fn add(&mut self, sheet: &Sheet) {
        let (visits, errors) = (sheet.all(Kind::Visit), sheet.all(Kind::Error));
        let mut last = 0;
        for session in 0..sheet.sessions {
            let mut counted = None;
            for at in visits.of(session) {
                let Some(stretch) = self.find(visits.at_ms[at], last) else { continue };
                last = stretch;
                let (activity, users) = &mut self.counts[stretch];
                activity.visits += 1;
                let user = *visits.user.get(at).unwrap_or(&sheet.user[session]);
                if counted != Some((stretch, user)) {
                    // Times rise: a session is in no stretch again that it has left.
                    if counted.is_none_or(|(before, _)| before != stretch) {
                        activity.sessions += 1;
                    }
                    users.add(user);
                    counted = Some((stretch, user));
                }
            }
        }
        for &at_ms in &errors.at_ms {
            if let Some(stretch) = self.find(at_ms, last) {
                last = stretch;
                self.counts[stretch].0.errors += 1;
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for ((ours, our_users), (theirs, their_users)) in self.counts.iter_mut().zip(other.counts) {
            ours.visits += theirs.visits;
            ours.errors += theirs.errors;
            ours.sessions += theirs.sessions;
            our_users.merge(&their_users);
        }
    }
}

pub fn activity(scope: &Scope<'_>, starts: &[u64]) -> Answer<Vec<Activity>> {
    let empty =
        |&start_ms: &u64| (Activity { start_ms, ..Activity::default() }, Numbers::default());
    let counts = starts.iter().map(empty).collect();
    let counted = count(scope, Stretches { starts, counts })?;
    let all = counted.counts.into_iter();
    Ok(all.map(|(activity, users)| Activity { users: users.len(), ..activity }).collect())
}

#[derive(Clone)]
struct Buckets {
    starts: Vec<u64>,
    bucket_ms: u64,
    /// Visits by component and errors, of each bucket.
    counts: Vec<(BTreeMap<String, u64>, u64)>,
}

impl Buckets {
    fn find(&self, at_ms: u64) -> usize {
        let since = at_ms.saturating_sub(self.starts.first().copied().unwrap_or(0));
        usize::try_from(since / self.bucket_ms).unwrap_or(usize::MAX)
    }

    fn note(&mut self, bucket: usize, sheet: &Sheet, counts: &mut [u64]) {
        for (name, count) in sheet.names.iter().zip(counts).filter(|(_, count)| **count > 0) {
            if let Some((visits, _)) = self.counts.get_mut(bucket) {
                *visits.entry(name.hash.clone()).or_default() += *count;
            }
            *count = 0;
        }
    }
}

impl Count for Buckets {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::NAMES)
            .of(Kind::Visit, &[Part::What, Part::At])
            .of(Kind::Error, &[Part::At])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        // Those of one bucket; most often the next visit is in the same.
        let mut counts = vec![0_u64; sheet.names.len()];
        let (mut bucket, mut start_ms) = (usize::MAX, u64::MAX);
        for (what, &at_ms) in visits.what.iter().zip(&visits.at_ms) {
            if at_ms < start_ms || at_ms - start_ms >= self.bucket_ms {
                self.note(bucket, sheet, &mut counts);
                bucket = self.find(at_ms);
                start_ms = self.starts.get(bucket).copied().unwrap_or(u64::MAX);
            }
            counts[what.name()] += 1;
        }
        self.note(bucket, sheet, &mut counts);
        for &at_ms in &sheet.all(Kind::Error).at_ms {
            let bucket = self.find(at_ms);
            if let Some((_, errors)) = self.counts.get_mut(bucket) {
                *errors += 1;
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for ((visits, errors), (more_visits, more_errors)) in
            self.counts.iter_mut().zip(other.counts)
        {
            *errors += more_errors;
            for (hash, count) in more_visits {
                *visits.entry(hash).or_default() += count;
            }
        }
    }
}

pub fn popularity(scope: &Scope<'_>, bucket_ms: u64) -> Answer<Vec<Bucket>> {
    let starts = bucket_starts(scope.range, bucket_ms).unwrap_or_default();
    if starts.is_empty() {
        return Ok(Vec::new());
    }
    let counts = vec![Default::default(); starts.len()];
    let counted = count(scope, Buckets { starts, bucket_ms, counts })?;
    let buckets = counted.starts.into_iter().zip(counted.counts);
    let buckets = buckets.map(|(start_ms, (visits, errors))| Bucket { start_ms, visits, errors });
    Ok(bounded_series(buckets.collect()))
}
