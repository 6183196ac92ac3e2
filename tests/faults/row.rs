//! What every row has: a site behind a gate, a walk, and what must have become of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{
    Person, Setup, Site,
    gate::{Gate, resends},
    told::{told, without_loads},
};

pub struct Row {
    pub site: Site,
    pub gate: Gate,
}

/// What a row has come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ending {
    /// Numbers of events that are missing in the store.
    pub lost: usize,
}

impl Row {
    pub async fn start() -> Self {
        Self::before(Site::start(None).await).await
    }

    pub async fn before(site: Site) -> Self {
        let gate = Gate::before(&site.address).await;
        Self { site, gate }
    }

    pub fn url(&self) -> String {
        format!("{}/", self.gate.address())
    }

    /// A person who agrees and has three components open: `welcome`, `hero-content`, `p2p-status`.
    pub async fn arrive(&self) -> Person {
        self.arrive_with(Setup::default()).await
    }

    pub async fn arrive_with(&self, setup: Setup) -> Person {
        let person = Person::arrive_at(&self.url(), setup).await;
        person.see_loaded().await;
        person.agree().await;
        self.walk(&person, &["hero-content", "p2p-status"]).await;
        person
    }

    pub async fn walk(&self, person: &Person, hashes: &[&str]) {
        for hash in hashes {
            person.open(hash).await;
            person.see_loaded().await;
        }
    }

    pub async fn stored(&self, text: &str) -> Vec<Value> {
        self.site.rows_until(|rows| told(rows).iter().any(|told| told == text)).await
    }

    /// Prints the row and says what is missing. Numbers within a session are given out without gaps, so a gap
    /// below the highest number that was stored or ever sent is a lost event; a number given twice would be a duplicate.
    pub fn end(&self, name: &str) -> Ending {
        let rows = self.site.rows();
        let ids: BTreeSet<_> = rows.iter().map(|row| row["event_id"].as_str().unwrap()).collect();
        let duplicates = rows.len() - ids.len();
        let mut lanes: BTreeMap<(String, u64), BTreeSet<u64>> = BTreeMap::new();
        for row in &rows {
            let (lane, number) = numbered(row);
            assert!(lanes.entry(lane).or_default().insert(number), "a number was given twice");
        }
        let pushes = self.gate.pushes();
        let mut highest: BTreeMap<(String, u64), u64> = BTreeMap::new();
        let sent = pushes.iter().flat_map(|push| &push.events);
        let sent: Vec<Value> = sent.map(|(_, line)| serde_json::from_str(line).unwrap()).collect();
        for (lane, number) in rows.iter().chain(&sent).map(numbered) {
            let known = highest.entry(lane).or_default();
            *known = number.max(*known);
        }
        let stored = |lane| lanes.get(lane).map_or(0, BTreeSet::len);
        let lost: usize = highest
            .iter()
            .map(|(lane, number)| usize::try_from(*number).unwrap() - stored(lane))
            .sum();
        println!(
            "| {name} | {} | {} | {lost} | {duplicates} | {} | {} |",
            rows.len() + lost,
            rows.len(),
            pushes.len(),
            resends(&pushes)
        );
        assert_eq!(duplicates, 0);
        Ending { lost }
    }

    /// The visits and exits in the store, in order.
    pub fn story(&self) -> Vec<String> {
        without_loads(told(&self.site.rows()))
    }
}

/// The session and the tab's lane in it, and the event's number there, from 1.
fn numbered(row: &Value) -> ((String, u64), u64) {
    let seq = row["seq"].as_u64().unwrap();
    ((row["session_id"].as_str().unwrap().to_owned(), seq >> 32), seq & 0xffff_ffff)
}

pub const NOTHING_LOST: Ending = Ending { lost: 0 };

/// The beginning of every story.
pub const BEGINNING: [&str; 6] = [
    "start",
    "visit welcome from (entry)",
    "exit welcome to hero-content",
    "visit hero-content from welcome",
    "exit hero-content to p2p-status",
    "visit p2p-status from hero-content",
];

pub fn beginning_and(more: &[&str]) -> Vec<String> {
    BEGINNING.iter().chain(more).map(|text| (*text).to_owned()).collect()
}
