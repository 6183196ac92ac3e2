//! A sheet's columns as bytes.

use super::{
    Column, Columns, Events, Kind, Name, Part, Sheet, Weight, What,
    numbers::{Numbers, put, signed, signless},
};

impl Sheet {
    /// Each column that has anything in it.
    pub fn columns(&self) -> Vec<(Column, Vec<u8>)> {
        let mut columns = vec![
            (Column::NAMES, self.pack_names()),
            (Column::NUMBER, differences(&self.number)),
            (Column::USER, packed(self.user.iter().copied())),
            (Column::SPAN, self.pack_spans()),
            (Column::ID_BYTES, packed(self.id_bytes.iter().copied())),
            (Column::WEIGHT, Weight::of(self).pack()),
        ];
        for kind in Kind::ALL {
            let events = self.all(kind);
            if events.len() > 0 {
                columns.extend(Part::ALL.map(|part| (kind.column(part), self.pack(events, part))));
            }
        }
        columns.retain(|(_, bytes)| !bytes.is_empty());
        columns
    }

    fn pack_names(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in self.names.iter().flat_map(|Name { hash, name }| [hash, name]) {
            put(&mut bytes, text.len() as u64);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn pack_spans(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut before = 0;
        for (&first, &last) in self.first_ms.iter().zip(&self.last_ms) {
            put(&mut bytes, signless(first.wrapping_sub(before).cast_signed()));
            put(&mut bytes, last.saturating_sub(first));
            before = first;
        }
        bytes
    }

    fn pack(&self, events: &Events, part: Part) -> Vec<u8> {
        match part {
            Part::Count => packed((0..self.sessions).map(|at| events.of(at).len() as u64)),
            Part::What => packed(events.what.iter().map(|what| u64::from(what.0))),
            Part::At => self.pack_times(events),
            Part::Value => packed(events.value.iter().copied()),
            Part::After => packed(events.after.iter().map(|&after| after as u64)),
            Part::Bytes => packed(events.bytes.iter().copied()),
            Part::Late => packed(events.late.iter().flat_map(|&(at, hour)| [at as u64, hour])),
            Part::User => packed(events.user.iter().copied()),
        }
    }

    /// From the session's beginning on, what has passed since the event before.
    fn pack_times(&self, events: &Events) -> Vec<u8> {
        let mut bytes = Vec::new();
        for session in 0..self.sessions {
            let mut before = self.first_ms[session];
            for &at_ms in &events.at_ms[events.of(session)] {
                put(&mut bytes, at_ms.saturating_sub(before));
                before = at_ms;
            }
        }
        bytes
    }

    /// The `columns` of a sheet of so many sessions; none when they do not fit together. What is not there is
    /// empty.
    pub fn read<'a>(
        sessions: usize,
        is_mixed: bool,
        columns: Columns,
        bytes: impl Fn(Column) -> &'a [u8],
    ) -> Option<Self> {
        let mut sheet = Self { sessions, is_mixed, ..Self::default() };
        let wanted = |column| if columns.has(column) { bytes(column) } else { &[] };
        sheet.names = read_names(wanted(Column::NAMES))?;
        if columns.has(Column::WEIGHT) {
            sheet.weight = Some(Weight::read(wanted(Column::WEIGHT), sheet.names.len())?);
        }
        let mut before = 0_u64;
        for number in Numbers(wanted(Column::NUMBER)) {
            before = before.wrapping_add(signed(number).cast_unsigned());
            sheet.number.push(before);
        }
        sheet.user = Numbers(wanted(Column::USER)).collect();
        sheet.id_bytes = Numbers(wanted(Column::ID_BYTES)).collect();
        let mut spans = Numbers(wanted(Column::SPAN));
        let mut before = 0_u64;
        while let Some(first) = spans.next() {
            before = before.wrapping_add(signed(first).cast_unsigned());
            sheet.first_ms.push(before);
            sheet.last_ms.push(before.checked_add(spans.next()?)?);
        }
        let of_sessions = [
            (Column::NUMBER, sheet.number.len()),
            (Column::USER, sheet.user.len()),
            (Column::ID_BYTES, sheet.id_bytes.len()),
            (Column::SPAN, sheet.first_ms.len()),
        ];
        for (column, length) in of_sessions {
            if columns.has(column) && length != sessions {
                return None;
            }
        }
        for kind in Kind::ALL {
            if columns.has_any(kind) {
                let events = read_events(&sheet, kind, columns, &wanted)?;
                *sheet.all_mut(kind) = events;
            }
        }
        Some(sheet)
    }
}

fn packed(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.size_hint().0);
    numbers.for_each(|number| put(&mut bytes, number));
    bytes
}

