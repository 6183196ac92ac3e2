//! The answers that SQL counts.

use std::collections::BTreeMap;

use insights::{
    ActiveUsers, Activity, Bounce, Bucket, ComponentErrors, ComponentVisits, Flow, LATEST,
    PathStep, Session, SessionLengths, Summary, bucket_starts, stretches,
};

use rusqlite::ToSql;

use crate::{
    answers::store::scope::{Answer, Scope, signed, unsigned},
    store::rollup::{DAY_MS, HOUR_MS},
};

/// `?1` and `?2` are the range, `?3` to `?6` its [`Scope::whole`] hours.
const COUNTS: &str = "counts AS (
    SELECT event, component_hash, component_name, is_entry, count, ms, hour * 3600000 AS at
    FROM hours WHERE hour >= ?3 AND hour < ?4
    UNION ALL
    SELECT event, component_hash, component_name, COALESCE(is_entry, 0), 1,
        COALESCE(duration_ms, 0), timestamp
    FROM events WHERE timestamp >= ?1 AND timestamp < ?5
    UNION ALL
    SELECT event, component_hash, component_name, COALESCE(is_entry, 0), 1,
        COALESCE(duration_ms, 0), timestamp
    FROM events WHERE timestamp >= ?6 AND timestamp < ?2
)";

/// What each session with an event in the range has there: of those that reach beyond it, it is looked up.
const SESSIONS: &str = "whole AS NOT MATERIALIZED (
    SELECT first, last, visits FROM sessions
    WHERE last >= ?1 AND last < ?2 AND first >= ?1
), cut AS (
    SELECT (SELECT MIN(timestamp) FROM events AS e WHERE e.session_id = s.session_id
                AND timestamp >= ?1 AND timestamp < ?2) AS first,
        (SELECT MAX(timestamp) FROM events AS e WHERE e.session_id = s.session_id
                AND timestamp >= ?1 AND timestamp < ?2) AS last,
        (SELECT COUNT(*) FROM events AS e WHERE e.session_id = s.session_id
                AND event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2) AS visits
    FROM sessions AS s
    WHERE (last >= ?1 AND last < ?2 AND first < ?1) OR (last >= ?2 AND first < ?2)
), parts AS NOT MATERIALIZED (SELECT * FROM whole UNION ALL SELECT * FROM cut)";

fn summary_of_all(scope: &Scope<'_>) -> Answer<Summary> {
    let hours = scope.whole(HOUR_MS);
    let hours: Vec<&dyn ToSql> = hours.iter().map(|at| at as &dyn ToSql).collect();
    let sql = format!(
        "WITH {COUNTS} SELECT
             COALESCE(SUM(count) FILTER (WHERE event = 'component_visit'), 0),
             COALESCE(SUM(count) FILTER (WHERE event = 'component_error'), 0),
             COALESCE(SUM(ms) FILTER (WHERE event = 'component_exit'), 0),
             COUNT(DISTINCT CASE WHEN event = 'component_visit' THEN component_hash END)
         FROM counts"
    );
    let summary = scope.rows(&sql, scope.range, &hours, |mut rows| {
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok(Summary {
            visits: unsigned(row, 0)?,
            errors: unsigned(row, 1)?,
            total_ms: unsigned(row, 2)?,
            components: unsigned(row, 3)?,
            ..Summary::default()
        })
    })?;
    let sessions = bounce(scope)?.sessions;
    Ok(Summary { sessions, users: active_users(scope)?.users, ..summary })
}

