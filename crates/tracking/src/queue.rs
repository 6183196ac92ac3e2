//! Events on their way: waiting or in flight, mirrored to the browser's storage in chunks.
//!
//! Storage is append-only. What was recorded since the last look becomes one new chunk under a key of
//! its own; a chunk is removed when the last of its events is settled. Nothing is ever rewritten.

use std::{collections::VecDeque, rc::Rc};

use crate::{
    event::{DropReason, Event, Record, name},
    frozen::Frozen,
    id::{EventId, UserId},
    stats::Stats,
};

/// Names one batch handed out to be sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BatchId(pub u64);

/// What the shell has to do to the browser's storage, in this order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StorageOp {
    Put { key: String, value: String },
    Remove { key: String },
}

/// First line of a stored chunk.
const CHUNK_VERSION: u64 = 1;
/// Upper bound of what an entry has around its line: time, user and session.
const ENTRY_BYTES: usize = 220;
/// Upper bound of what a stream has around its entries, without its component.
const STREAM_BYTES: usize = 320;
/// Braces and brackets of the request.
const REQUEST_BYTES: usize = 16;

#[derive(Debug)]
struct Item {
    frozen: Frozen,
    chunk: Option<ChunkId>,
    in_flight: Option<BatchId>,
}

type ChunkId = u64;

#[derive(Debug)]
struct Chunk {
    id: ChunkId,
    key: String,
    /// Events of this chunk that are still in the queue.
    left: usize,
}

/// Events for one request.
pub(crate) struct Taken {
    pub records: Vec<Frozen>,
    /// What they need at most.
    pub bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    /// Bytes of all lines.
    bytes: usize,
    waiting: usize,
    /// Bytes of what each component did and failed at, which may go when there is no room.
    shares: Vec<(Rc<str>, usize)>,
    unstored: usize,
    max_events: usize,
    max_bytes: usize,
    /// Bytes of a stream's labels that the settings decide.
    label_bytes: usize,
    /// Key prefix of the chunks this tab writes.
    prefix: String,
    chunks: Vec<Chunk>,
    next_chunk: ChunkId,
    removals: Vec<String>,
    /// The last write was refused. Tried again once there is room or the page hides.
    storage_refused: bool,
}

impl Queue {
    pub fn new(prefix: String) -> Self {
        Self {
            items: VecDeque::new(),
            bytes: 0,
            waiting: 0,
            shares: Vec::new(),
            unstored: 0,
            max_events: usize::MAX,
            max_bytes: usize::MAX,
            label_bytes: 0,
            prefix,
            chunks: Vec::new(),
            next_chunk: 1,
            removals: Vec::new(),
            storage_refused: false,
        }
    }

    /// Beyond either bound events are dropped: what the component with most of them did, oldest first.
    pub fn configure(&mut self, max_events: usize, max_bytes: usize, job: &str) {
        (self.max_events, self.max_bytes) = (max_events, max_bytes);
        self.label_bytes = STREAM_BYTES + 2 * escaped_bytes(job);
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Each event in it, and whether a batch in flight holds them.
    pub fn places(&self) -> impl Iterator<Item = (EventId, bool)> {
        self.items.iter().map(|item| (item.frozen.event_id, item.in_flight.is_some()))
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Events that no batch in flight holds.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    pub fn unstored(&self) -> usize {
        self.unstored
    }

    pub fn storage_refused(&self) -> bool {
        self.storage_refused
    }

    pub fn push(&mut self, frozen: Frozen, stats: &mut Stats) {
        self.bytes += frozen.line.len();
        self.share(&frozen, true);
        self.waiting += 1;
        self.unstored += 1;
        self.items.push_back(Item { frozen, chunk: None, in_flight: None });
        self.drop_overflow(stats);
    }

    /// Never what is in flight: its answer may be on the way. A component that floods loses its own events; a walk
    /// of visits and exits goes only when nothing else is left, its beginning last of all.
    fn drop_overflow(&mut self, stats: &mut Stats) {
        while self.items.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(at) = self.least_missed() else { return };
            self.drop_at(at, DropReason::QueueFull, stats);
        }
    }

    fn least_missed(&self) -> Option<usize> {
        let most =
            self.shares.iter().max_by_key(|(_, bytes)| *bytes).map(|(component, _)| component);
        let find = |goes: &dyn Fn(&Frozen) -> bool| {
            self.items.iter().position(|item| item.in_flight.is_none() && goes(&item.frozen))
        };
        most.and_then(|most| find(&|frozen| is_side(frozen) && frozen.component == *most))
            .or_else(|| find(&is_side))
            .or_else(|| find(&|frozen| frozen.event != name::SESSION_START))
            .or_else(|| find(&|_| true))
    }

    /// Notes that an event has come or gone.
    fn share(&mut self, frozen: &Frozen, comes: bool) {
        if !is_side(frozen) {
            return;
        }
        let bytes = frozen.line.len();
        match self.shares.iter().position(|(component, _)| *component == frozen.component) {
            Some(at) if comes => self.shares[at].1 += bytes,
            Some(at) => {
                self.shares[at].1 -= bytes;
                if self.shares[at].1 == 0 {
                    self.shares.swap_remove(at);
                }
            }
            None if comes => self.shares.push((frozen.component.clone(), bytes)),
            None => {}
        }
    }

    /// Drops all that no batch in flight holds.
    pub fn forget(&mut self, stats: &mut Stats) {
        while let Some(at) = self.items.iter().position(|item| item.in_flight.is_none()) {
            self.drop_at(at, DropReason::Forgotten, stats);
        }
    }

    fn drop_at(&mut self, at: usize, why: DropReason, stats: &mut Stats) {
        if let Some(frozen) = self.remove_at(at) {
            drop_item(&frozen, why, stats);
        }
    }

    fn remove_at(&mut self, at: usize) -> Option<Frozen> {
        let item = self.items.remove(at)?;
        self.bytes -= item.frozen.line.len();
        self.share(&item.frozen, false);
        self.waiting -= usize::from(item.in_flight.is_none());
        match item.chunk {
            Some(id) => self.leave_chunk(id),
            None => self.unstored -= 1,
        }
        Some(item.frozen)
    }

    fn leave_chunk(&mut self, id: ChunkId) {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.id == id) else { return };
        self.chunks[at].left -= 1;
        if self.chunks[at].left == 0 {
            self.removals.push(self.chunks.remove(at).key);
            self.storage_refused = false;
        }
    }