fn differences(numbers: &[u64]) -> Vec<u8> {
    let before = std::iter::once(0).chain(numbers.iter().copied());
    let steps = numbers.iter().zip(before).map(|(n, before)| n.wrapping_sub(before).cast_signed());
    packed(steps.map(signless))
}

fn read_names(bytes: &[u8]) -> Option<Vec<Name>> {
    let mut numbers = Numbers(bytes);
    let mut names = Vec::new();
    let text = |numbers: &mut Numbers<'_>, length| {
        std::str::from_utf8(numbers.bytes(length)?).ok().map(str::to_owned)
    };
    while let Some(length) = numbers.next() {
        let hash = text(&mut numbers, length)?;
        let length = numbers.next()?;
        names.push(Name { hash, name: text(&mut numbers, length)? });
    }
    Some(names)
}

fn read_events<'a>(
    sheet: &Sheet,
    kind: Kind,
    columns: Columns,
    bytes: &impl Fn(Column) -> &'a [u8],
) -> Option<Events> {
    let part = |part| bytes(kind.column(part));
    let size = |number| usize::try_from(number).ok();
    let mut events = Events { ends: Vec::with_capacity(sheet.sessions), ..Events::default() };
    let mut end = 0_usize;
    for count in Numbers(part(Part::Count)) {
        end = end.checked_add(size(count)?)?;
        events.ends.push(end);
    }
    // Of a kind that no session has there is nothing.
    if events.ends.is_empty() {
        events.ends.resize(sheet.sessions, 0);
    }
    if events.ends.len() != sheet.sessions {
        return None;
    }
    let whats = part(Part::What);
    events.what.reserve(whats.len());
    events.what.extend(Numbers(whats).map(|what| What(what as u32)));
    let values = part(Part::Value);
    events.value.reserve(values.len());
    events.value.extend(Numbers(values));
    events.after = Numbers(part(Part::After)).map(size).collect::<Option<_>>()?;
    events.bytes = Numbers(part(Part::Bytes)).collect();
    events.user = Numbers(part(Part::User)).collect();
    let mut late = Numbers(part(Part::Late));
    while let Some(at) = late.next() {
        events.late.push((size(at)?, late.next()?));
    }
    if columns.has(kind.column(Part::At)) {
        let mut times = Numbers(part(Part::At));
        events.at_ms.reserve(end);
        for session in 0..sheet.sessions {
            let mut at_ms = sheet.first_ms[session];
            for _ in events.of(session) {
                at_ms = at_ms.checked_add(times.next()?)?;
                events.at_ms.push(at_ms);
            }
        }
    }
    let lengths = [
        (Part::What, events.what.len()),
        (Part::Value, events.value.len()),
        (Part::Bytes, events.bytes.len()),
    ];
    let is_whole =
        |&(part, length): &(Part, usize)| !columns.has(kind.column(part)) || length == end;
    let is_known = |what: &What| sheet.names.is_empty() || what.name() < sheet.names.len();
    let fits = lengths.iter().all(is_whole)
        && (events.after.is_empty() || events.after.len() == end)
        && (events.user.is_empty() || events.user.len() == end)
        && events.what.iter().all(is_known)
        && events.late.iter().all(|(at, _)| *at < end);
    fits.then_some(events)
}
