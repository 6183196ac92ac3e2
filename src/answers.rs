//! Asks the server what was tracked.

use gloo_net::http::Request;
use insights::{Bounce, Bucket, ComponentTime, ComponentVisits, Flow, FunnelStep, Summary};
use serde::de::DeserializeOwned;

/// Everything the Insights page shows for one range of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    pub summary: Summary,
    pub visits: Vec<ComponentVisits>,
    pub time: Vec<ComponentTime>,
    pub popularity: Vec<Bucket>,
    pub journey: Vec<Flow>,
    pub entry_points: Vec<ComponentVisits>,
    pub bounce: Bounce,
}

/// Half-open, in ms since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    pub from_ms: u64,
    pub to_ms: u64,
}

/// Columns of the timeline.
const BUCKETS: u64 = 48;

/// # Errors
/// A sentence for the person at the screen.
pub async fn fetch(asked: Asked) -> Result<Answers, String> {
    let bucket_ms = (asked.to_ms.saturating_sub(asked.from_ms)).div_ceil(BUCKETS).max(1);
    Ok(Answers {
        summary: get("summary", asked, "").await?,
        visits: get("visits", asked, "").await?,
        time: get("time", asked, "").await?,
        popularity: get("popularity", asked, &format!("&bucket={bucket_ms}")).await?,
        journey: get("journey", asked, "").await?,
        entry_points: get("entry-points", asked, "").await?,
        bounce: get("bounce", asked, "").await?,
    })
}

/// # Errors
/// A sentence for the person at the screen.
pub async fn fetch_funnel(asked: Asked, components: &[String]) -> Result<Vec<FunnelStep>, String> {
    get("funnel", asked, &format!("&components={}", components.join(","))).await
}

async fn get<T: DeserializeOwned>(answer: &str, asked: Asked, more: &str) -> Result<T, String> {
    let Asked { from_ms, to_ms } = asked;
    let url = format!("api/insights/{answer}?from={from_ms}&to={to_ms}{more}");
    let unreachable = |_| "The server does not answer.".to_owned();
    let response = Request::get(&url).send().await.map_err(unreachable)?;
    if !response.ok() {
        return Err(format!("The server answers HTTP {}.", response.status()));
    }
    let text = response.text().await.map_err(unreachable)?;
    serde_json::from_str(&text)
        .map_err(|_| "The answer is not what was expected; is this our server?".to_owned())
}