pub fn summary(scope: &Scope<'_>) -> Answer<Summary> {
    if scope.is_about_all() {
        return summary_of_all(scope);
    }
    let summary = scope.one(
        "SELECT COUNT(*), COUNT(DISTINCT session_id), COUNT(DISTINCT user_id),
             COUNT(DISTINCT component_hash)
         FROM events WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2",
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
    let errors = scope.one(
        "SELECT COUNT(*) FROM events
         WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2",
        |row| unsigned(row, 0),
    )?;
    let total_ms = scope.one(
        "SELECT COALESCE(SUM(duration_ms), 0) FROM events
         WHERE event = 'component_exit' AND timestamp >= ?1 AND timestamp < ?2",
        |row| unsigned(row, 0),
    )?;
    Ok(Summary { errors, total_ms, ..summary })
}

fn component_visits(scope: &Scope<'_>, sql: &str) -> Answer<Vec<ComponentVisits>> {
    scope.all(sql, &[], |row| {
        Ok(ComponentVisits { component: row.get(0)?, name: row.get(1)?, visits: unsigned(row, 2)? })
    })
}

/// From the counts, those of `which`.
fn counted(scope: &Scope<'_>, which: &str) -> Answer<Vec<ComponentVisits>> {
    let hours = scope.whole(HOUR_MS);
    let hours: Vec<&dyn ToSql> = hours.iter().map(|at| at as &dyn ToSql).collect();
    let sql = format!(
        "WITH {COUNTS} SELECT component_hash, MAX(component_name), SUM(count) FROM counts
         WHERE {which} GROUP BY component_hash ORDER BY SUM(count) DESC, component_hash"
    );
    scope.all(&sql, &hours, |row| {
        Ok(ComponentVisits { component: row.get(0)?, name: row.get(1)?, visits: unsigned(row, 2)? })
    })
}

pub fn visits(scope: &Scope<'_>) -> Answer<Vec<ComponentVisits>> {
    if scope.is_about_all() {
        return counted(scope, "event = 'component_visit'");
    }
    component_visits(
        scope,
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
    )
}

pub fn entry_points(scope: &Scope<'_>) -> Answer<Vec<ComponentVisits>> {
    if scope.is_about_all() {
        return counted(scope, "event = 'component_visit' AND is_entry");
    }
    component_visits(
        scope,
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2 AND is_entry
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
    )
}

pub fn exit_points(scope: &Scope<'_>) -> Answer<Vec<ComponentVisits>> {
    component_visits(
        scope,
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

pub fn journey(scope: &Scope<'_>) -> Answer<Vec<Flow>> {
    scope.all(
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
        &[],
        |row| Ok(Flow { from: row.get(0)?, to: row.get(1)?, count: unsigned(row, 2)? }),
    )
}

pub fn bounce(scope: &Scope<'_>) -> Answer<Bounce> {
    if scope.is_about_all() {
        let sql = format!(
            "WITH {SESSIONS} SELECT COUNT(*) FILTER (WHERE visits > 0),
                 COUNT(*) FILTER (WHERE visits = 1) FROM parts"
        );
        return scope.one(&sql, |row| {
            Ok(Bounce { sessions: unsigned(row, 0)?, bounced: unsigned(row, 1)? })
        });
    }
    scope.one(
        "WITH sessions AS (
             SELECT COUNT(*) AS visits FROM events
             WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
             GROUP BY session_id
         )
         SELECT COUNT(*), COUNT(*) FILTER (WHERE visits = 1) FROM sessions",
        |row| Ok(Bounce { sessions: unsigned(row, 0)?, bounced: unsigned(row, 1)? }),
    )
}

pub fn active_users(scope: &Scope<'_>) -> Answer<ActiveUsers> {
    if scope.is_about_all() {
        let days = scope.whole(DAY_MS);
        let days: Vec<&dyn ToSql> = days.iter().map(|at| at as &dyn ToSql).collect();
        let sql = "SELECT COUNT(*) FROM (
                 SELECT user_id FROM user_days WHERE day >= ?3 AND day < ?4
                 UNION
                 SELECT user_id FROM events WHERE event = 'component_visit'
                     AND timestamp >= ?1 AND timestamp < ?5
                 UNION
                 SELECT user_id FROM events WHERE event = 'component_visit'
                     AND timestamp >= ?6 AND timestamp < ?2
             )";
        return scope.rows(sql, scope.range, &days, |mut rows| {
            let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Ok(ActiveUsers { users: unsigned(row, 0)? })
        });
    }
    scope.one(
        "SELECT COUNT(DISTINCT user_id) FROM events
         WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2",
        |row| Ok(ActiveUsers { users: unsigned(row, 0)? }),
    )
}

pub fn popularity(scope: &Scope<'_>, bucket_ms: u64) -> Answer<Vec<Bucket>> {
    let mut buckets: BTreeMap<u64, Bucket> = bucket_starts(scope.range, bucket_ms)
        .unwrap_or_default()
        .into_iter()
        .map(|start_ms| (start_ms, Bucket { start_ms, ..Bucket::default() }))
        .collect();
    let bucket = signed(bucket_ms.max(1));
    let whole = scope.whole(HOUR_MS);
    let mut given: Vec<&dyn ToSql> = Vec::new();
    let sql = if scope.is_about_all() && bucket_ms.is_multiple_of(HOUR_MS) {
        given.extend(whole.iter().map(|at| at as &dyn ToSql));
        given.push(&bucket);
        format!(
            "WITH {COUNTS} SELECT at - at % ?7 AS start_ms, event, component_hash, SUM(count)
             FROM counts WHERE event IN ('component_visit', 'component_error')
             GROUP BY start_ms, event, component_hash"
        )
    } else {
        given.push(&bucket);
        "SELECT timestamp - timestamp % ?3 AS start_ms, event, component_hash, COUNT(*)
         FROM events WHERE event IN ('component_visit', 'component_error')
             AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY start_ms, event, component_hash"
            .to_owned()
    };
    scope.rows(&sql, scope.range, &given, |mut rows| {
        while let Some(row) = rows.next()? {
            let Some(bucket) = buckets.get_mut(&unsigned(row, 0)?) else { continue };
            let count = unsigned(row, 3)?;
            if row.get_ref(1)?.as_str() == Ok("component_visit") {
                bucket.visits.insert(row.get(2)?, count);
            } else {
                bucket.errors += count;
            }
        }
        Ok(())
    })?;
    Ok(buckets.into_values().collect())
}

pub fn sessions(scope: &Scope<'_>, search: &str, limit: u64, offset: u64) -> Answer<Vec<Session>> {
    // Without it an index has all that is counted.
    let found = if search.is_empty() {
        ""
    } else {
        "AND (substr(session_id, 1, length(?5)) = ?5 OR instr(session_id, '_' || ?5) > 0
                 OR MAX(substr(user_id, 1, length(?5)) = ?5)
                 OR MAX(event = 'component_visit' AND instr(lower(component_name), ?5) > 0))"
    };
    let sql = format!(
        "WITH sessions AS (
             SELECT session_id, MIN(timestamp) AS started, MAX(timestamp) AS ended,
                 COUNT(*) FILTER (WHERE event = 'component_visit') AS visits,
                 COUNT(*) FILTER (WHERE event = 'component_error') AS errors,
                 COALESCE(SUM(duration_ms) FILTER (WHERE event = 'component_exit'), 0) AS visible
             FROM events WHERE timestamp >= ?1 AND timestamp < ?2
             GROUP BY session_id HAVING visits > 0 {found}
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
         FROM sessions AS s ORDER BY started DESC, session_id DESC"
    );
    scope.all(&sql, &[&signed(limit), &signed(offset), &search.to_ascii_lowercase()], |row| {
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
    })
}

