//! Which components the store tells apart. Anybody may send an event of any component, and what an answer costs goes
//! with how many there are: of those that the registry does not know the first so many keep their hash, and each hash
//! keeps a few names. All others are one, [`OTHER`].
//!
//! Texts are kept as digests: what a person sent is in the events alone, and goes with them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use insights::OTHER;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tracking::{
    Event, Record,
    event::{DASHBOARD, ENTRY, EXIT, HIDDEN},
};

use crate::store::{
    Knows, StoreError,
    row::{Row, integer},
};

/// `last` is the day, in milliseconds, of the latest event with that name; `is_known` says whether the registry had the
/// hash.
const CREATE: &str = "
CREATE TABLE component_names (
    hash INTEGER NOT NULL,
    name INTEGER NOT NULL,
    last INTEGER NOT NULL,
    is_known INTEGER NOT NULL,
    PRIMARY KEY (hash, name)
) STRICT, WITHOUT ROWID;
";
/// What earlier versions stored, once; more than an answer could show is not looked at.
const EARLIER: &str = "
SELECT component_hash, MAX(component_name), MAX(timestamp) FROM events
GROUP BY component_hash ORDER BY MAX(timestamp) DESC LIMIT 10000";

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Names that one hash may have, as a registry that changes gives it others.
const NAMES: usize = 8;
/// Unknown components that are told apart, if nothing else is said.
const UNKNOWN: usize = 1_000;
/// What events say in the place of a component.
const WORDS: [&str; 5] = [ENTRY, EXIT, HIDDEN, DASHBOARD, OTHER];

/// What decides, shared with who learns of the registry.
#[derive(Clone)]
pub struct Rules(Arc<RwLock<(usize, Knows)>>);

impl Default for Rules {
    fn default() -> Self {
        let knows: Knows = Arc::new(|_| false);
        Self(Arc::new(RwLock::new((UNKNOWN, knows))))
    }
}

impl Rules {
    pub fn set(&self, max_unknown: usize, knows: Knows) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (max_unknown, knows);
    }

    fn get(&self) -> (usize, Knows) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The names that are told apart; as many as the rules allow, and those of the registry.
#[derive(Default)]
pub struct Names {
    rules: Rules,
    hashes: HashMap<i64, Hash>,
    /// How many of them the registry does not know.
    unknown: usize,
    /// What the file does not have yet.
    new: Vec<New>,
}

#[derive(Default)]
struct Hash {
    is_known: bool,
    /// Its names, and the day of the latest event with each.
    names: Vec<(i64, u64)>,
}

struct New {
    hash: i64,
    name: i64,
    day: u64,
    is_known: bool,
}

impl New {
    fn write(&self, file: &Connection) -> rusqlite::Result<()> {
        let write = "INSERT INTO component_names (hash, name, last, is_known) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET last = MAX(last, excluded.last), is_known = excluded.is_known";
        let values = params![self.hash, self.name, integer(self.day), self.is_known];
        file.prepare_cached(write)?.execute(values).map(|_| ())
    }
}

