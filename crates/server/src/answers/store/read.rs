//! Reads what a question needs and has two threads count it.

use std::{
    sync::mpsc::{TrySendError, sync_channel},
    thread,
};

use insights::Range;

use crate::{
    answers::store::scope::{Answer, Scope},
    store::{
        StoreError,
        segments::{self, Events, Packed, Segment},
        sheet::{Builder, Columns, Lens, Sheet},
    },
};

/// Sheets that wait for the other thread at most; what is more is counted by the one that reads.
const AHEAD: usize = 64;
/// Events of loose sessions that are counted together.
const TOGETHER: usize = 16_384;

/// What is counted of each sheet and added up. Sessions are whole in a sheet, so the order of sheets and who
/// counts them make no difference.
pub trait Count: Clone + Send {
    /// Whether [`Sheet::first_ms`] and [`Sheet::last_ms`] must be those of the events in range.
    const SPANS: bool = false;

    /// The columns that [`Count::add`] reads.
    fn needs(&self) -> Columns;

    /// Those that it reads of a sheet that is in scope only in part.
    fn needs_of_part(&self) -> Columns {
        self.needs()
    }

    fn add(&mut self, sheet: &Sheet);

    fn merge(&mut self, other: Self);
}

enum Job {
    Packed { packed: Packed, is_whole: bool, stale: Vec<u64> },
    Loose(Box<Sheet>),
}

impl Job {
    fn add_to(self, count: &mut impl Count, lens: &Lens<'_>) -> Answer<()> {
        let sheet = match self {
            Self::Packed { packed, is_whole, stale } => {
                let mut sheet = packed.sheet()?;
                sheet.cut(lens, is_whole, &stale);
                sheet
            }
            Self::Loose(mut sheet) => {
                sheet.cut(lens, false, &[]);
                *sheet
            }
        };
        count.add(&sheet);
        Ok(())
    }
}

/// `nothing`, and all that there is to count in the scope.
pub fn count<T: Count>(scope: &Scope<'_>, nothing: T) -> Answer<T> {
    let lens = &scope.lens([nothing.needs(), nothing.needs_of_part()], T::SPANS)?;
    thread::scope(|threads| {
        let (sender, jobs) = sync_channel::<Job>(AHEAD);
        let mut theirs = nothing.clone();
        let other = threads.spawn(move || -> Answer<T> {
            for job in jobs {
                job.add_to(&mut theirs, lens)?;
            }
            Ok(theirs)
        });
        let mut ours = nothing;
        read(scope, lens, |job| match sender.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                job.add_to(&mut ours, lens)
            }
        })?;
        drop(sender);
        ours.merge(other.join().map_err(|_| StoreError::Stopped)??);
        Ok(ours)
    })
}

fn read(scope: &Scope<'_>, lens: &Lens<'_>, mut take: impl FnMut(Job) -> Answer<()>) -> Answer<()> {
    let Range { from_ms, to_ms } = scope.range;
    let mut stale = segments::stale(scope.events)?;
    let mut columns = segments::columns(scope.events)?;
    for segment in Segment::touching(scope.events, scope.range)? {
        let is_whole = from_ms <= segment.first_ms && segment.last_ms < to_ms;
        let stale = stale.remove(&segment.id).unwrap_or_default();
        let wanted = lens.columns(is_whole, segment.is_mixed, !stale.is_empty());
        take(Job::Packed { packed: segment.packed(&mut columns, wanted)?, is_whole, stale })?;
    }
    let mut events = Events::of(scope.events)?;
    let mut builder = Builder::default();
    for (number, session_id) in segments::loose(scope.events, scope.range)? {
        if lens.session.is_some_and(|wanted| wanted != number) {
            continue;
        }
        let (found, id_bytes) = events.session(&session_id, scope.range)?;
        builder.session(number, id_bytes, &found);
        if builder.events() >= TOGETHER {
            take(Job::Loose(Box::new(std::mem::take(&mut builder).finish())))?;
        }
    }
    take(Job::Loose(Box::new(builder.finish())))
}
