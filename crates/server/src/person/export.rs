//! All that is stored of a person, as one JSON file, read a page at a time so that neither a long
//! history nor a slow reader holds anything up.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use rusqlite::{Transaction, params};
use serde_json::json;

use crate::{
    clock::now_ms,
    person::{Status, failed, proof},
    store::{Store, StoreError, find_erasure},
    web::App,
};

/// Rows read at once.
const PAGE: i64 = 500;

/// The names of the lists in the file, and how a page of each is read. `?1` is the user, `?2` the
/// row before, `?3` the last row there was when the export began.
const LISTS: [(&str, &str); 2] = [
    (
        "events",
        "SELECT cursor, received_at, line FROM events
         WHERE user_id = ?1 AND cursor > ?2 AND cursor <= ?3 ORDER BY cursor LIMIT ?4",
    ),
    (
        "analytics",
        "SELECT id, received_at, line FROM analytics
         WHERE user_id = ?1 AND id > ?2 AND id <= ?3 ORDER BY id LIMIT ?4",
    ),
];
const COUNTS: [&str; 2] = [
    "SELECT COUNT(*), MAX(cursor) FROM events WHERE user_id = ?1",
    "SELECT COUNT(*), MAX(id) FROM analytics WHERE user_id = ?1",
];

struct Reading {
    store: Store,
    user: String,
    /// What comes before the first page.
    head: Option<String>,
    last: Vec<i64>,
    list: usize,
    after: i64,
    is_first: bool,
}

pub async fn export(State(app): State<Arc<App>>, request: Request) -> Response {
    let user = match proof::user(&request) {
        Ok(user) => user.as_str().to_owned(),
        Err(refusal) => return refusal.into_response(),
    };
    let asked = user.clone();
    let begin = app.store.read(move |file| begin(file, &asked, now_ms())).await;
    let (head, last) = match begin {
        Ok(begin) => begin,
        Err(failure) => return failed(&failure, "the data cannot be read; try again later"),
    };
    let reading = Reading {
        store: app.store.clone(),
        user,
        head: Some(head),
        last,
        list: 0,
        after: 0,
        is_first: true,
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"clm-my-data.json\""),
    ];
    (headers, Body::from_stream(stream::try_unfold(reading, next))).into_response()
}

fn begin(
    file: &Transaction<'_>,
    user: &str,
    now_ms: u64,
) -> Result<(String, Vec<i64>), StoreError> {
    let mut total = 0;
    let mut last = Vec::new();
    for count in COUNTS {
        let (rows, end): (i64, Option<i64>) =
            file.query_row(count, [user], |row| Ok((row.get(0)?, row.get(1)?)))?;
        total += rows;
        last.push(end.unwrap_or(0));
    }
    let erasure = find_erasure(file, user)?;
    let status = match erasure {
        Some(erasure) => Status::from(erasure),
        None if total > 0 => Status::Stored,
        None => Status::Nothing,
    };
    let mut head = json!({ "user_id": user, "status": status, "exported_at": now_ms });
    if let Some(erasure) = erasure {
        head["erased_at"] = erasure.at_ms.into();
    }
    let mut head = head.to_string();
    // The lists follow inside the same object.
    head.pop();
    Ok((head, last))
}

/// The next piece of the file.
async fn next(mut reading: Reading) -> io::Result<Option<(String, Reading)>> {
    let mut piece = reading.head.take().unwrap_or_default();
    let Some(&(name, page)) = LISTS.get(reading.list) else { return Ok(None) };
    if reading.is_first {
        piece.push_str(&format!(",\"{name}\":["));
    }
    let (user, after) = (reading.user.clone(), reading.after);
    let last = reading.last.get(reading.list).copied().unwrap_or(0);
    let rows = reading
        .store
        .read(move |file| {
            let mut statement = file.prepare_cached(page)?;
            let rows = statement.query_map(params![user, after, last, PAGE], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            Ok(rows.collect::<Result<Vec<(i64, i64, String)>, _>>()?)
        })
        .await
        .map_err(io::Error::other)?;
    for (cursor, received_at, line) in &rows {
        let comma = if reading.is_first { "" } else { "," };
        piece.push_str(&format!("{comma}{{\"received_at\":{received_at},\"event\":{line}}}"));
        reading.is_first = false;
        reading.after = *cursor;
    }
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < PAGE {
        piece.push(']');
        reading.list += 1;
        reading.after = 0;
        reading.is_first = true;
        if reading.list == LISTS.len() {
            piece.push_str("}\n");
        }
    } else {
        reading.is_first = false;
    }
    Ok(Some((piece, reading)))
}