    /// Marks the oldest waiting events as in flight, as many as both limits allow.
    pub fn take(&mut self, batch: BatchId, max_events: usize, max_bytes: usize) -> Taken {
        let mut taken = Taken { records: Vec::new(), bytes: REQUEST_BYTES };
        let mut streams = Vec::new();
        for item in self.items.iter_mut().filter(|item| item.in_flight.is_none()) {
            let entry = escaped_bytes(&item.frozen.line) + ENTRY_BYTES;
            let stream = new_stream_bytes(&mut streams, &item.frozen, self.label_bytes);
            if taken.records.len() == max_events || taken.bytes + entry + stream > max_bytes {
                break;
            }
            taken.bytes += entry + stream;
            item.in_flight = Some(batch);
            taken.records.push(item.frozen.clone());
        }
        self.waiting -= taken.records.len();
        taken
    }

    /// The batch is done with: its events leave the queue.
    pub fn finish(&mut self, batch: BatchId) -> Vec<Frozen> {
        let mut done = Vec::new();
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            if item.in_flight == Some(batch) {
                done.extend(self.remove_at(at));
            } else {
                at += 1;
            }
        }
        done
    }

    pub fn count_in(&self, batch: BatchId) -> usize {
        self.items.iter().filter(|item| item.in_flight == Some(batch)).count()
    }

    /// The batch was not accepted: its events wait again, in their old places.
    pub fn put_back(&mut self, batch: BatchId, stats: &mut Stats) {
        for item in self.items.iter_mut().filter(|item| item.in_flight == Some(batch)) {
            item.in_flight = None;
            self.waiting += 1;
        }
        self.drop_overflow(stats);
    }

    /// What storage has to learn since the last call.
    pub fn storage_ops(&mut self) -> Vec<StorageOp> {
        let mut ops: Vec<_> =
            self.removals.drain(..).map(|key| StorageOp::Remove { key }).collect();
        if !self.storage_refused && self.unstored > 0 {
            ops.push(self.new_chunk());
        }
        ops
    }

    fn new_chunk(&mut self) -> StorageOp {
        let id = self.next_chunk;
        self.next_chunk += 1;
        let mut value = CHUNK_VERSION.to_string();
        for item in self.items.iter_mut().filter(|item| item.chunk.is_none()) {
            item.chunk = Some(id);
            value.push('\n');
            value.push_str(&item.frozen.line);
        }
        let key = self.prefix.clone() + &id.to_string();
        let left = std::mem::take(&mut self.unstored);
        self.chunks.push(Chunk { id, key: key.clone(), left });
        StorageOp::Put { key, value }
    }

    /// The write of `key` failed: its events are in memory only.
    pub fn storage_failed(&mut self, key: &str) {
        let Some(at) = self.chunks.iter().position(|chunk| chunk.key == key) else { return };
        let chunk = self.chunks.remove(at);
        for item in self.items.iter_mut().filter(|item| item.chunk == Some(chunk.id)) {
            item.chunk = None;
        }
        self.unstored += chunk.left;
        self.storage_refused = true;
    }

    /// Gives storage that refused a write another chance.
    pub fn retry_storage(&mut self) {
        self.storage_refused = false;
    }

    /// Forgets what is stored, and where; keeps what is in memory only, to be written under `prefix`.
    pub fn hand_over(&mut self, prefix: String) {
        self.items.retain(|item| item.chunk.is_none());
        self.items.iter_mut().for_each(|item| item.in_flight = None);
        self.bytes = self.items.iter().map(|item| item.frozen.line.len()).sum();
        let kept: Vec<_> = self.items.iter().map(|item| item.frozen.clone()).collect();
        self.shares.clear();
        kept.iter().for_each(|frozen| self.share(frozen, true));
        (self.waiting, self.unstored) = (self.items.len(), self.items.len());
        self.chunks.clear();
        self.prefix = prefix;
    }

    fn holds(&self, frozen: &Frozen) -> bool {
        self.items.iter().any(|item| item.frozen.event_id == frozen.event_id)
    }

    /// Takes over a chunk that a page load before us, or a tab that died, has left behind. It stays
    /// stored under its key until its events are settled. One of a newer version of ours is left
    /// alone; events of another user were recorded under a consent that is withdrawn.
    pub fn adopt(&mut self, key: &str, value: &str, user_id: &UserId, stats: &mut Stats) {
        if self.chunks.iter().any(|chunk| chunk.key == key) {
            return;
        }
        let mut lines = value.split('\n');
        match lines.next().map(str::parse::<u64>) {
            Some(Ok(CHUNK_VERSION)) => {}
            Some(Ok(version)) if version > CHUNK_VERSION => return,
            _ => {
                stats.drop_events(DropReason::Corrupt, 1);
                self.removals.push(key.to_owned());
                return;
            }
        }
        let mut found = Vec::new();
        for line in lines {
            match Frozen::from_line(line) {
                Ok(frozen) if self.holds(&frozen) => {}
                Ok(frozen) if frozen.user_id == *user_id => found.push(frozen),
                Ok(_) => stats.drop_events(DropReason::Foreign, 1),
                Err(_) => stats.drop_events(DropReason::Corrupt, 1),
            }
        }
        if found.is_empty() {
            self.removals.push(key.to_owned());
            return;
        }
        let id = self.next_chunk;
        self.next_chunk += 1;
        self.chunks.push(Chunk { id, key: key.to_owned(), left: found.len() });
        stats.restored += found.len() as u64;
        self.waiting += found.len();
        for frozen in found.into_iter().rev() {
            self.bytes += frozen.line.len();
            self.share(&frozen, true);
            self.items.push_front(Item { frozen, chunk: Some(id), in_flight: None });
        }
        self.drop_overflow(stats);
    }
}

