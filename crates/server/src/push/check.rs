//! Which entries of a request are events we take.

use thiserror::Error;
use tracking::{
    Event, InvalidLine, Record, Timestamp, limit,
    loki::{Entry, Labels, PushRequest},
};

use crate::{
    push::clock::{Clock, restamp},
    store::Row,
};

/// No duration is longer than ten years; sums of them stay far from 64 bits.
const DURATION_MS: u64 = 10 * 365 * 24 * 60 * 60 * 1_000;
/// The largest integer that JavaScript writes exactly.
const COUNT: u64 = (1 << 53) - 1;
/// How many bad entries are described.
const DESCRIBED: usize = 5;

#[derive(Debug, Error, PartialEq)]
enum BadEntry {
    #[error("the line is over {} bytes", limit::LINE)]
    LineTooLong,
    #[error(transparent)]
    Line(#[from] InvalidLine),
    #[error("the entry's time differs from field timestamp")]
    Time,
    #[error("timestamp is more than 30 days old")]
    Old,
    #[error("label {0} differs from the line")]
    Label(&'static str),
    #[error("too large a number in field {0}")]
    Number(&'static str),
}

/// What came of a request.
pub struct Checked {
    pub rows: Vec<Row>,
    /// Where each of the rows was: in which stream, and which entry of it.
    pub places: Vec<(usize, usize)>,
    pub refused: Refused,
    /// How many of the rows have another time than the page gave them.
    pub corrected: usize,
    /// See [`Clock::skew_ms`].
    pub skew_ms: Option<i64>,
}

#[derive(Default)]
pub struct Refused {
    count: usize,
    first: Vec<String>,
}

impl Refused {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn add(&mut self, (stream, entry): (usize, usize), why: &impl std::fmt::Display) {
        self.count += 1;
        if self.first.len() < DESCRIBED {
            self.first.push(format!("entry {entry} of stream {stream}: {why}"));
        }
    }

    /// The first few, one a line, and how many there are.
    pub fn text(&self, taken: usize) -> String {
        format!("{}\n{} refused, {taken} taken", self.first.join("\n"), self.count)
    }
}

pub fn check(request: &PushRequest<'_>, clock: Clock) -> Checked {
    let mut good = Vec::new();
    let mut refused = Refused::default();
    for (s, stream) in request.streams.iter().enumerate() {
        for (e, entry) in stream.values.iter().enumerate() {
            match check_entry(&stream.labels, entry) {
                Ok(record) => good.push(((s, e), record, entry)),
                Err(error) => refused.add((s, e), &error),
            }
        }
    }
    let newest_ms = good.iter().map(|(_, record, _)| record.timestamp.0).max();
    let clock = clock.not_before(newest_ms);
    let (rows, places) = (Vec::with_capacity(good.len()), Vec::with_capacity(good.len()));
    let mut checked = Checked { rows, places, refused, corrected: 0, skew_ms: clock.skew_ms() };
    for (place, record, entry) in good {
        let at_ms = record.timestamp.0;
        match on_our_clock(record, entry, clock) {
            Ok(row) => {
                checked.corrected += usize::from(row.record.timestamp.0 != at_ms);
                checked.rows.push(row);
                checked.places.push(place);
            }
            Err(error) => checked.refused.add(place, &error),
        }
    }
    checked
}

fn on_our_clock(mut record: Record, entry: &Entry<'_>, clock: Clock) -> Result<Row, BadEntry> {
    let at_ms = clock.place(record.timestamp.0).ok_or(BadEntry::Old)?;
    if at_ms == record.timestamp.0 {
        return Ok(Row { record, line: entry.line.clone().into_owned() });
    }
    record.timestamp = Timestamp(at_ms);
    let line = restamp(&entry.line, at_ms).ok_or(BadEntry::LineTooLong)?;
    Ok(Row { record, line })
}

fn check_entry(labels: &Labels<'_>, entry: &Entry<'_>) -> Result<Record, BadEntry> {
    if entry.line.len() > limit::LINE {
        return Err(BadEntry::LineTooLong);
    }
    let record = Record::from_line(&entry.line)?;
    if entry.timestamp_ns.parse() != Ok(record.timestamp.as_nanos()) {
        return Err(BadEntry::Time);
    }
    for (name, value) in [
        ("user_id", record.user_id.as_str()),
        ("session_id", record.session_id.as_str()),
        ("event", record.event.name()),
        ("component", &record.component.hash),
    ] {
        let given = [labels.get(name), entry.metadata.get(name)];
        if given.into_iter().flatten().any(|given| given != value) {
            return Err(BadEntry::Label(name));
        }
    }
    check_numbers(&record)?;
    Ok(record)
}

fn check_numbers(record: &Record) -> Result<(), BadEntry> {
    let up_to = |name, value: u64, limit| {
        if value <= limit { Ok(()) } else { Err(BadEntry::Number(name)) }
    };
    up_to("seq", record.seq, COUNT)?;
    match &record.event {
        Event::ComponentVisit { visit_index, .. } | Event::ComponentResume { visit_index } => {
            up_to("visit_index", *visit_index, COUNT)
        }
        Event::ComponentExit { duration_ms, session_elapsed_ms, .. } => {
            up_to("duration_ms", *duration_ms, DURATION_MS)?;
            up_to("session_elapsed_ms", *session_elapsed_ms, DURATION_MS)
        }
        Event::ComponentInteraction { load_time_ms, .. } => {
            up_to("load_time_ms", load_time_ms.unwrap_or(0), DURATION_MS)
        }
        Event::SessionStart { .. }
        | Event::ComponentError { .. }
        | Event::TrackingDropped { .. } => Ok(()),
    }
}
