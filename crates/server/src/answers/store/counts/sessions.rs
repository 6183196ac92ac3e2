//! Sessions: how long they are, and a page of their list.

use insights::{Session, SessionLengths};
use rusqlite::OptionalExtension;

use super::Numbers;
use crate::{
    answers::{
        folded,
        store::{
            read::{Count, count},
            scope::{Answer, Scope, signed},
        },
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone, Default)]
struct Lengths(Vec<u64>);

impl Count for Lengths {
    const SPANS: bool = true;

    fn needs(&self) -> Columns {
        Columns::default().of(Kind::Visit, &[Part::What])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        for session in 0..sheet.sessions {
            if visits.what[visits.of(session)].iter().any(|what| what.is_entry()) {
                self.0.push(sheet.last_ms[session] - sheet.first_ms[session]);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

pub fn session_lengths(scope: &Scope<'_>) -> Answer<SessionLengths> {
    Ok(SessionLengths::of(count(scope, Lengths::default())?.0))
}

/// What is searched for, and whose ids begin like it.
#[derive(Clone)]
struct Search<'a> {
    text: &'a str,
    sessions: &'a Numbers,
    users: &'a Numbers,
}

impl Search<'_> {
    fn finds(&self, sheet: &Sheet, is_named: &[bool], session: usize) -> bool {
        let of_user = || {
            if !sheet.is_mixed {
                return self.users.has(sheet.user[session]);
            }
            Kind::ALL.into_iter().any(|kind| {
                let events = sheet.all(kind);
                events.of(session).any(|at| self.users.has(events.user[at]))
            })
        };
        let visits = sheet.all(Kind::Visit);
        self.sessions.has(sheet.number[session])
            || visits.of(session).any(|at| is_named[visits.what[at].name()])
            || of_user()
    }
}

/// When sessions began and which they are, of the latest.
#[derive(Clone)]
struct Latest<'a> {
    search: Option<Search<'a>>,
    at_most: usize,
    started: Vec<(u64, u64)>,
}

impl Latest<'_> {
    /// Only the latest, and all that began when the last of them did.
    fn forget(&mut self) {
        if self.at_most < self.started.len() {
            let (_, last, _) =
                self.started.select_nth_unstable_by(self.at_most - 1, |a, b| b.cmp(a));
            let last_ms = last.0;
            self.started.retain(|(started_ms, _)| *started_ms >= last_ms);
        }
    }
}

impl Count for Latest<'_> {
    const SPANS: bool = true;

    fn needs(&self) -> Columns {
        let columns = Columns::default().and(Column::NUMBER).of(Kind::Visit, &[]);
        if self.search.is_none() {
            return columns;
        }
        let all = Kind::ALL.into_iter().fold(columns, |columns, kind| columns.of(kind, &[]));
        all.and(Column::NAMES).and(Column::USER).of(Kind::Visit, &[Part::What])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let is_named: Vec<bool> = match &self.search {
            None => Vec::new(),
            Some(Search { text, .. }) => {
                sheet.names.iter().map(|name| folded(&name.name).contains(text)).collect()
            }
        };
        for session in 0..sheet.sessions {
            let finds = |search: &Search<'_>| search.finds(sheet, &is_named, session);
            if !visits.of(session).is_empty() && self.search.as_ref().is_none_or(finds) {
                self.started.push((sheet.first_ms[session], sheet.number[session]));
            }
        }
        if self.started.len() / 4 > self.at_most {
            self.forget();
        }
    }

    fn merge(&mut self, other: Self) {
        self.started.extend(other.started);
    }
}

pub fn sessions(scope: &Scope<'_>, search: &str, limit: u64, offset: u64) -> Answer<Vec<Session>> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (limit, offset) = (size(limit), size(offset));
    let text = folded(search);
    let (sessions, users) = if text.is_empty() { Default::default() } else { found(scope, &text)? };
    let search =
        (!text.is_empty()).then_some(Search { text: &text, sessions: &sessions, users: &users });
    let at_most = offset.saturating_add(limit).max(1);
    let mut latest = count(scope, Latest { search, at_most, started: Vec::new() })?;
    latest.forget();
    let mut started = latest.started;
    started.sort_unstable_by(|a, b| b.cmp(a));
    let Some(&(first_ms, _)) = started.get(offset) else { return Ok(Vec::new()) };
    // Those that began together are ordered by their ids.
    let skipped = started.partition_point(|(started_ms, _)| *started_ms > first_ms);
    let mut page = Vec::new();
    for (started_ms, number) in started.split_off(skipped) {
        page.push((started_ms, session_id(scope, number)?));
    }
    page.sort_unstable_by(|a, b| b.cmp(a));
    let mut records = Vec::new();
    for (_, id) in page.into_iter().skip(offset - skipped).take(limit) {
        records.extend(scope.records(&id, usize::MAX)?);
    }
    let records = scope.filter.apply(&records, scope.range, scope.meaning);
    Ok(insights::sessions(&records, scope.range, "", folded, limit, 0))
}

fn session_id(scope: &Scope<'_>, number: u64) -> Answer<String> {
    let mut statement =
        scope.events.prepare_cached("SELECT session_id FROM sessions WHERE id = ?1")?;
    let found = statement.query_row([signed(number)], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_default())
}

/// The sessions and the users whose ids match.
fn found(scope: &Scope<'_>, text: &str) -> Answer<(Numbers, Numbers)> {
    let numbers = |sql: &str| -> Answer<Numbers> {
        let mut statement = scope.events.prepare_cached(sql)?;
        let mut rows = statement.query([text])?;
        let mut numbers = Numbers::default();
        while let Some(row) = rows.next()? {
            numbers.add(row.get::<_, i64>(0)?.cast_unsigned());
        }
        Ok(numbers)
    };
    Ok((
        numbers(
            "SELECT id FROM sessions WHERE substr(session_id, 1, length(?1)) = ?1
                 OR instr(session_id, '_' || ?1) > 0",
        )?,
        numbers("SELECT id FROM users WHERE substr(user_id, 1, length(?1)) = ?1")?,
    ))
}