/// What a component may do as often as it likes, other than a step of the person's walk.
fn is_side(frozen: &Frozen) -> bool {
    matches!(frozen.event, name::COMPONENT_INTERACTION | name::COMPONENT_ERROR)
}

/// A report of drops that is dropped itself goes back to what is still to be reported.
fn drop_item(frozen: &Frozen, why: DropReason, stats: &mut Stats) {
    if frozen.event != name::TRACKING_DROPPED {
        stats.drop_events(why, 1);
        return;
    }
    stats.drop_quietly(why, 1);
    if let Ok(Record { event: Event::TrackingDropped { dropped_reason, dropped_count }, .. }) =
        Record::from_line(&frozen.line)
    {
        stats.report_again(dropped_reason, dropped_count);
    }
}

/// What makes a stream of its own, whatever the settings: kind, component, session and hour.
type StreamKey = (&'static str, Rc<str>, Box<str>, u64);

fn new_stream_bytes(streams: &mut Vec<StreamKey>, frozen: &Frozen, label_bytes: usize) -> usize {
    let hour = frozen.timestamp.hour();
    let session = frozen.session_id.as_str();
    let known = streams.iter().any(|(event, component, of, at)| {
        *event == frozen.event && *at == hour && *component == frozen.component && **of == *session
    });
    if known {
        return 0;
    }
    streams.push((frozen.event, frozen.component.clone(), session.into(), hour));
    escaped_bytes(&frozen.component) + label_bytes
}

/// Length of `text` within a JSON string.
fn escaped_bytes(text: &str) -> usize {
    // Without a branch, and in blocks that a byte can count: every byte of every batch comes by here.
    let escapes = text.as_bytes().chunks(32).map(|block| {
        let escapes = block.iter().fold(0_u8, |escapes, b| {
            let more = u8::from(*b == b'"') + u8::from(*b == b'\\') + 5 * u8::from(*b < b' ');
            escapes.wrapping_add(more)
        });
        usize::from(escapes)
    });
    text.len() + escapes.sum::<usize>()
}
