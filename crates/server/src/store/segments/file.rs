//! Sheets in the file.

use std::collections::BTreeMap;

use insights::Range;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::store::{
    StoreError,
    row::integer,
    sheet::{Column, Columns, Sheet},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Ids of columns that a segment has for itself.
const WIDTH: i64 = 64;
const COLUMNS: &str = "SELECT bytes FROM columns WHERE id = ?1";

/// A packed sheet, still in the file.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub id: i64,
    /// Between when its events were.
    pub first_ms: u64,
    pub last_ms: u64,
    pub sessions: usize,
    pub is_mixed: bool,
}

impl Segment {
    const SELECT: &str = "SELECT id, first, last, sessions, is_mixed FROM segments";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |column| -> rusqlite::Result<u64> {
            Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
        };
        Ok(Self {
            id: row.get(0)?,
            first_ms: number(1)?,
            last_ms: number(2)?,
            sessions: usize::try_from(number(3)?).unwrap_or(0),
            is_mixed: row.get(4)?,
        })
    }

    /// Those that may have something of `range`.
    pub fn touching(file: &Connection, range: Range) -> Result<Vec<Self>, StoreError> {
        let sql = format!("{} WHERE last >= ?1 AND first < ?2 ORDER BY id", Self::SELECT);
        let mut statement = file.prepare_cached(&sql)?;
        let bounds = params![integer(range.from_ms), integer(range.to_ms)];
        Ok(statement.query_map(bounds, Self::read)?.collect::<Result<_, _>>()?)
    }

    pub fn find(file: &Connection, id: i64) -> Result<Option<Self>, StoreError> {
        let mut statement = file.prepare_cached(&format!("{} WHERE id = ?1", Self::SELECT))?;
        Ok(statement.query_row([id], Self::read).optional()?)
    }

    /// Reads some of its columns.
    pub fn packed(
        &self,
        columns: &mut CachedStatement<'_>,
        wanted: Columns,
    ) -> Result<Packed, StoreError> {
        let mut bytes = Vec::new();
        for column in wanted.iter() {
            let id = self.id * WIDTH + i64::from(column.0);
            let mut rows = columns.query([id])?;
            if let Some(row) = rows.next()? {
                let blob = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                bytes.push((column, blob.to_vec()));
            }
        }
        Ok(Packed { sessions: self.sessions, is_mixed: self.is_mixed, wanted, bytes })
    }

    /// All of it.
    pub fn sheet(&self, file: &Connection) -> Result<Sheet, StoreError> {
        self.packed(&mut columns(file)?, Columns::ALL)?.sheet()
    }

    /// Removes its sheet, and what is known of it.
    pub fn remove(&self, file: &Connection) -> Result<(), StoreError> {
        file.prepare_cached("DELETE FROM columns WHERE id >= ?1 AND id < ?2")?
            .execute([self.id * WIDTH, (self.id + 1) * WIDTH])?;
        file.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([self.id])?;
        Ok(())
    }

    /// Puts `sheet` in its place.
    pub fn replace(&self, file: &Connection, sheet: &Sheet) -> Result<(), StoreError> {
        self.remove(file)?;
        if sheet.sessions > 0 {
            write(file, sheet, Some(self.id))?;
        }
        Ok(())
    }
}

/// Columns as they stand in the file.
pub struct Packed {
    sessions: usize,
    is_mixed: bool,
    wanted: Columns,
    bytes: Vec<(Column, Vec<u8>)>,
}

impl Packed {
    pub fn sheet(&self) -> Result<Sheet, StoreError> {
        let bytes = |column| {
            let found = self.bytes.binary_search_by_key(&column, |(column, _)| *column);
            found.map_or(&[][..], |at| &self.bytes[at].1)
        };
        Sheet::read(self.sessions, self.is_mixed, self.wanted, bytes).ok_or(StoreError::Packed)
    }
}

/// What [`Segment::packed`] reads with.
pub fn columns(file: &Connection) -> Result<CachedStatement<'_>, StoreError> {
    Ok(file.prepare_cached(COLUMNS)?)
}

/// Stores `sheet` as a segment of its own and says so to its sessions.
pub fn add(file: &Connection, sheet: &Sheet) -> Result<(), StoreError> {
    let id = write(file, sheet, None)?;
    let mut session =
        file.prepare_cached("UPDATE sessions SET segment = ?2, is_loose = 0 WHERE id = ?1")?;
    for &number in &sheet.number {
        session.execute(params![integer(number), id])?;
    }
    Ok(())
}

fn write(file: &Connection, sheet: &Sheet, id: Option<i64>) -> Result<i64, StoreError> {
    let first_ms = sheet.first_ms.iter().copied().min().unwrap_or(0);
    let last_ms = sheet.last_ms.iter().copied().max().unwrap_or(0);
    file.prepare_cached("INSERT INTO segments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            id,
            integer(first_ms / DAY_MS),
            integer(first_ms),
            integer(last_ms),
            integer(sheet.sessions as u64),
            integer(sheet.events() as u64),
            sheet.is_mixed,
        ],
    )?;
    let id = id.unwrap_or_else(|| file.last_insert_rowid());
    let mut column = file.prepare_cached("INSERT INTO columns VALUES (?1, ?2)")?;
    for (of, bytes) in sheet.columns() {
        column.execute(params![id * WIDTH + i64::from(of.0), bytes])?;
    }
    Ok(id)
}

/// The sessions whose sheet does not say any more what they did, by segment and in order.
pub fn stale(file: &Connection) -> Result<BTreeMap<i64, Vec<u64>>, StoreError> {
    let mut statement = file.prepare_cached(
        "SELECT segment, id FROM sessions WHERE is_loose AND segment IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    let mut stale: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let number = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
        stale.entry(row.get(0)?).or_default().push(number);
    }
    stale.values_mut().for_each(|numbers| numbers.sort_unstable());
    Ok(stale)
}

/// Numbers and ids of loose sessions that may have something of `range`.
pub fn loose(file: &Connection, range: Range) -> Result<Vec<(u64, String)>, StoreError> {
    let mut statement = file.prepare_cached(
        "SELECT id, session_id FROM sessions WHERE is_loose AND events > 0 AND last >= ?1",
    )?;
    let rows = statement.query_map([integer(range.from_ms)], |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
