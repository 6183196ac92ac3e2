//! Loose sessions become part of a sheet, small sheets become large ones.

use std::collections::{BTreeMap, BTreeSet};

use insights::Range;
use rusqlite::{Connection, params};

use super::{
    Events,
    file::{Segment, add},
};
use crate::store::{
    StoreError,
    sheet::{Builder, Found, Sheet},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Events that are packed in one go.
const GO: i64 = 65_536;

/// When sessions are packed, and with how many others.
#[derive(Clone, Copy, Debug)]
pub struct Packing {
    /// Events of loose sessions that a question reads one by one at most; then half of them are packed, those
    /// first that nothing was added to for the longest time.
    pub loose: u32,
    /// A session of more events stays loose: it would be packed again and again while it grows.
    pub large: u32,
    /// Events of a sheet. Those of less than half are put together when a day has `few` of them.
    pub sheet: u32,
    pub few: usize,
}

impl Default for Packing {
    fn default() -> Self {
        Self { loose: 4_096, large: 2_048, sheet: 16_384, few: 8 }
    }
}

impl Packing {
    fn is_full(&self, builder: &Builder) -> bool {
        builder.events() as u64 >= u64::from(self.sheet)
    }
}

/// A loose session.
struct Chosen {
    number: u64,
    session_id: String,
    segment: Option<i64>,
}

/// Packs what has become loose, if that is much, and forgets sessions that have no event any more.
pub fn pack(file: &Connection, packing: &Packing) -> Result<(), StoreError> {
    let loose = i64::from(packing.loose);
    loop {
        let (events, empty): (i64, i64) = file
            .prepare_cached(
                "SELECT COALESCE(SUM(events) FILTER (WHERE events <= ?1), 0),
                     COUNT(*) FILTER (WHERE events = 0)
                 FROM sessions WHERE is_loose",
            )?
            .query_row([packing.large], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if empty > 0 {
            bury(file)?;
        }
        if events <= loose {
            return Ok(());
        }
        let chosen = choose(file, packing, (events - loose / 2).min(GO))?;
        take_out(file, &chosen)?;
        put_in(file, packing, chosen)?;
    }
}

/// Makes all of it anew from the events.
pub fn rebuild(file: &Connection, packing: &Packing) -> Result<(), StoreError> {
    file.execute_batch(
        "DELETE FROM columns;
         DELETE FROM segments;
         DELETE FROM users;
         INSERT INTO users (user_id) SELECT DISTINCT user_id FROM events;
         DELETE FROM sessions;
         INSERT INTO sessions (session_id, events, last)
             SELECT session_id, COUNT(*), MAX(timestamp) FROM events GROUP BY session_id;
         UPDATE totals SET events = (SELECT COUNT(*) FROM events);",
    )?;
    pack(file, packing)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Chosen, i64)> {
    let number = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
    Ok((Chosen { number, session_id: row.get(1)?, segment: row.get(2)? }, row.get(3)?))
}

/// Those that have been quiet for longest, with about so many events together.
fn choose(
    file: &Connection,
    packing: &Packing,
    mut events: i64,
) -> Result<Vec<Chosen>, StoreError> {
    let mut statement = file.prepare_cached(
        "SELECT id, session_id, segment, events FROM sessions
         WHERE is_loose AND events > 0 AND events <= ?1 ORDER BY last",
    )?;
    let mut rows = statement.query_map([packing.large], read)?;
    let mut chosen = Vec::new();
    while events > 0
        && let Some(row) = rows.next()
    {
        let (session, of) = row?;
        chosen.push(session);
        events -= of;
    }
    Ok(chosen)
}

/// Forgets sessions without events, and what their sheets say of them.
fn bury(file: &Connection) -> Result<(), StoreError> {
    let chosen = file
        .prepare_cached(
            "SELECT id, session_id, segment, events FROM sessions WHERE is_loose AND events = 0",
        )?
        .query_map([], read)?
        .map(|row| row.map(|(chosen, _)| chosen))
        .collect::<Result<Vec<_>, _>>()?;
    take_out(file, &chosen)?;
    let mut session = file.prepare_cached("DELETE FROM sessions WHERE id = ?1")?;
    for Chosen { number, .. } in &chosen {
        session.execute([number.cast_signed()])?;
    }
    Ok(())
}

/// Removes what the sheets of these sessions say of them.
fn take_out(file: &Connection, chosen: &[Chosen]) -> Result<(), StoreError> {
    let mut gone: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for Chosen { number, segment, .. } in chosen {
        if let Some(segment) = segment {
            gone.entry(*segment).or_default().push(*number);
        }
    }
    for (id, mut numbers) in gone {
        numbers.sort_unstable();
        if let Some(segment) = Segment::find(file, id)? {
            segment.replace(file, &segment.sheet(file)?.without(&numbers))?;
        }
    }
    Ok(())
}

/// Packs these sessions, those that began on the same day together.
fn put_in(file: &Connection, packing: &Packing, chosen: Vec<Chosen>) -> Result<(), StoreError> {
    let mut days: BTreeMap<u64, Vec<(u64, u64, Vec<Found>)>> = BTreeMap::new();
    let mut events = Events::of(file)?;
    for Chosen { number, session_id, .. } in chosen {
        let (found, id_bytes) = events.session(&session_id, Range::ALL)?;
        match found.first() {
            Some(first) => {
                let day = days.entry(first.at_ms / DAY_MS).or_default();
                day.push((number, id_bytes, found));
            }
            // Never, as long as its events are counted rightly.
            None => {
                file.prepare_cached(
                    "UPDATE sessions SET events = 0, segment = NULL WHERE id = ?1",
                )?
                .execute([number.cast_signed()])?;
            }
        }
    }
    for (day, mut sessions) in days {
        sessions
            .sort_by_key(|(number, _, found)| (found.first().map(|event| event.at_ms), *number));
        let mut builder = Builder::default();
        for (number, id_bytes, found) in sessions {
            builder.session(number, id_bytes, &found);
            if packing.is_full(&builder) {
                add(file, &std::mem::take(&mut builder).finish())?;
            }
        }
        if builder.events() > 0 {
            add(file, &builder.finish())?;
        }
        merge(file, packing, day)?;
    }
    Ok(())
}

/// Puts the small sheets of a day together when there are many.
fn merge(file: &Connection, packing: &Packing, day: u64) -> Result<(), StoreError> {
    let ids: BTreeSet<i64> = file
        .prepare_cached("SELECT id FROM segments WHERE day = ?1 AND events < ?2")?
        .query_map(params![day.cast_signed(), packing.sheet / 2], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if ids.len() < packing.few {
        return Ok(());
    }
    let mut builder = Builder::default();
    for id in ids {
        let Some(segment) = Segment::find(file, id)? else { continue };
        let sheet = without_loose(file, &segment)?;
        segment.remove(file)?;
        builder.append(&sheet);
        if packing.is_full(&builder) {
            add(file, &std::mem::take(&mut builder).finish())?;
        }
    }
    if builder.events() > 0 {
        add(file, &builder.finish())?;
    }
    Ok(())
}

/// What a segment says of sessions that are not loose; the others are in no segment from now on.
fn without_loose(file: &Connection, segment: &Segment) -> Result<Sheet, StoreError> {
    let mut stale: Vec<u64> = file
        .prepare_cached("SELECT id FROM sessions WHERE is_loose AND segment = ?1")?
        .query_map([segment.id], |row| row.get::<_, i64>(0))?
        .map(|id| id.map(i64::cast_unsigned))
        .collect::<Result<_, _>>()?;
    file.prepare_cached("UPDATE sessions SET segment = NULL WHERE is_loose AND segment = ?1")?
        .execute([segment.id])?;
    stale.sort_unstable();
    let sheet = segment.sheet(file)?;
    Ok(if stale.is_empty() { sheet } else { sheet.without(&stale) })
}
