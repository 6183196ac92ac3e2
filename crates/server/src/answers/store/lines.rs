//! The answers that SQL would say in a contorted way: the pure functions over just the events they
//! look at.

use insights::{ComponentLoads, ComponentTime, FunnelStep, MAX_EVENTS, Story};
use rusqlite::ToSql;
use tracking::Record;

use crate::answers::store::scope::{Answer, Scope};

/// The chosen events of which `condition` holds; its parameters begin at `?3`.
fn records(scope: &Scope<'_>, condition: &str, more: &[&dyn ToSql]) -> Answer<Vec<Record>> {
    let sql =
        format!("SELECT line FROM events WHERE {condition} AND timestamp >= ?1 AND timestamp < ?2");
    read(scope, &sql, more)
}

fn read(scope: &Scope<'_>, sql: &str, more: &[&dyn ToSql]) -> Answer<Vec<Record>> {
    scope.rows(sql, scope.range, more, |mut rows| {
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let line = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            records.push(Record::from_line(line)?);
        }
        Ok(records)
    })
}

pub fn time(scope: &Scope<'_>) -> Answer<Vec<ComponentTime>> {
    let condition = "event IN ('component_visit', 'component_exit')";
    Ok(insights::time(&records(scope, condition, &[])?, scope.range))
}

pub fn loads(scope: &Scope<'_>) -> Answer<Vec<ComponentLoads>> {
    let condition = "event = 'component_interaction' AND interaction_type = 'component_loaded'";
    Ok(insights::loads(&records(scope, condition, &[])?, scope.range))
}

pub fn funnel(
    scope: &Scope<'_>,
    components: &[String],
    within_ms: Option<u64>,
) -> Answer<Vec<FunnelStep>> {
    let condition = "event = 'component_visit'
        AND component_hash IN (SELECT value FROM json_each(?3))";
    let records = records(scope, condition, &[&serde_json::to_string(components)?])?;
    Ok(insights::funnel(&records, scope.range, components, within_ms))
}

pub fn session(scope: &Scope<'_>, id: &str) -> Answer<Option<Story>> {
    // One more than are told, so that it can be told that there are more.
    let sql = format!(
        "SELECT line FROM events WHERE session_id = ?3 AND timestamp >= ?1 AND timestamp < ?2
         ORDER BY timestamp, seq, event_id LIMIT {MAX_EVENTS} + 1"
    );
    Ok(insights::session(&read(scope, &sql, &[&id])?, scope.range, id))
}