/// Makes the table, and fills it once with what earlier versions stored.
pub fn prepare(file: &mut Connection) -> Result<(), StoreError> {
    let has = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'component_names'";
    if file.query_row(has, [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    let transaction = file.transaction()?;
    transaction.execute_batch(CREATE)?;
    {
        let mut earlier = transaction.prepare(EARLIER)?;
        let mut rows = earlier.query([])?;
        while let Some(row) = rows.next()? {
            let text = |at| -> Result<i64, StoreError> {
                Ok(digest(row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?))
            };
            let last = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            let day = last / DAY_MS * DAY_MS;
            New { hash: text(0)?, name: text(1)?, day, is_known: false }.write(&transaction)?;
        }
    }
    Ok(transaction.commit()?)
}

fn digest(text: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(text).into();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Names {
    pub fn load(&mut self, file: &Connection) -> Result<(), StoreError> {
        self.hashes.clear();
        self.new.clear();
        let mut rows = file.prepare("SELECT hash, name, last, is_known FROM component_names")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let last = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            let hash = self.hashes.entry(row.get(0)?).or_default();
            hash.is_known |= row.get::<_, bool>(3)?;
            hash.names.push((row.get(1)?, last));
        }
        self.unknown = self.hashes.values().filter(|hash| !hash.is_known).count();
        Ok(())
    }

    pub fn rules(&self) -> Rules {
        self.rules.clone()
    }

    /// The row with [`OTHER`] where it names what is not told apart; none if it stays as it is.
    pub fn bounded(&mut self, row: &Row) -> Option<Row> {
        let day = row.record.timestamp.0 / DAY_MS * DAY_MS;
        let mut change = Change { record: &row.record, changed: None };
        let component = &row.record.component;
        if let Some((hash, name)) = self.other(&component.hash, Some(&component.name), day) {
            let component = &mut change.record().component;
            (component.hash, component.name) = (hash, name);
        }
        match &row.record.event {
            Event::ComponentVisit { prev_component, prev_component_name, .. } => {
                let other = self.other(prev_component, Some(prev_component_name), day);
                if let Some((hash, name)) = other
                    && let Event::ComponentVisit { prev_component, prev_component_name, .. } =
                        &mut change.record().event
                {
                    (*prev_component, *prev_component_name) = (hash, name);
                }
            }
            Event::ComponentExit { next_component, .. } => {
                if let Some((hash, _)) = self.other(next_component, None, day)
                    && let Event::ComponentExit { next_component, .. } = &mut change.record().event
                {
                    *next_component = hash;
                }
            }
            Event::SessionStart { .. }
            | Event::ComponentResume { .. }
            | Event::ComponentInteraction { .. }
            | Event::ComponentError { .. }
            | Event::TrackingDropped { .. } => {}
        }
        let record = change.changed?;
        let line = record.to_line().ok()?;
        Some(Row { record, line })
    }

    /// What stands for this hash and name; none if they stand for themselves.
    fn other(&mut self, hash: &str, name: Option<&str>, day: u64) -> Option<(String, String)> {
        if WORDS.contains(&hash) {
            return None;
        }
        let (of_hash, of_name) = (digest(hash), digest(name.unwrap_or(hash)));
        let (max_unknown, knows) = self.rules.get();
        let found = self.hashes.get_mut(&of_hash);
        let is_new = found.is_none();
        // The registry may have come to know it.
        let is_known = found.as_ref().is_some_and(|found| found.is_known) || knows(hash);
        match found {
            None if !is_known && self.unknown >= max_unknown => {
                return Some((OTHER.into(), OTHER.into()));
            }
            None => self.unknown += usize::from(!is_known),
            Some(found) if is_known && !found.is_known => self.unknown -= 1,
            Some(_) => {}
        }
        let entry = self.hashes.entry(of_hash).or_default();
        let has_learned = is_known && !entry.is_known;
        entry.is_known = is_known;
        let at = match name {
            Some(_) => entry.names.iter().position(|(known, _)| *known == of_name),
            // Any of its names will do.
            None => entry.names.len().checked_sub(1),
        };
        let name = match at {
            Some(at) => {
                let (name, last) = &mut entry.names[at];
                if *last >= day && !has_learned {
                    return None;
                }
                *last = day.max(*last);
                *name
            }
            None if entry.names.len() < NAMES || is_new => {
                entry.names.push((of_name, day));
                of_name
            }
            None => return Some((hash.to_owned(), hash.to_owned())),
        };
        self.new.push(New { hash: of_hash, name, day, is_known });
        None
    }

    /// Writes what is new, in the transaction of the events that brought it.
    pub fn write(&mut self, file: &Connection) -> Result<(), StoreError> {
        for new in self.new.drain(..) {
            new.write(file)?;
        }
        Ok(())
    }

    /// Forgets those that no event from that moment on has.
    pub fn forget(&mut self, file: &Connection, before_ms: u64) -> Result<(), StoreError> {
        let gone = before_ms.saturating_sub(DAY_MS);
        let count = file
            .prepare_cached("DELETE FROM component_names WHERE last < ?1")?
            .execute([integer(gone)])?;
        if count > 0 {
            self.load(file)?;
        }
        Ok(())
    }
}

/// A copy of the record, as soon as something in it is another.
struct Change<'a> {
    record: &'a Record,
    changed: Option<Record>,
}

impl Change<'_> {
    fn record(&mut self) -> &mut Record {
        self.changed.get_or_insert_with(|| self.record.clone())
    }
}

#[cfg(test)]
mod tests {
    use tracking::{Component, EventId, SessionId, Timestamp, UserSecret};

    use super::*;

