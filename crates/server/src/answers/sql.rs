//! The answers that SQL counts.

use std::collections::BTreeMap;

use insights::{
    ActiveUsers, Bounce, Bucket, ComponentErrors, ComponentVisits, Flow, LATEST, Range, Session,
    Summary, bucket_starts,
};
use rusqlite::{Params, Row, Transaction, params};

use crate::store::StoreError;

type Answer<T> = Result<T, StoreError>;

/// `?1` and `?2` of every query.
pub(super) fn bounds(range: Range) -> (i64, i64) {
    (signed(range.from_ms), signed(range.to_ms))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Counts and checked times are never negative.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| u64::try_from(value).unwrap_or(0))
}

fn all<T>(
    events: &Transaction<'_>,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Answer<Vec<T>> {
    Ok(events.prepare(sql)?.query_map(params, read)?.collect::<rusqlite::Result<_>>()?)
}

pub fn summary(events: &Transaction<'_>, range: Range) -> Answer<Summary> {
    let summary = events.query_row(
        "SELECT COUNT(*), COUNT(DISTINCT session_id), COUNT(DISTINCT user_id),
             COUNT(DISTINCT component_hash)
         FROM events WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2",
        bounds(range),
        |row| {
            Ok(Summary {
                visits: unsigned(row, 0)?,
                sessions: unsigned(row, 1)?,
                users: unsigned(row, 2)?,
                components: unsigned(row, 3)?,
                ..Summary::default()
            })
        },
    )?;
    let errors = events.query_row(
        "SELECT COUNT(*) FROM events
         WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2",
        bounds(range),
        |row| unsigned(row, 0),
    )?;
    let total_ms = events.query_row(
        "SELECT COALESCE(SUM(duration_ms), 0) FROM events
         WHERE event = 'component_exit' AND timestamp >= ?1 AND timestamp < ?2",
        bounds(range),
        |row| unsigned(row, 0),
    )?;
    Ok(Summary { errors, total_ms, ..summary })
}

fn component_visits(
    events: &Transaction<'_>,
    range: Range,
    sql: &str,
) -> Answer<Vec<ComponentVisits>> {
    all(events, sql, bounds(range), |row| {
        Ok(ComponentVisits { component: row.get(0)?, name: row.get(1)?, visits: unsigned(row, 2)? })
    })
}

pub fn visits(events: &Transaction<'_>, range: Range) -> Answer<Vec<ComponentVisits>> {
    component_visits(
        events,
        range,
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
    )
}

pub fn entry_points(events: &Transaction<'_>, range: Range) -> Answer<Vec<ComponentVisits>> {
    component_visits(
        events,
        range,
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2 AND is_entry
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
    )
}

pub fn exit_points(events: &Transaction<'_>, range: Range) -> Answer<Vec<ComponentVisits>> {
    component_visits(
        events,
        range,
        "WITH visits AS (
             SELECT component_hash, component_name, ROW_NUMBER() OVER (
                 PARTITION BY session_id ORDER BY timestamp DESC, seq DESC, event_id DESC
             ) AS nth_last
             FROM events WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
         )
         SELECT component_hash, MAX(component_name), COUNT(*) FROM visits WHERE nth_last = 1
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
    )
}

pub fn journey(events: &Transaction<'_>, range: Range) -> Answer<Vec<Flow>> {
    all(
        events,
        "WITH visits AS (
             SELECT prev_component, component_hash, ROW_NUMBER() OVER (
                 PARTITION BY session_id ORDER BY timestamp DESC, seq DESC, event_id DESC
             ) AS nth_last
             FROM events WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
         ), steps (origin, target) AS (
             SELECT prev_component, component_hash FROM visits
             UNION ALL
             SELECT component_hash, '(exit)' FROM visits WHERE nth_last = 1
         )
         SELECT origin, target, COUNT(*) FROM steps
         GROUP BY origin, target ORDER BY COUNT(*) DESC, origin, target",
        bounds(range),
        |row| Ok(Flow { from: row.get(0)?, to: row.get(1)?, count: unsigned(row, 2)? }),
    )
}

pub fn bounce(events: &Transaction<'_>, range: Range) -> Answer<Bounce> {
    Ok(events.query_row(
        "WITH sessions AS (
             SELECT COUNT(*) AS visits FROM events
             WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
             GROUP BY session_id
         )
         SELECT COUNT(*), COUNT(*) FILTER (WHERE visits = 1) FROM sessions",
        bounds(range),
        |row| Ok(Bounce { sessions: unsigned(row, 0)?, bounced: unsigned(row, 1)? }),
    )?)
}