pub fn errors(scope: &Scope<'_>) -> Answer<Vec<ComponentErrors>> {
    let mut components = scope.all(
        "SELECT component_hash, MAX(component_name), COUNT(*) FROM events
         WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2
         GROUP BY component_hash ORDER BY COUNT(*) DESC, component_hash",
        &[],
        |row| {
            Ok(ComponentErrors {
                component: row.get(0)?,
                name: row.get(1)?,
                errors: unsigned(row, 2)?,
                latest: Vec::new(),
            })
        },
    )?;
    let latest = i64::try_from(LATEST).unwrap_or(i64::MAX);
    for component in &mut components {
        component.latest = scope.all(
            "SELECT error_message FROM events
             WHERE event = 'component_error' AND timestamp >= ?1 AND timestamp < ?2
                 AND component_hash = ?3
             ORDER BY timestamp DESC, seq DESC, event_id DESC LIMIT ?4",
            &[&component.component, &latest],
            |row| row.get(0),
        )?;
    }
    Ok(components)
}

pub fn activity(scope: &Scope<'_>, starts: &[u64]) -> Answer<Vec<Activity>> {
    starts
        .iter()
        .zip(stretches(scope.range, starts))
        .map(|(&start_ms, stretch)| {
            scope.part(
                stretch,
                "SELECT COUNT(*) FILTER (WHERE visit), COUNT(*) FILTER (WHERE NOT visit),
                     COUNT(DISTINCT session_id) FILTER (WHERE visit),
                     COUNT(DISTINCT user_id) FILTER (WHERE visit)
                 FROM (SELECT event = 'component_visit' AS visit, session_id, user_id FROM events
                     WHERE event IN ('component_visit', 'component_error')
                         AND timestamp >= ?1 AND timestamp < ?2)",
                |row| {
                    Ok(Activity {
                        start_ms,
                        visits: unsigned(row, 0)?,
                        errors: unsigned(row, 1)?,
                        sessions: unsigned(row, 2)?,
                        users: unsigned(row, 3)?,
                    })
                },
            )
        })
        .collect()
}

pub fn paths(scope: &Scope<'_>, steps: u64) -> Answer<Vec<PathStep>> {
    scope.all(
        "WITH visits AS (
             SELECT component_hash AS origin, LEAD(component_hash) OVER way AS target,
                 ROW_NUMBER() OVER way AS step
             FROM events WHERE event = 'component_visit' AND timestamp >= ?1 AND timestamp < ?2
             WINDOW way AS (PARTITION BY session_id ORDER BY timestamp, seq, event_id)
         )
         SELECT step, origin, COALESCE(target, '(exit)') AS target, COUNT(*) AS sessions
         FROM visits WHERE step <= ?3 GROUP BY step, origin, COALESCE(target, '(exit)')
         ORDER BY step, sessions DESC, origin, COALESCE(target, '(exit)')",
        &[&signed(steps)],
        |row| {
            Ok(PathStep {
                step: unsigned(row, 0)?,
                from: row.get(1)?,
                to: row.get(2)?,
                sessions: unsigned(row, 3)?,
            })
        },
    )
}

pub fn session_lengths(scope: &Scope<'_>) -> Answer<SessionLengths> {
    if scope.is_about_all() {
        let sql = format!("WITH {SESSIONS} SELECT last - first FROM parts WHERE visits > 0");
        return Ok(SessionLengths::of(scope.all(&sql, &[], |row| unsigned(row, 0))?));
    }
    let lengths_ms = scope.all(
        "SELECT MAX(timestamp) - MIN(timestamp) FROM events
         WHERE timestamp >= ?1 AND timestamp < ?2
         GROUP BY session_id HAVING COUNT(*) FILTER (WHERE event = 'component_visit') > 0",
        &[],
        |row| unsigned(row, 0),
    )?;
    Ok(SessionLengths::of(lengths_ms))
}
