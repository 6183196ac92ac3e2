//! Which entries of a request are events we take.

use thiserror::Error;
use tracking::{
    Event, InvalidLine, Record, limit,
    loki::{Entry, Labels, PushRequest},
};

use crate::store::Row;

/// How far a page's clock may be ahead of ours.
const FUTURE_MS: u64 = 10 * 60 * 1_000;
/// How late an event may come home.
const AGE_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
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
    #[error("timestamp is more than 10 minutes in the future")]
    Future,
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

pub fn check(request: &PushRequest<'_>, now_ms: u64) -> Checked {
    let mut checked = Checked { rows: Vec::new(), places: Vec::new(), refused: Refused::default() };
    for (s, stream) in request.streams.iter().enumerate() {
        for (e, entry) in stream.values.iter().enumerate() {
            match check_entry(&stream.labels, entry, now_ms) {
                Ok(record) => {
                    checked.rows.push(Row { record, line: entry.line.clone().into_owned() });
                    checked.places.push((s, e));
                }
                Err(error) => checked.refused.add((s, e), &error),
            }
        }
    }
    checked
}

fn check_entry(labels: &Labels<'_>, entry: &Entry<'_>, now_ms: u64) -> Result<Record, BadEntry> {
    if entry.line.len() > limit::LINE {
        return Err(BadEntry::LineTooLong);
    }
    let record = Record::from_line(&entry.line)?;
    let at_ms = record.timestamp.0;
    if at_ms > now_ms.saturating_add(FUTURE_MS) {
        return Err(BadEntry::Future);
    }
    if at_ms < now_ms.saturating_sub(AGE_MS) {
        return Err(BadEntry::Old);
    }
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
