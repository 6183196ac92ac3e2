//! Every event that was recorded, what became of it, and what must hold.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use tracking::{DropReason, EventId, Frozen, Stats};

use crate::server::{BAD, Server};

pub type Verdict = Result<(), String>;

/// A page load.
pub type TabId = usize;

pub struct Entry {
    line: Rc<str>,
    /// Which page load recorded it, and as its how-many-eth.
    pub by: TabId,
    nth: usize,
    /// Who has it now; nobody when it is in storage only.
    pub owner: Option<TabId>,
    /// It was in memory only, and had to be, when its page died.
    pub taken_by_crash: bool,
    /// Consent was withdrawn before it was accepted.
    pub withdrawn: bool,
}

#[derive(Default)]
pub struct Ledger {
    pub entries: HashMap<EventId, Entry>,
    numbers: HashSet<(String, u64)>,
    latest: HashMap<TabId, Latest>,
    /// Page loads whose events may arrive in another order: they have said farewell, or died.
    pub unordered: HashSet<TabId>,
    stored_upto: HashMap<TabId, usize>,
    checked: usize,
    dropped: BTreeMap<DropReason, u64>,
    pub clock_was_set: bool,
    restored: u64,
    retried: u64,
}

/// How much of what can happen has happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub recorded: u64,
    pub accepted: u64,
    /// Came in again, and were stored once.
    pub again: u64,
    pub restored: u64,
    pub retried: u64,
    pub queue_full: u64,
    pub rejected: u64,
    pub repeated: u64,
    pub taken_by_crash: u64,
    pub withdrawn: u64,
}

#[derive(Default)]
struct Latest {
    nth: usize,
    session: String,
    seq: u64,
    timestamp: u64,
}

impl std::ops::Add for Report {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            recorded: self.recorded + more.recorded,
            accepted: self.accepted + more.accepted,
            again: self.again + more.again,
            restored: self.restored + more.restored,
            retried: self.retried + more.retried,
            queue_full: self.queue_full + more.queue_full,
            rejected: self.rejected + more.rejected,
            repeated: self.repeated + more.repeated,
            taken_by_crash: self.taken_by_crash + more.taken_by_crash,
            withdrawn: self.withdrawn + more.withdrawn,
        }
    }
}

impl Ledger {
    /// A page has recorded an event.
    pub fn recorded(&mut self, tab: TabId, frozen: &Frozen) -> Verdict {
        let record = tracking::Record::from_line(&frozen.line).map_err(|e| e.to_string())?;
        let session = record.session_id.as_str().to_owned();
        let latest = self.latest.entry(tab).or_default();
        if latest.session == session && record.seq <= latest.seq {
            return Err(format!("seq {} follows {}", record.seq, latest.seq));
        }
        if !self.clock_was_set && record.timestamp.0 < latest.timestamp {
            return Err(format!("time runs backwards: {}", frozen.line));
        }
        if !self.numbers.insert((session.clone(), record.seq)) {
            return Err(format!("seq {} twice in a session", record.seq));
        }
        let nth = latest.nth + 1;
        *latest = Latest { nth, session, seq: record.seq, timestamp: record.timestamp.0 };
        let entry = Entry {
            line: frozen.line.clone(),
            by: tab,
            nth,
            owner: Some(tab),
            taken_by_crash: false,
            withdrawn: false,
        };
        match self.entries.insert(frozen.event_id, entry) {
            None => Ok(()),
            Some(_) => Err("an event id twice".to_owned()),
        }
    }

    /// A page sends `frozen`.
    pub fn sends(&self, tab: TabId, frozen: &Frozen) -> Verdict {
        let entry = self.entries.get(&frozen.event_id).ok_or("an unknown event is sent")?;
        if entry.line != frozen.line {
            return Err("other bytes are sent than were recorded".to_owned());
        }
        if entry.withdrawn {
            return Err("an event is sent after consent was withdrawn".to_owned());
        }
        if entry.owner != Some(tab) {
            return Err(format!("{tab} sends an event of another tab, {:?}", entry.owner));
        }
        Ok(())
    }

