//! A sheet from events, and one sheet from several.

use std::collections::HashMap;

use super::{Kind, Name, Sheet, What};

/// What a sheet keeps of an event.
#[derive(Clone, Debug)]
pub struct Found {
    pub kind: Kind,
    pub hash: String,
    pub name: String,
    pub at_ms: u64,
    /// The component before it, of a visit.
    pub previous: Option<String>,
    /// [`Events::value`] of what is no visit.
    pub value: u64,
    pub demo: bool,
    pub is_entry: bool,
    pub bytes: u64,
    pub late_hour: Option<u64>,
    pub user: u64,
}

/// A sheet that grows session by session.
#[derive(Default)]
pub struct Builder {
    sheet: Sheet,
    /// Places of its names, by hash and name.
    places: HashMap<String, HashMap<String, usize>>,
}

impl Builder {
    pub fn events(&self) -> usize {
        self.sheet.events()
    }

    /// Adds a session with all its events, in their order.
    pub fn session(&mut self, number: u64, id_bytes: u64, found: &[Found]) {
        let (Some(first), Some(last)) = (found.first(), found.last()) else { return };
        let sheet = &mut self.sheet;
        if found.iter().any(|event| event.user != first.user) {
            sheet.mix();
        }
        sheet.sessions += 1;
        sheet.number.push(number);
        sheet.user.push(first.user);
        sheet.first_ms.push(first.at_ms);
        sheet.last_ms.push(last.at_ms);
        sheet.id_bytes.push(id_bytes);
        let mut visits = 0;
        for event in found {
            let name = self.place(&event.hash, &event.name);
            let value = match &event.previous {
                Some(previous) => self.place(previous, "") as u64,
                None => event.value,
            };
            let is_mixed = self.sheet.is_mixed;
            let events = self.sheet.all_mut(event.kind);
            events.late.extend(event.late_hour.map(|hour| (events.what.len(), hour)));
            events.what.push(What::new(name, event.demo, event.is_entry));
            events.at_ms.push(event.at_ms);
            events.value.push(value);
            events.bytes.push(event.bytes);
            match event.kind {
                Kind::Visit => visits += 1,
                Kind::Exit => events.after.push(visits),
                Kind::Error | Kind::Load | Kind::Rest => {}
            }
            if is_mixed {
                events.user.push(event.user);
            }
        }
        for events in &mut self.sheet.kinds {
            events.ends.push(events.what.len());
        }
    }

    /// Adds all sessions of another sheet, which has all its columns.
    pub fn append(&mut self, other: &Sheet) {
        if other.is_mixed {
            self.sheet.mix();
        }
        let places: Vec<usize> =
            other.names.iter().map(|name| self.place(&name.hash, &name.name)).collect();
        let place = |at: usize| places.get(at).copied().unwrap_or(0);
        let sheet = &mut self.sheet;
        let is_mixed = sheet.is_mixed;
        sheet.sessions += other.sessions;
        sheet.number.extend(&other.number);
        sheet.user.extend(&other.user);
        sheet.first_ms.extend(&other.first_ms);
        sheet.last_ms.extend(&other.last_ms);
        sheet.id_bytes.extend(&other.id_bytes);
        for kind in Kind::ALL {
            let (to, from) = (sheet.all_mut(kind), other.all(kind));
            let before = to.what.len();
            to.ends.extend(from.ends.iter().map(|end| before + end));
            let what = |what: &What| What::new(place(what.name()), what.is_demo(), what.is_entry());
            to.what.extend(from.what.iter().map(what));
            to.at_ms.extend(&from.at_ms);
            if kind == Kind::Visit {
                let at = |&value: &u64| place(usize::try_from(value).unwrap_or(usize::MAX)) as u64;
                to.value.extend(from.value.iter().map(at));
            } else {
                to.value.extend(&from.value);
            }
            to.after.extend(&from.after);
            to.bytes.extend(&from.bytes);
            to.late.extend(from.late.iter().map(|(at, hour)| (before + at, *hour)));
            if is_mixed && !other.is_mixed {
                for session in 0..other.sessions {
                    to.user.extend(from.of(session).map(|_| other.user[session]));
                }
            } else {
                to.user.extend(&from.user);
            }
        }
    }

    pub fn finish(self) -> Sheet {
        self.sheet
    }

    fn place(&mut self, hash: &str, name: &str) -> usize {
        if let Some(&place) = self.places.get(hash).and_then(|names| names.get(name)) {
            return place;
        }
        let place = self.sheet.names.len();
        self.sheet.names.push(Name { hash: hash.to_owned(), name: name.to_owned() });
        self.places.entry(hash.to_owned()).or_default().insert(name.to_owned(), place);
        place
    }
}

impl Sheet {
    /// From now on each event says whose it is.
    fn mix(&mut self) {
        if std::mem::replace(&mut self.is_mixed, true) {
            return;
        }
        let (sessions, user) = (self.sessions, &self.user);
        for events in &mut self.kinds {
            let users = (0..sessions).flat_map(|at| events.of(at).map(move |_| user[at]));
            events.user = users.collect();
        }
    }
}
