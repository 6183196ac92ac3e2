//! From where to where people go.

use std::collections::HashMap;

use insights::{Flow, PathStep, bounded, bounded_by_step};
use tracking::event::EXIT;

use crate::{
    answers::store::{
        read::{Count, count},
        scope::{Answer, Scope},
    },
    store::sheet::{Column, Columns, Kind, Part, Sheet},
};

/// So many names a table has room for; with more, steps are looked up.
const WIDE: usize = 512;

/// Counts of steps from one of a sheet's names to another, or to one more: the exit.
struct Table {
    width: usize,
    dense: Vec<u64>,
    sparse: HashMap<(usize, usize), u64>,
}

impl Table {
    fn new(sheet: &Sheet) -> Self {
        let width = sheet.names.len() + 1;
        let dense = if width <= WIDE { vec![0; width * width] } else { Vec::new() };
        Self { width, dense, sparse: HashMap::new() }
    }

    #[inline]
    fn add(&mut self, from: usize, to: usize) {
        match self.dense.get_mut(from * self.width + to) {
            Some(count) => *count += 1,
            None => *self.sparse.entry((from, to)).or_default() += 1,
        }
    }

    fn counts(self) -> impl Iterator<Item = ((usize, usize), u64)> {
        let width = self.width;
        let dense = self.dense.into_iter().enumerate().filter(|(_, count)| *count > 0);
        dense.map(move |(at, count)| ((at / width, at % width), count)).chain(self.sparse)
    }
}

/// Counts of steps from and to components, which have numbers of their own here.
#[derive(Clone, Default)]
struct Steps {
    hashes: Vec<String>,
    numbers: HashMap<String, usize>,
    counts: HashMap<(u64, usize, usize), u64>,
}

impl Steps {
    fn number(&mut self, hash: &str) -> usize {
        if let Some(&number) = self.numbers.get(hash) {
            return number;
        }
        let number = self.hashes.len();
        self.hashes.push(hash.to_owned());
        self.numbers.insert(hash.to_owned(), number);
        number
    }

    fn add(&mut self, sheet: &Sheet, step: u64, table: Table) {
        let hashes = sheet.names.iter().map(|name| name.hash.as_str()).chain([EXIT]);
        let numbers: Vec<usize> = hashes.map(|hash| self.number(hash)).collect();
        for ((from, to), count) in table.counts() {
            if let (Some(&from), Some(&to)) = (numbers.get(from), numbers.get(to)) {
                *self.counts.entry((step, from, to)).or_default() += count;
            }
        }
    }

    fn merge(&mut self, other: Self) {
        let numbers: Vec<usize> = other.hashes.iter().map(|hash| self.number(hash)).collect();
        for ((step, from, to), count) in other.counts {
            *self.counts.entry((step, numbers[from], numbers[to])).or_default() += count;
        }
    }

    /// By step, then most first, then by from and to.
    fn sorted(self) -> impl Iterator<Item = (u64, String, String, u64)> {
        let hash = |at: usize| self.hashes[at].clone();
        let mut all: Vec<_> = self
            .counts
            .iter()
            .map(|(&(step, from, to), &count)| (step, hash(from), hash(to), count))
            .collect();
        all.sort_by(|a, b| (a.0, b.3, &a.1, &a.2).cmp(&(b.0, a.3, &b.1, &b.2)));
        all.into_iter()
    }
}

#[derive(Clone, Default)]
struct Journey(Steps);

impl Count for Journey {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::NAMES).of(Kind::Visit, &[Part::What, Part::Value])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let mut table = Table::new(sheet);
        for (what, &previous) in visits.what.iter().zip(&visits.value) {
            table.add(usize::try_from(previous).unwrap_or(usize::MAX), what.name());
        }
        for session in 0..sheet.sessions {
            if let Some(last) = visits.of(session).next_back() {
                table.add(visits.what[last].name(), sheet.names.len());
            }
        }
        self.0.add(sheet, 0, table);
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }
}

pub fn journey(scope: &Scope<'_>) -> Answer<Vec<Flow>> {
    let Journey(steps) = count(scope, Journey::default())?;
    let flows = steps.sorted().map(|(_, from, to, count)| Flow { from, to, count, folded: 0 });
    let around = &scope.filter.components;
    Ok(bounded(flows.filter(|flow| flow.touches(around)).collect()))
}

#[derive(Clone)]
struct Paths {
    at_most: u64,
    steps: Steps,
}

impl Count for Paths {
    fn needs(&self) -> Columns {
        Columns::default().and(Column::NAMES).of(Kind::Visit, &[Part::What])
    }

    fn add(&mut self, sheet: &Sheet) {
        let visits = sheet.all(Kind::Visit);
        let mut tables: Vec<Table> = (0..self.at_most).map(|_| Table::new(sheet)).collect();
        for session in 0..sheet.sessions {
            let places = &visits.what[visits.of(session)];
            // Of one that began before the range nobody knows which step is its first.
            if !places.iter().any(|what| what.is_entry()) {
                continue;
            }
            for (step, (table, what)) in tables.iter_mut().zip(places).enumerate() {
                let next = places.get(step + 1).map_or(sheet.names.len(), |next| next.name());
                table.add(what.name(), next);
            }
        }
        for (step, table) in (1..).zip(tables) {
            self.steps.add(sheet, step, table);
        }
    }

    fn merge(&mut self, other: Self) {
        self.steps.merge(other.steps);
    }
}

pub fn paths(scope: &Scope<'_>, steps: u64) -> Answer<Vec<PathStep>> {
    let counted = count(scope, Paths { at_most: steps, steps: Steps::default() })?;
    let paths = counted.steps.sorted();
    let paths =
        paths.map(|(step, from, to, sessions)| PathStep { step, from, to, sessions, folded: 0 });
    Ok(bounded_by_step(paths.collect()))
}
