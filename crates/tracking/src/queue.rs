//! Events on their way: waiting or in flight, mirrored to the browser's storage in chunks.
//!
//! Storage is append-only. What was recorded since the last look becomes one new chunk under a key of
//! its own; a chunk is removed when the last of its events is settled. Nothing is ever rewritten.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::{event::DropReason, frozen::Frozen, stats::Stats};

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
const CHUNK_VERSION: &str = "1";

#[derive(Debug)]
struct Item {
    frozen: Frozen,
    bytes: usize,
    chunk: Option<ChunkId>,
    in_flight: Option<BatchId>,
}

type ChunkId = u64;

#[derive(Debug)]
struct Chunk {
    key: String,
    /// Events of this chunk that are still in the queue.
    left: usize,
}

#[derive(Debug)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
    /// Key prefix of the chunks this tab writes.
    prefix: String,
    chunks: BTreeMap<ChunkId, Chunk>,
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
            max_events: usize::MAX,
            max_bytes: usize::MAX,
            prefix,
            chunks: BTreeMap::new(),
            next_chunk: 1,
            removals: Vec::new(),
            storage_refused: false,
        }
    }

    /// Beyond either bound the oldest events are dropped.
    pub fn set_bounds(&mut self, max_events: usize, max_bytes: usize) {
        (self.max_events, self.max_bytes) = (max_events, max_bytes);
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Events that no batch in flight holds.
    pub fn waiting(&self) -> usize {
        self.items.iter().filter(|item| item.in_flight.is_none()).count()
    }

    pub fn unstored(&self) -> usize {
        self.items.iter().filter(|item| item.chunk.is_none()).count()
    }

    pub fn push(&mut self, frozen: Frozen, stats: &mut Stats) {
        self.bytes += frozen.line.len();
        let bytes = frozen.max_encoded_bytes();
        self.items.push_back(Item { frozen, bytes, chunk: None, in_flight: None });
        self.drop_overflow(stats);
    }

    /// Oldest first, but never what is in flight: its answer may be on the way.
    fn drop_overflow(&mut self, stats: &mut Stats) {
        while self.items.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(at) = self.items.iter().position(|item| item.in_flight.is_none()) else {
                return;
            };
            self.remove_at(at);
            stats.drop_events(DropReason::QueueFull, 1);
        }
    }

    fn remove_at(&mut self, at: usize) {
        if let Some(item) = self.items.remove(at) {
            self.bytes -= item.frozen.line.len();
            self.leave_chunk(item.chunk);
        }
    }

    fn leave_chunk(&mut self, id: Option<ChunkId>) {
        let Some(id) = id else { return };
        let Some(chunk) = self.chunks.get_mut(&id) else { return };
        chunk.left -= 1;
        if chunk.left == 0
            && let Some(chunk) = self.chunks.remove(&id)
        {
            self.removals.push(chunk.key);
            self.storage_refused = false;
        }
    }

    /// Marks the oldest waiting events, up to both limits, as in flight. At least one, if any waits.
    pub fn take(&mut self, batch: BatchId, max_events: usize, max_bytes: usize) -> Vec<Frozen> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        for item in self.items.iter_mut().filter(|item| item.in_flight.is_none()) {
            bytes += item.bytes;
            if taken.len() == max_events || (bytes > max_bytes && !taken.is_empty()) {
                break;
            }
            item.in_flight = Some(batch);
            taken.push(item.frozen.clone());
        }
        taken
    }

    /// Like [`Self::take`], but nothing when not even one event fits.
    pub fn take_within(&mut self, batch: BatchId, max_bytes: usize) -> Vec<Frozen> {
        let first = self.items.iter().find(|item| item.in_flight.is_none());
        if first.is_none_or(|item| item.bytes > max_bytes) {
            return Vec::new();
        }
        self.take(batch, usize::MAX, max_bytes)
    }

    /// The batch is done with: its events leave the queue. Says how many they were.
    pub fn finish(&mut self, batch: BatchId) -> usize {
        let mut done = 0;
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            if item.in_flight == Some(batch) {
                self.remove_at(at);
                done += 1;
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
    pub fn put_back(&mut self, batch: BatchId) {
        for item in self.items.iter_mut().filter(|item| item.in_flight == Some(batch)) {
            item.in_flight = None;
        }
    }

    /// What storage has to learn since the last call.
    pub fn storage_ops(&mut self) -> Vec<StorageOp> {
        let mut ops: Vec<_> =
            self.removals.drain(..).map(|key| StorageOp::Remove { key }).collect();
        if !self.storage_refused && self.items.iter().any(|item| item.chunk.is_none()) {
            ops.push(self.new_chunk());
        }
        ops
    }

    fn new_chunk(&mut self) -> StorageOp {
        let id = self.next_chunk;
        self.next_chunk += 1;
        let mut value = CHUNK_VERSION.to_owned();
        let mut left = 0;
        for item in self.items.iter_mut().filter(|item| item.chunk.is_none()) {
            item.chunk = Some(id);
            left += 1;
            value.push('\n');
            value.push_str(&item.frozen.line);
        }
        let key = format!("{}{id}", self.prefix);
        self.chunks.insert(id, Chunk { key: key.clone(), left });
        StorageOp::Put { key, value }
    }

    /// The write of `key` failed: its events are in memory only.
    pub fn storage_failed(&mut self, key: &str) {
        let failed = self.chunks.iter().find(|(_, chunk)| chunk.key == key).map(|(id, _)| *id);
        let Some(id) = failed else { return };
        self.chunks.remove(&id);
        for item in self.items.iter_mut().filter(|item| item.chunk == Some(id)) {
            item.chunk = None;
        }
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
        self.chunks.clear();
        self.prefix = prefix;
    }

    /// Takes over a chunk that a page load before us, or a tab that died, has left behind. It stays
    /// stored under its key until its events are settled.
    pub fn adopt(&mut self, key: &str, value: &str, stats: &mut Stats) {
        let mut lines = value.split('\n');
        if lines.next() != Some(CHUNK_VERSION) {
            stats.drop_events(DropReason::Corrupt, 1);
            self.removals.push(key.to_owned());
            return;
        }
        let known: HashSet<_> = self.items.iter().map(|item| item.frozen.event_id).collect();
        let mut found = Vec::new();
        for line in lines {
            match Frozen::from_line(line) {
                Ok(frozen) if known.contains(&frozen.event_id) => {}
                Ok(frozen) => found.push(frozen),
                Err(_) => stats.drop_events(DropReason::Corrupt, 1),
            }
        }
        if found.is_empty() {
            self.removals.push(key.to_owned());
            return;
        }
        let id = self.next_chunk;
        self.next_chunk += 1;
        self.chunks.insert(id, Chunk { key: key.to_owned(), left: found.len() });
        stats.restored += found.len() as u64;
        for frozen in found.into_iter().rev() {
            self.bytes += frozen.line.len();
            let bytes = frozen.max_encoded_bytes();
            self.items.push_front(Item { frozen, bytes, chunk: Some(id), in_flight: None });
        }
        self.drop_overflow(stats);
    }
}
