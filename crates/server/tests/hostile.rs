//! Any bytes whatever: the promises of `server::hostile` over the corpus of the fuzz targets and a
//! bounded number of changed copies of it; and what a page writes is what the server reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs, path::Path};

use axum::http::StatusCode;
use common::{gzip, now_ms, server};
use proptest::{prelude::*, sample::Index};
use server::hostile;
use tokio::runtime::Runtime;
use tracking::{Frozen, LabelMode, Timestamp, encode};

/// Files of `fuzz/corpus`.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// One change as a fuzzer makes them.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// Doubles a piece.
    Repeat(Index, usize, usize),
    /// Continues with another file from there.
    Splice(Index, Index, Index),
}

const TOKENS: [&[u8]; 17] = [
    b"\"",
    b"\\",
    b"\\u",
    b"{",
    b"]",
    b"[",
    b"}",
    b",",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\xff\xfe",
    b"\0",
    b"\n",
    b"\x1f\x8b\x08",
    b"\"event\":\"component_exit\",",
];

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let token = prop::sample::select(&TOKENS[..]);
    let at = any::<Index>;
    prop::collection::vec(
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(i, byte)| Change::Set(i, byte)),
            (at(), token).prop_map(|(i, token)| Change::Insert(i, token.to_vec())),
            (at(), 1..40_usize).prop_map(|(i, length)| Change::Remove(i, length)),
            (at(), 1..60_usize, 2..6_usize).prop_map(|(i, l, times)| Change::Repeat(i, l, times)),
            (at(), at(), at()).prop_map(|(i, file, from)| Change::Splice(i, file, from)),
        ],
        0..6,
    )
}

fn changed(corpus: &[Vec<u8>], file: Index, changes: &[Change]) -> Vec<u8> {
    let mut bytes = corpus[file.index(corpus.len())].clone();
    for change in changes {
        let end = bytes.len();
        match change {
            Change::Set(at, byte) if end > 0 => bytes[at.index(end)] = *byte,
            Change::Insert(at, token) => {
                let at = at.index(end + 1);
                bytes.splice(at..at, token.iter().copied());
            }
            Change::Remove(at, length) if end > 0 => {
                let at = at.index(end);
                bytes.drain(at..(at + length).min(end));
            }
            Change::Repeat(at, length, times) if end > 0 => {
                let at = at.index(end);
                let piece = bytes[at..(at + length).min(end)].repeat(*times);
                bytes.splice(at..at, piece);
            }
            Change::Splice(at, other, from) => {
                let other = &corpus[other.index(corpus.len())];
                bytes.truncate(at.index(end + 1));
                bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            Change::Set(..) | Change::Remove(..) | Change::Repeat(..) => {}
        }
    }
    bytes
}

fn hold(target: &str, promise: impl Fn(&[u8]) -> Result<(), String>, cases: u32) {
    let corpus = corpus(target);
    for file in &corpus {
        assert_eq!(promise(file), Ok(()), "{}", String::from_utf8_lossy(file));
    }
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(file in any::<Index>(), changes in changes())| {
        let bytes = changed(&corpus, file, &changes);
        prop_assert_eq!(promise(&bytes), Ok(()), "{}", String::from_utf8_lossy(&bytes));
    });
}

#[test]
fn any_push_is_stored_or_refused() {
    hold("push", hostile::push, 3_000);
}

#[test]
fn any_analytics_event_is_stored_or_refused() {
    hold("analytics", hostile::analytics, 3_000);
}

#[test]
fn any_command_line_is_a_server_or_a_sentence() {
    hold("config", |bytes| hostile::config(&String::from_utf8_lossy(bytes)), 1_500);
    hold("settings", |bytes| hostile::settings(&String::from_utf8_lossy(bytes)), 1_500);
}

/// A gzip that would fill the memory is given up early.
#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    let bomb = gzip(&vec![b' '; 256 << 20]);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    assert_eq!(hostile::push(&bomb), Ok(()));
    let answer = Runtime::new().unwrap().block_on(async {
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        server().push_with(bomb, &headers).await
    });
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// What a page writes is read as it was meant: every line comes back from the store byte for byte.
    #[test]
    fn a_push_survives_its_way_into_the_store(
        records in insights::testing::records(now_ms() - 3_600_000, 1_000),
        is_stream in any::<bool>(),
        is_gzip in any::<bool>(),
    ) {
        let frozen: Vec<Frozen> = records.into_iter().filter_map(Frozen::new).collect();
        let mode = if is_stream { LabelMode::Stream } else { LabelMode::Metadata };
        let body = encode::body(&frozen, "clm-frontend", mode, Timestamp(now_ms()));
        let (body, headers) = if is_gzip {
            let headers = vec![("content-type", "application/json"), ("content-encoding", "gzip")];
            (gzip(body.as_bytes()), headers)
        } else {
            (body.into_bytes(), vec![("content-type", "application/json")])
        };
        Runtime::new().unwrap().block_on(async {
            let server = server();
            let answer = server.push_with(body, &headers).await;
            let expected = if frozen.is_empty() { 422 } else { 204 };
            prop_assert_eq!(answer.status.as_u16(), expected, "{}", answer.text);
            let file = server.dir.path().join("data/events.db");
            let file = rusqlite::Connection::open(file).unwrap();
            let mut lines = file.prepare("SELECT line FROM events ORDER BY line").unwrap();
            let stored: Vec<String> =
                lines.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let mut sent: Vec<String> = frozen.iter().map(|f| f.line.to_string()).collect();
            sent.sort();
            prop_assert_eq!(stored, sent);
            Ok(())
        })?;
    }
}
