//! Records -> the body of a push request.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    frozen::Frozen,
    loki::{Entry, Labels, PushRequest, Stream, StructuredMetadata},
    settings::LabelMode,
    time::Timestamp,
};

/// Loki refuses an entry more than an hour behind the newest of its stream. From this age on an event
/// goes to a stream of its own, with a margin for the time it spends on the way.
pub const LATE_AFTER_MS: u64 = 50 * 60 * 1000;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// The label of late events: the UTC hour they happened in, counted since 1970.
pub const LATE_LABEL: &str = "late";

/// The labels of one record, as sent at `now`.
#[must_use]
pub fn labels<'a>(record: &'a Frozen, job: &'a str, mode: LabelMode, now: Timestamp) -> Labels<'a> {
    let pair = |key: &'static str, value: &'a str| (Cow::Borrowed(key), Cow::Borrowed(value));
    let mut labels: Labels<'a> =
        [pair("job", job), pair("event", record.event), pair("component", &record.component)]
            .into();
    match mode {
        // Without it Loki takes the service's name from `component`.
        LabelMode::Metadata => labels.extend([pair("service_name", job)]),
        LabelMode::Stream => labels.extend([
            pair("user_id", record.user_id.as_str()),
            pair("session_id", record.session_id.as_str()),
        ]),
    }
    if now.0.saturating_sub(record.timestamp.0) > LATE_AFTER_MS {
        let hour = (record.timestamp.0 / HOUR_MS).to_string();
        labels.insert(Cow::Borrowed(LATE_LABEL), Cow::Owned(hour));
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
        streams.entry(labels(record, job, mode, now)).or_default().push(Entry {
            timestamp_ns: Cow::Owned(record.timestamp.as_nanos().to_string()),
            line: Cow::Borrowed(&record.line),
            metadata,
        });
    }
    PushRequest {
        streams: streams.into_iter().map(|(labels, values)| Stream { labels, values }).collect(),
    }
}