    /// A chunk is written to storage.
    pub fn stores(&self, value: &str) -> Verdict {
        for line in value.lines().skip(1) {
            let entry = self.entries.get(&id_of(line)?).ok_or("an unknown event is stored")?;
            if *entry.line != *line {
                return Err("other bytes are stored than were recorded".to_owned());
            }
            if entry.withdrawn {
                return Err("an event is stored after consent was withdrawn".to_owned());
            }
        }
        Ok(())
    }

    pub fn withdraw(&mut self) {
        self.entries.values_mut().for_each(|entry| entry.withdrawn = true);
    }

    /// What one page has is destroyed.
    pub fn withdraw_of(&mut self, tab: TabId) {
        let owned = self.entries.values_mut().filter(|entry| entry.owner == Some(tab));
        owned.for_each(|entry| entry.withdrawn = true);
    }

    /// What a page that is gone has counted.
    pub fn add_up(&mut self, stats: &Stats) {
        for (reason, count) in stats.dropped.iter() {
            *self.dropped.entry(reason).or_default() += count;
        }
        self.restored += stats.restored;
        self.retried += stats.retried;
    }

    /// Events of one page load arrive in the order they were recorded, unless it said farewell.
    pub fn check_order(&mut self, server: &Server) -> Verdict {
        for id in &server.stored[self.checked..] {
            let Some(entry) = self.entries.get(id) else { return Err("unknown event".to_owned()) };
            // A request that was aborted when consent was withdrawn may have left all the same.
            if self.unordered.contains(&entry.by) || entry.withdrawn {
                continue;
            }
            let upto = self.stored_upto.entry(entry.by).or_default();
            if entry.nth < *upto {
                return Err(format!("event {} of {} arrives after {upto}", entry.nth, entry.by));
            }
            *upto = entry.nth;
        }
        self.checked = server.stored.len();
        Ok(())
    }

    pub fn report(&self, server: &Server) -> Report {
        let count = |reason| self.dropped.get(&reason).copied().unwrap_or(0);
        let entries =
            |is: fn(&Entry) -> bool| self.entries.values().filter(|entry| is(entry)).count() as u64;
        let arrived: u32 = server.arrived.values().sum();
        Report {
            recorded: self.entries.len() as u64,
            accepted: server.stored.len() as u64,
            again: u64::from(arrived) - server.stored.len() as u64,
            restored: self.restored,
            retried: self.retried,
            queue_full: count(DropReason::QueueFull),
            rejected: count(DropReason::Rejected),
            repeated: count(DropReason::Repeated),
            taken_by_crash: entries(|entry| entry.taken_by_crash),
            withdrawn: entries(|entry| entry.withdrawn),
        }
    }

    /// The end: all is well again, everything was sent, every page is gone.
    pub fn close(&self, server: &Server) -> Verdict {
        let count = |reason| self.dropped.get(&reason).copied().unwrap_or(0);
        let missing = |bad: bool| {
            let entries = self.entries.iter().filter(move |(id, entry)| {
                !entry.taken_by_crash
                    && !entry.withdrawn
                    && !server.arrived.contains_key(id)
                    && entry.line.contains(BAD) == bad
            });
            entries.map(|(_, entry)| &*entry.line).collect::<Vec<_>>()
        };
        let (good, bad) = (missing(false), missing(true));
        let given_up = count(DropReason::QueueFull) + count(DropReason::Foreign);
        if good.len() as u64 > given_up {
            return Err(format!("{} lost, {given_up} counted: {good:#?}", good.len()));
        }
        if bad.len() as u64 > given_up + count(DropReason::Rejected) {
            return Err(format!("{} bad ones lost, fewer counted", bad.len()));
        }
        if count(DropReason::Corrupt) > 0 {
            return Err("storage was found corrupt".to_owned());
        }
        Ok(())
    }
}

pub fn id_of(line: &str) -> Result<EventId, String> {
    let at = line.find("\"event_id\":\"").ok_or("no event id")? + 12;
    line.get(at..at + 32).and_then(|text| EventId::parse(text).ok()).ok_or("no event id".to_owned())
}
