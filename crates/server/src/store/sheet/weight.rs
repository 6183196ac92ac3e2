//! What the events of a sheet weigh, and into how many streams Loki would sort them.

use std::collections::HashSet;

use super::{
    Events, Kind, Rest, Sheet,
    numbers::{Numbers, put},
};

/// Names of events that a stream is labelled with.
const EVENTS: usize = 7;

/// The event and the place of the component of a stream.
pub type Stream = (usize, usize);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weight {
    pub events: u64,
    pub line_bytes: u64,
    /// Of the ids of each event.
    pub id_bytes: u64,
    pub streams: Vec<Stream>,
    /// Those of late events, by hour.
    pub late: Vec<(Stream, u64)>,
    /// How many they would be if each session had its own.
    pub of_sessions: u64,
    pub late_of_sessions: u64,
}

/// The number of an event's name.
fn event(kind: Kind, events: &Events, at: usize) -> usize {
    match (kind, events.value.get(at).copied()) {
        (Kind::Visit, _) => 0,
        (Kind::Exit, _) => 1,
        (Kind::Error, _) => 2,
        (Kind::Load, _) | (Kind::Rest, Some(Rest::INTERACTION)) => 3,
        (Kind::Rest, Some(Rest::START)) => 4,
        (Kind::Rest, Some(Rest::RESUME)) => 5,
        (Kind::Rest, _) => 6,
    }
}

impl Weight {
    /// Of a sheet that has [`Part::What`](super::Part::What), bytes and late ones of all kinds, and the values of
    /// the rest.
    pub fn of(sheet: &Sheet) -> Self {
        let mut weight = Self::default();
        let hashes = sheet.hashes();
        let width = hashes.len().max(1);
        // For each stream, one more than the last session that was seen to have it.
        let mut seen = vec![0; EVENTS * width];
        let mut late = HashSet::new();
        for session in 0..sheet.sessions {
            let mut count = 0;
            for kind in Kind::ALL {
                let events = sheet.all(kind);
                count += events.of(session).len() as u64;
                for at in events.of(session) {
                    let stream = event(kind, events, at) * width + hashes[events.what[at].name()];
                    weight.of_sessions += u64::from(seen[stream] != session + 1);
                    seen[stream] = session + 1;
                }
            }
            weight.events += count;
            weight.id_bytes += count * sheet.id_bytes[session];
        }
        for kind in Kind::ALL {
            let events = sheet.all(kind);
            weight.line_bytes += events.bytes.iter().sum::<u64>();
            for &(at, hour) in &events.late {
                let session = events.ends.partition_point(|end| *end <= at);
                let stream = (event(kind, events, at), hashes[events.what[at].name()]);
                late.insert((session, stream, hour));
            }
        }
        weight.late_of_sessions = late.len() as u64;
        let late: HashSet<_> = late.into_iter().map(|(_, stream, hour)| (stream, hour)).collect();
        weight.late.extend(late);
        weight.late.sort_unstable();
        let seen = seen.iter().enumerate().filter(|(_, last)| **last > 0);
        weight.streams.extend(seen.map(|(at, _)| (at / width, at % width)));
        weight
    }

    pub(super) fn pack(&self) -> Vec<u8> {
        let Self { events, line_bytes, id_bytes, streams, late, of_sessions, late_of_sessions } =
            self;
        let mut bytes = Vec::new();
        for number in [events, line_bytes, id_bytes, of_sessions, late_of_sessions] {
            put(&mut bytes, *number);
        }
        put(&mut bytes, streams.len() as u64);
        for &(event, name) in streams {
            put(&mut bytes, event as u64);
            put(&mut bytes, name as u64);
        }
        for &((event, name), hour) in late {
            put(&mut bytes, event as u64);
            put(&mut bytes, name as u64);
            put(&mut bytes, hour);
        }
        bytes
    }

    /// None when it is not whole, or names what the sheet has not.
    pub(super) fn read(bytes: &[u8], names: usize) -> Option<Self> {
        let mut numbers = Numbers(bytes);
        let mut weight = Self {
            events: numbers.next()?,
            line_bytes: numbers.next()?,
            id_bytes: numbers.next()?,
            of_sessions: numbers.next()?,
            late_of_sessions: numbers.next()?,
            ..Self::default()
        };
        let stream = |event: u64, name: Option<u64>| {
            let name = usize::try_from(name?).ok().filter(|name| *name < names)?;
            Some((usize::try_from(event).ok()?, name))
        };
        for _ in 0..numbers.next()? {
            let event = numbers.next()?;
            weight.streams.push(stream(event, numbers.next())?);
        }
        while let Some(event) = numbers.next() {
            let stream = stream(event, numbers.next())?;
            weight.late.push((stream, numbers.next()?));
        }
        Some(weight)
    }
}
