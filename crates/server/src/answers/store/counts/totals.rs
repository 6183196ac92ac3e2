//! Counts of everything in range.

use std::collections::BTreeSet;

use insights::{ActiveUsers, Bounce, Summary};

use super::{Numbers, visitors};
use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

#[derive(Clone, Default)]
struct Totals {
    summary: Summary,
    users: Numbers,
    components: BTreeSet<String>,
}

impl Count for Totals {
    fn needs(&self) -> Columns {
        Columns::default()
            .and(Column::NAMES)
            .and(Column::USER)
            .of(Kind::Visit, &[Part::What])
            .of(Kind::Exit, &[Part::Value])
            .of(Kind::Error, &[])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let with_visit = (0..sheet.sessions).filter(|&session| !visits.of(session).is_empty());
        self.summary.sessions += with_visit.count() as u64;
        self.summary.visits += visits.len() as u64;
        self.summary.errors += sheet.all(Kind::Error).len() as u64;
        for &taken_ms in &sheet.all(Kind::Exit).value {
            self.summary.total_ms = self.summary.total_ms.saturating_add(taken_ms);
        }
        visitors(sheet, &mut self.users);
        let mut visited = vec![false; sheet.names.len()];
        visits.what.iter().for_each(|what| visited[what.name()] = true);
        for (name, _) in sheet.names.iter().zip(visited).filter(|(_, visited)| *visited) {
            if !self.components.contains(&name.hash) {
                self.components.insert(name.hash.clone());
            }
        }
    }

    fn merge(&mut self, other: Self) {
        let Summary { visits, sessions, users: _, errors, components: _, total_ms } = other.summary;
        self.summary.visits += visits;
        self.summary.sessions += sessions;
        self.summary.errors += errors;
        self.summary.total_ms = self.summary.total_ms.saturating_add(total_ms);
        self.users.merge(&other.users);
        self.components.extend(other.components);
    }
}

pub fn summary(scope: &Scope<'_>) -> Answer<Summary> {
    let Totals { summary, users, components } = count(scope, Totals::default())?;
    Ok(Summary { users: users.len(), components: components.len() as u64, ..summary })
}

#[derive(Clone, Default)]
struct Visitors(Numbers);

impl Count for Visitors {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::USER).of(Kind::Visit, &[])
    }

    fn add(&mut self, sheet: &Sheet) {
        visitors(sheet, &mut self.0);
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(&other.0);
    }
}

pub fn active_users(scope: &Scope<'_>) -> Answer<ActiveUsers> {
    Ok(ActiveUsers { users: count(scope, Visitors::default())?.0.len() })
}

#[derive(Clone)]
struct Bounces(Bounce);

impl Count for Bounces {
    fn needs(&self) -> Columns {
        Columns::default().of(Kind::Visit, &[Part::What])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        for session in 0..sheet.sessions {
            let whats = &visits.what[visits.of(session)];
            self.0.sessions += u64::from(!whats.is_empty());
            self.0.bounced += u64::from(matches!(whats, [only] if only.is_entry()));
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.sessions += other.0.sessions;
        self.0.bounced += other.0.bounced;
    }
}

pub fn bounce(scope: &Scope<'_>) -> Answer<Bounce> {
    Ok(count(scope, Bounces(Bounce { sessions: 0, bounced: 0 }))?.0)
}
