//! What 1,000 people and about 30,000 events cost, counted from the bodies that are sent.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::{BTreeMap, HashSet},
    io::Write,
};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};
use insights::{Assumed, Cost, FREE_BYTES, Range, Weight};
use simulate::{Plan, Push, Simulation, places};
use tracking::{Frozen, LabelMode, Record, Timestamp, encode, loki::PushRequest};

const REGISTRY: &str = include_str!("../../../static/registry.json");
const BUDGETS: &str = include_str!("../../../budgets.toml");
/// What a chunk and its place in the index have around the lines: measured with Loki 3.8, where
/// 21,963 chunks of 9.2 MB of lines were 14.8 MB.
const CHUNK: usize = 250;

fn budget(table: &str, name: &str) -> u64 {
    let budgets: toml::Table = BUDGETS.parse().unwrap();
    u64::try_from(budgets[table][name].as_integer().unwrap()).unwrap()
}

/// 1,000 people on three working days.
fn pushes() -> Vec<Push> {
    let plan = Plan { users: 1_000, days: 3, seed: 7, end_ms: 1_764_244_800_000 };
    Simulation::new(plan, places(REGISTRY).unwrap()).flatten().collect()
}

/// The lines of each stream, as the server hands them on a second later.
fn streams(pushes: &[Push], labels: LabelMode) -> BTreeMap<String, Vec<String>> {
    let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut known = HashSet::new();
    for push in pushes {
        let request: PushRequest<'_> = serde_json::from_str(&push.body).unwrap();
        let records: Vec<Frozen> = request
            .streams
            .iter()
            .flat_map(|stream| &stream.values)
            .map(|entry| Frozen::from_line(&entry.line).unwrap())
            .filter(|record| known.insert(record.event_id))
            .collect();
        let now = Timestamp(push.at_ms + 1_000);
        for stream in encode::push_request(&records, "clm-frontend", labels, now).streams {
            let lines = streams.entry(serde_json::to_string(&stream.labels).unwrap()).or_default();
            for entry in &stream.values {
                let metadata = serde_json::to_string(&entry.metadata).unwrap();
                lines.push(format!("{}{}{metadata}\n", entry.timestamp_ns, entry.line));
            }
        }
    }
    streams
}

fn stored_bytes(streams: &BTreeMap<String, Vec<String>>) -> u64 {
    let chunk = |(labels, lines): (&String, &Vec<String>)| {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        lines.iter().for_each(|line| packed.write_all(line.as_bytes()).unwrap());
        packed.finish().unwrap().len() + labels.len() + CHUNK
    };
    streams.iter().map(chunk).sum::<usize>() as u64
}

#[test]
fn thirty_thousand_events_stay_within_the_budgets() {
    let pushes = pushes();
    let sent: usize = pushes.iter().map(|push| push.body.len()).sum();
    let metadata = streams(&pushes, LabelMode::Metadata);
    let labels = streams(&pushes, LabelMode::Stream);
    let events = metadata.values().map(Vec::len).sum::<usize>() as u64;
    let (stored, as_labels) = (stored_bytes(&metadata), stored_bytes(&labels));
    let (sent, requests) = (sent as u64 / events, pushes.len() as u64 * 100 / events);
    let late = metadata.keys().filter(|labels| labels.contains("\"late\"")).count();
    println!(
        "{events} events: {sent} bytes each on the way, {requests} requests per 100; {} streams ({late} late) and \
         {} bytes each as stored, against {} streams and {} bytes with all five labels",
        metadata.len(),
        stored / events,
        labels.len(),
        as_labels / events,
    );
    assert!((25_000..40_000).contains(&events), "{events}");
    assert!(sent <= budget("page", "bytes_per_event"));
    assert!(requests <= budget("page", "requests_per_100_events"));
    let components = places(REGISTRY).unwrap().len() as u64;
    assert!((metadata.len() - late) as u64 <= budget("loki", "streams_per_component") * components);
    assert!(stored / events <= budget("loki", "bytes_per_event"));
    assert!(late as u64 <= budget("loki", "late_streams"));
    assert!(stored * budget("loki", "times_fewer_bytes") <= as_labels);
    assert!((metadata.len() as u64) * budget("loki", "times_fewer_streams") <= labels.len() as u64);
}

/// What a page sends: from 1 kB on it packs.
fn sent_bytes(body: &str) -> u64 {
    if body.len() < 1_024 {
        return body.len() as u64;
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    packed.finish().unwrap().len() as u64
}

/// What the pages sent, and each event once.
fn measured(pushes: &[Push]) -> Cost {
    let mut records = BTreeMap::new();
    let mut sent = Weight::default();
    for push in pushes {
        sent.bytes += sent_bytes(&push.body);
        let request: PushRequest<'_> = serde_json::from_str(&push.body).unwrap();
        for entry in request.streams.iter().flat_map(|stream| &stream.values) {
            sent.events += 1;
            let record = Record::from_line(&entry.line).unwrap();
            records.insert(record.event_id, record);
        }
    }
    let records: Vec<Record> = records.into_values().collect();
    let cost = insights::cost(&records, Range::ALL, LabelMode::Metadata);
    Cost { sent: Some(sent), ..cost }
}

/// The design text reckons with 1,000 people a day, ten visits each, and comes to 150 MB a month.
#[test]
fn the_scenario_of_the_design_text_measured_in_place_of_estimated() {
    let cost = measured(&pushes());
    let assumed = Assumed::default();
    let month = assumed.month(&cost).unwrap();
    let fill = assumed.users_that_fill(FREE_BYTES, &month).unwrap();
    println!(
        "| cost | {} people a day, {} visits each, {} days | {} events, {} MB sent, {} MB at Loki in {} streams: {} % \
         of the free 50 GB, which {} people a day would fill |",
        assumed.users_per_day,
        assumed.visits_per_user,
        assumed.days,
        month.events,
        month.sent.unwrap() / 1_000_000,
        month.loki / 1_000_000,
        cost.streams,
        month.loki * 100 / FREE_BYTES,
        fill,
    );
    assert!((400_000_000..700_000_000).contains(&month.loki), "{month:?}");
    assert!(month.sent.unwrap() < month.loki, "{month:?}");
    assert!((70_000..130_000).contains(&fill), "{fill}");
    assert!(cost.streams <= 20 * budget("loki", "streams_per_component"));
}