    fn names(max_unknown: usize, known: &'static [&'static str]) -> Names {
        let names = Names::default();
        names.rules().set(max_unknown, Arc::new(move |hash| known.contains(&hash)));
        names
    }

    fn record(hash: &str, name: &str, event: Event) -> Record {
        Record {
            event_id: EventId(1),
            timestamp: Timestamp(20_000 * DAY_MS),
            user_id: UserSecret::new(1).user_id(),
            session_id: SessionId::new(1, 1),
            seq: 1,
            component: Component::new(hash, name),
            demo: false,
            event,
        }
    }

    /// What is stored of it.
    fn stored(names: &mut Names, record: Record) -> Record {
        let row = Row { line: record.to_line().unwrap(), record };
        let bounded = names.bounded(&row).unwrap_or(row);
        // The line says the same.
        assert_eq!(Record::from_line(&bounded.line).unwrap().to_line().unwrap(), bounded.line);
        assert_eq!(bounded.record.to_line().unwrap(), bounded.line);
        bounded.record
    }

    fn start(names: &mut Names, hash: &str, name: &str) -> (String, String) {
        let event = Event::SessionStart { previous_session_id: None };
        let Component { hash, name } = stored(names, record(hash, name, event)).component;
        (hash, name)
    }

    #[test]
    fn so_many_unknown_components_are_told_apart_and_all_that_the_registry_knows() {
        let mut names = names(2, &["known", "also"]);
        for (hash, stands_for) in [
            ("a", "a"),
            ("known", "known"),
            ("b", "b"),
            ("c", OTHER),
            ("also", "also"),
            ("a", "a"),
            ("(dashboard)", "(dashboard)"),
            ("d", OTHER),
        ] {
            assert_eq!(start(&mut names, hash, hash).0, stands_for, "{hash}");
        }
        assert_eq!(start(&mut names, "c", "C"), (OTHER.into(), OTHER.into()));
        // What the registry comes to know makes room, as soon as it is seen again.
        names.rules().set(2, Arc::new(|hash| ["a", "known"].contains(&hash)));
        assert_eq!(start(&mut names, "a", "a").0, "a");
        assert_eq!(start(&mut names, "c", "C"), ("c".into(), "C".into()));
        assert_eq!(start(&mut names, "d", "D").0, OTHER);
    }

    #[test]
    fn a_hash_has_a_few_names() {
        let mut names = names(2, &["known"]);
        for number in 0..NAMES {
            let name = format!("{number}");
            assert_eq!(start(&mut names, "known", &name), ("known".into(), name));
        }
        for name in ["another", "one more"] {
            assert_eq!(start(&mut names, "known", name), ("known".into(), "known".into()));
        }
        assert_eq!(start(&mut names, "known", "0").1, "0");
    }

    #[test]
    fn what_came_before_and_after_is_bounded_too() {
        let mut names = names(0, &["known"]);
        let visit = |prev: &str| Event::ComponentVisit {
            url: String::new(),
            referrer: String::new(),
            visit_index: 1,
            is_entry: false,
            prev_component: prev.into(),
            prev_component_name: prev.into(),
        };
        let exit = |next: &str| Event::ComponentExit {
            duration_ms: 1,
            next_component: next.into(),
            is_last: false,
            session_elapsed_ms: 1,
        };
        for (hash, stands_for) in [("x", OTHER), ("known", "known"), (ENTRY, ENTRY), (EXIT, EXIT)] {
            for (event, stands_for) in
                [(visit(hash), visit(stands_for)), (exit(hash), exit(stands_for))]
            {
                let stored = stored(&mut names, record("known", "k", event)).to_line().unwrap();
                assert_eq!(stored, record("known", "k", stands_for).to_line().unwrap());
            }
        }
    }

    #[test]
    fn what_is_kept_goes_with_its_last_event() {
        let mut file = Connection::open_in_memory().unwrap();
        let events =
            "CREATE TABLE events (component_hash TEXT, component_name TEXT, timestamp INTEGER);
             INSERT INTO events VALUES ('old', 'Old', 1), ('old', 'Older', 0);";
        file.execute_batch(events).unwrap();
        prepare(&mut file).unwrap();
        let mut names = names(2, &[]);
        names.load(&file).unwrap();
        assert_eq!(start(&mut names, "new", "New").0, "new");
        assert_eq!(start(&mut names, "newer", "Newer").0, OTHER);
        names.write(&file).unwrap();
        names.forget(&file, 19_000 * DAY_MS).unwrap();
        assert_eq!(start(&mut names, "newer", "Newer").0, "newer");
        assert_eq!(start(&mut names, "newest", "Newest").0, OTHER);
        names.write(&file).unwrap();
        names.load(&file).unwrap();
        assert_eq!(start(&mut names, "newest", "Newest").0, OTHER, "after a restart");
    }
}
