//! Errors, and what the latest of them said.

use std::collections::BTreeMap;

use insights::{ComponentErrors, ErrorMessage, RECENT, Row, bounded};
use rusqlite::params;

use super::{ByComponent, largest_first};
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope, signed},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone, Default)]
struct Failed {
    errors: u64,
    /// When some were and in which session: the latest, and all that were at the same time as the last of them.
    latest: Vec<(u64, u64)>,
}

impl Failed {
    fn add(&mut self, Self { errors, latest }: Self) {
        self.errors += errors;
        self.latest.extend(latest);
        self.latest.sort_unstable_by(|a, b| b.cmp(a));
        self.latest.dedup();
        // Each stands for one error at least.
        if let Some(&(last_ms, _)) = self.latest.get(RECENT - 1) {
            self.latest.retain(|(at_ms, _)| *at_ms >= last_ms);
        }
    }
}

#[derive(Clone, Default)]
struct Errors(ByComponent<Failed>);

impl Count for Errors {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::NAMES)
            .and(Column::NUMBER)
            .of(Kind::Error, &[Part::What, Part::At])
    }

    fn add(&mut self, sheet: &Sheet) {
        let errors = sheet.all(Kind::Error);
        let mut all = vec![Failed::default(); sheet.names.len()];
        for session in 0..sheet.sessions {
            for at in errors.of(session) {
                let failed = &mut all[errors.what[at].name()];
                failed.errors += 1;
                failed.latest.push((errors.at_ms[at], sheet.number[session]));
            }
        }
        for (name, failed) in sheet.names.iter().zip(all) {
            if failed.errors > 0 {
                self.0.of(name).add(failed);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0, Failed::add);
    }
}

pub fn errors(scope: &Scope<'_>) -> Answer<Vec<ComponentErrors>> {
    let Errors(components) = count(scope, Errors::default())?;
    let mut latest = BTreeMap::new();
    let mut errors = Vec::new();
    for (component, (name, failed)) in components.0 {
        let row = ComponentErrors {
            component,
            name,
            errors: failed.errors,
            latest: Vec::new(),
            folded: 0,
        };
        latest.insert(row.component.clone(), failed.latest);
        errors.push(row);
    }
    let mut errors = bounded(largest_first(errors, |entry| entry.errors));
    // Only of the rows that are left, messages are read.
    for row in errors.iter_mut().filter(|row| row.folded() == 0) {
        if let Some(latest) = latest.get(&row.component) {
            row.latest = messages(scope, &row.component, latest)?;
        }
    }
    Ok(errors)
}

/// What the errors of a component said that were then and in these sessions.
fn messages(
    scope: &Scope<'_>,
    component: &str,
    latest: &[(u64, u64)],
) -> Answer<Vec<ErrorMessage>> {
    let mut statement = scope.events.prepare_cached(
        "SELECT seq, event_id, error_message, demo, user_id FROM events
         WHERE session_id = (SELECT session_id FROM sessions WHERE id = ?1) AND timestamp = ?2
             AND event = 'component_error' AND component_hash = ?3",
    )?;
    let mut found: Vec<(u64, i64, Vec<u8>, String)> = Vec::new();
    for &(at_ms, number) in latest {
        let mut rows = statement.query(params![signed(number), signed(at_ms), component])?;
        while let Some(row) = rows.next()? {
            let user = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
            let is_of_demo = scope.filter.hide_demo && row.get(3)?;
            if !is_of_demo && scope.filter.user.as_ref().is_none_or(|wanted| wanted == user) {
                found.push((at_ms, row.get(0)?, row.get(1)?, row.get(2)?));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(insights::messages(found.iter().map(|(.., message)| message.as_str())))
}
