//! Some events of a batch, and how they are divided when not all of them are taken.

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, write::GzEncoder};
use tracking::{
    Frozen, LabelMode,
    encode::{self, Late, OTHER, Place},
};

use crate::{loki::LokiSettings, store::Stored};

/// Some events that leave in one request.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub events: Vec<&'a Stored>,
    /// Times that it was told to come back later.
    pub waited: u32,
    /// What had been accepted when that began.
    pub accepted: usize,
}

/// What tells a stream from the others of one job.
type Stream = (&'static str, String, Late, String);

fn stream(event: &Stored, frozen: &Frozen, labels: LabelMode) -> Stream {
    let component = if event.known { frozen.component.to_string() } else { OTHER.into() };
    let session = match labels {
        LabelMode::Metadata => String::new(),
        LabelMode::Stream => frozen.session_id.as_str().to_owned(),
    };
    (frozen.event, component, event.late, session)
}

impl<'a> Part<'a> {
    pub fn new(events: Vec<&'a Stored>) -> Self {
        Self { events, waited: 0, accepted: 0 }
    }

    /// The same with other events.
    fn with(&self, events: Vec<&'a Stored>) -> Self {
        Self { events, ..self.clone() }
    }

    /// One part for each stream, the largest last.
    pub fn by_stream(&self, labels: LabelMode) -> Vec<Self> {
        let mut streams: BTreeMap<Stream, Vec<&'a Stored>> = BTreeMap::new();
        for &event in &self.events {
            // Lines were checked before they were stored.
            let Ok(frozen) = Frozen::from_line(&event.line) else { continue };
            streams.entry(stream(event, &frozen, labels)).or_default().push(event);
        }
        let mut parts: Vec<_> = streams.into_values().map(|events| self.with(events)).collect();
        parts.sort_by_key(|part| part.events.len());
        parts
    }

    /// Two halves, the first one last.
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.events.split_at(self.events.len() / 2);
        [self.with(second.to_vec()), self.with(first.to_vec())]
    }

    /// The oldest event by itself, last, and the others.
    pub fn oldest_first(&self) -> [Self; 2] {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.timestamp_ms);
        let others = events.split_off(1.min(events.len()));
        [self.with(others), self.with(events)]
    }

    pub fn pack(&self, settings: &LokiSettings) -> std::io::Result<Vec<u8>> {
        let (mut records, mut events) = (Vec::new(), Vec::new());
        for event in &self.events {
            // Lines were checked before they were stored, so none is left out here.
            if let Ok(record) = Frozen::from_line(&event.line) {
                records.push(record);
                events.push(event);
            }
        }
        let places: Vec<_> = records
            .iter()
            .zip(events)
            .map(|(record, event)| Place {
                component: if event.known { &record.component } else { OTHER },
                late: event.late,
            })
            .collect();
        let body = encode::body_at(&records, &places, &settings.job, settings.labels);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(body.as_bytes())?;
        gzip.finish()
    }
}
