//! Records -> the body of a push request.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    frozen::Frozen,
    json::Json,
    loki::{Entry, Labels, PushRequest, Stream, StructuredMetadata},
    settings::LabelMode,
    time::Timestamp,
};

/// Loki refuses an entry more than an hour behind the newest of its stream. From this age on an event
/// goes to a stream of its own, with a margin for the time it spends on the way.
pub const LATE_AFTER_MS: u64 = 50 * 60 * 1000;

/// The label of late events: the UTC hour they happened in, counted since 1970.
pub const LATE_LABEL: &str = "late";

/// The label of events that are handed on in the order of their time, long after they happened.
pub const BACKLOG: &str = "backlog";

/// Stands for the components that no registry knows, so that nobody can make labels up.
pub const OTHER: &str = "(other)";

/// Which streams an event goes to: those of its time, or ones beside them. Loki takes nothing that is an
/// hour behind the newest entry of its stream.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Late {
    #[default]
    No,
    /// In the order of time, behind those that went there before.
    Backlog,
    /// By itself: the UTC hour it happened in, counted since 1970.
    Hour(u64),
}

impl Late {
    /// As a page sends it, which knows nothing of the others that send to the same streams.
    #[must_use]
    pub fn of(record: &Frozen, now: Timestamp) -> Self {
        if now.0.saturating_sub(record.timestamp.0) > LATE_AFTER_MS {
            Self::Hour(record.timestamp.hour())
        } else {
            Self::No
        }
    }

    /// The value of [`LATE_LABEL`].
    #[must_use]
    pub fn label(self) -> Option<Cow<'static, str>> {
        match self {
            Self::No => None,
            Self::Backlog => Some(Cow::Borrowed(BACKLOG)),
            Self::Hour(hour) => Some(Cow::Owned(hour.to_string())),
        }
    }
}

/// The labels of a record that are not in the record alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place<'a> {
    pub component: &'a str,
    pub late: Late,
}

impl<'a> Place<'a> {
    #[must_use]
    pub fn of(record: &'a Frozen, now: Timestamp) -> Self {
        Self { component: &record.component, late: Late::of(record, now) }
    }
}

/// The labels of one record at its place.
#[must_use]
pub fn labels<'a>(
    record: &'a Frozen,
    job: &'a str,
    mode: LabelMode,
    place: Place<'a>,
) -> Labels<'a> {
    let pair = |key: &'static str, value: &'a str| (Cow::Borrowed(key), Cow::Borrowed(value));
    let mut labels: Labels<'a> =
        [pair("job", job), pair("event", record.event), pair("component", place.component)].into();
    match mode {
        // Without it Loki takes the service's name from `component`.
        LabelMode::Metadata => labels.extend([pair("service_name", job)]),
        LabelMode::Stream => labels.extend([
            pair("user_id", record.user_id.as_str()),
            pair("session_id", record.session_id.as_str()),
        ]),
    }
    if let Some(late) = place.late.label() {
        labels.insert(Cow::Borrowed(LATE_LABEL), late);
    }
    labels
}

/// Groups records by their labels, keeping their order within each stream.
#[must_use]
pub fn push_request<'a>(
    records: impl IntoIterator<Item = &'a Frozen>,
    job: &'a str,
    mode: LabelMode,
    now: Timestamp,
) -> PushRequest<'a> {
    let mut streams: BTreeMap<Labels<'a>, Vec<Entry<'a>>> = BTreeMap::new();
    for record in records {
        let metadata: StructuredMetadata<'a> = match mode {
            LabelMode::Metadata => [
                (Cow::Borrowed("user_id"), Cow::Borrowed(record.user_id.as_str())),
                (Cow::Borrowed("session_id"), Cow::Borrowed(record.session_id.as_str())),
            ]
            .into(),
            LabelMode::Stream => StructuredMetadata::new(),
        };
        streams.entry(labels(record, job, mode, Place::of(record, now))).or_default().push(Entry {
            timestamp_ns: Cow::Owned(record.timestamp.as_nanos().to_string()),
            line: Cow::Borrowed(&record.line),
            metadata,
        });
    }
    PushRequest {
        streams: streams.into_iter().map(|(labels, values)| Stream { labels, values }).collect(),
    }
}

/// [`push_request`] as JSON, written at once: a page does this for every event it sends.
#[must_use]
pub fn body(records: &[Frozen], job: &str, mode: LabelMode, now: Timestamp) -> String {
    let places: Vec<_> = records.iter().map(|record| Place::of(record, now)).collect();
    body_at(records, &places, job, mode)
}

/// The same with a place for each record.
#[must_use]
pub fn body_at(records: &[Frozen], places: &[Place<'_>], job: &str, mode: LabelMode) -> String {
    let lines: usize = records.iter().map(|record| record.line.len() + 256).sum();
    let mut json = Json::with_capacity(lines + 512);
    // Each record's stream is that of the first one with the same labels.
    let mut firsts: Vec<(&Frozen, &Place<'_>)> = Vec::new();
    let same = |(a, at): (&Frozen, &Place<'_>), (b, bt): (&Frozen, &Place<'_>)| {
        a.event == b.event
            && at == bt
            && (mode == LabelMode::Metadata || a.session_id == b.session_id)
    };
    let placed = || records.iter().zip(places);
    let stream_of: Vec<usize> = placed()
        .map(|record| {
            firsts.iter().position(|first| same(*first, record)).unwrap_or_else(|| {
                firsts.push(record);
                firsts.len() - 1
            })
        })
        .collect();
    json.raw("{\"streams\":[");
    for (stream, (first, place)) in firsts.iter().enumerate() {
        json.raw(if stream == 0 { "{\"stream\":{" } else { ",{\"stream\":{" });
        json.pair("component", place.component);
        json.plain("event", first.event);
        json.pair("job", job);
        if let Some(late) = place.late.label() {
            json.plain(LATE_LABEL, &late);
        }
        match mode {
            LabelMode::Metadata => json.pair("service_name", job),
            LabelMode::Stream => person(&mut json, first),
        }
        json.raw("},\"values\":[");
        let mut next = "[\"";
        for (record, of) in records.iter().zip(&stream_of) {
            if *of != stream {
                continue;
            }
            json.raw(next);
            json.digits(record.timestamp.0);
            json.raw("000000");
            json.raw("\",");
            json.text(&record.line);
            if mode == LabelMode::Metadata {
                json.raw(",{");
                person(&mut json, record);
                json.raw("}");
            }
            next = "],[\"";
        }
        json.raw("]]}");
    }
    json.raw("]}");
    json.finish()
}

fn person(json: &mut Json, record: &Frozen) {
    json.plain("session_id", record.session_id.as_str());
    json.plain("user_id", record.user_id.as_str());
}