pub fn active_users(events: &Transaction<'_>, range: Range) -> Answer<ActiveUsers> {
    Ok(events.query_row(
        "SELECT COUNT(DISTINCT user_id) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2",
        bounds(range),
        |row| Ok(ActiveUsers { users: unsigned(row, 0)? }),
    )?)
}

pub fn popularity(events: &Transaction<'_>, range: Range, bucket_ms: u64) -> Answer<Vec<Bucket>> {
    let mut buckets: BTreeMap<u64, Bucket> = bucket_starts(range, bucket_ms)
        .unwrap_or_default()
        .into_iter()
        .map(|start_ms| (start_ms, Bucket { start_ms, ..Bucket::default() }))
        .collect();
    let (from_ms, to_ms) = bounds(range);
    let mut statement = events.prepare(
        "SELECT timestamp - timestamp % ?3 AS start_ms, event, component_hash, COUNT(*) FROM events
         WHERE event IN ('component_visit', 'component_error')
             AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY start_ms, event, component_hash",
    )?;
    let mut rows = statement.query(params![from_ms, to_ms, signed(bucket_ms.max(1))])?;
    while let Some(row) = rows.next()? {
        let Some(bucket) = buckets.get_mut(&unsigned(row, 0)?) else { continue };
        let count = unsigned(row, 3)?;
        if row.get_ref(1)?.as_str() == Ok("component_visit") {
            bucket.visits.insert(row.get(2)?, count);
        } else {
            bucket.errors += count;
        }
    }
    Ok(buckets.into_values().collect())
}

pub fn sessions(
    events: &Transaction<'_>,
    range: Range,
    limit: u64,
    offset: u64,
) -> Answer<Vec<Session>> {
    let (from_ms, to_ms) = bounds(range);
    all(
        events,
        "WITH sessions AS (
             SELECT session_id, MIN(timestamp) AS started, MAX(timestamp) AS ended,
                 COUNT(*) FILTER (WHERE event = 'component_visit') AS visits,
                 COUNT(*) FILTER (WHERE event = 'component_error') AS errors,
                 COALESCE(SUM(duration_ms) FILTER (WHERE event = 'component_exit'), 0) AS visible
             FROM events WHERE timestamp >= ?1 AND timestamp < ?2
             GROUP BY session_id HAVING visits > 0
             ORDER BY started DESC, session_id DESC LIMIT ?3 OFFSET ?4
         )
         SELECT session_id, started, ended, visits, errors, visible,
             (SELECT user_id FROM events AS e WHERE e.session_id = s.session_id
                 AND timestamp >= ?1 AND timestamp < ?2
                 ORDER BY timestamp, seq, event_id LIMIT 1),
             (SELECT component_hash FROM events AS e WHERE e.session_id = s.session_id
                 AND event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
                 ORDER BY timestamp, seq, event_id LIMIT 1),
             (SELECT component_hash FROM events AS e WHERE e.session_id = s.session_id
                 AND event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
                 ORDER BY timestamp DESC, seq DESC, event_id DESC LIMIT 1)
         FROM sessions AS s ORDER BY started DESC, session_id DESC",
        params![from_ms, to_ms, signed(limit), signed(offset)],
        |row| {
            Ok(Session {
                session_id: row.get(0)?,
                started_ms: unsigned(row, 1)?,
                ended_ms: unsigned(row, 2)?,
                visits: unsigned(row, 3)?,
                errors: unsigned(row, 4)?,
                visible_ms: unsigned(row, 5)?,
                user_id: row.get(6)?,
                entry: row.get(7)?,
                exit: row.get(8)?,
            })
        },
    )
}

pub fn errors(events: &Transaction<'_>, range: Range) -> Answer<Vec<ComponentErrors>> {
    let mut components = all(
        events,
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
        bounds(range),
        |row| {
            Ok(ComponentErrors {
                component: row.get(0)?,
                name: row.get(1)?,
                errors: unsigned(row, 2)?,
                latest: Vec::new(),
            })
        },
    )?;
    let (from_ms, to_ms) = bounds(range);
    let latest = i64::try_from(LATEST).unwrap_or(i64::MAX);
    for component in &mut components {
        component.latest = all(
            events,
            "SELECT error_message FROM events
             WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2
                 AND component_hash = ?3
             ORDER BY timestamp DESC, seq DESC, event_id DESC LIMIT ?4",
            params![from_ms, to_ms, component.component, latest],
            |row| row.get(0),
        )?;
    }
    Ok(components)
}
