//! The answers that SQL would say in a contorted way: the pure functions over just the events they
//! look at.

use insights::{ComponentLoads, ComponentTime, FunnelStep, Range};
use rusqlite::{ToSql, Transaction, params_from_iter};
use tracking::Record;

use crate::{answers::sql::bounds, store::StoreError};

/// The events in range of which `condition` holds; its parameters begin at `?3`.
fn records(
    events: &Transaction<'_>,
    range: Range,
    condition: &str,
    more: &[String],
) -> Result<Vec<Record>, StoreError> {
    let (from_ms, to_ms) = bounds(range);
    let mut statement = events.prepare(&format!(
        "SELECT line FROM events WHERE {condition} AND timestamp >= ?1 AND timestamp < ?2"
    ))?;
    let params = [&from_ms as &dyn ToSql, &to_ms]
        .into_iter()
        .chain(more.iter().map(|text| text as &dyn ToSql));
    let mut rows = statement.query(params_from_iter(params))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let line = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        records.push(Record::from_line(line)?);
    }
    Ok(records)
}

pub fn time(events: &Transaction<'_>, range: Range) -> Result<Vec<ComponentTime>, StoreError> {
    let condition = "event IN ('component_visit', 'component_exit')";
    Ok(insights::time(&records(events, range, condition, &[])?, range))
}

pub fn loads(events: &Transaction<'_>, range: Range) -> Result<Vec<ComponentLoads>, StoreError> {
    let condition = "event = 'component_interaction' AND interaction_type = 'component_loaded'";
    Ok(insights::loads(&records(events, range, condition, &[])?, range))
}

pub fn funnel(
    events: &Transaction<'_>,
    range: Range,
    components: &[String],
) -> Result<Vec<FunnelStep>, StoreError> {
    let places: Vec<String> = (3..3 + components.len()).map(|place| format!("?{place}")).collect();
    let condition =
        format!("event = 'component_visit' AND component_hash IN ({})", places.join(", "));
    Ok(insights::funnel(&records(events, range, &condition, components)?, range, components))
}
