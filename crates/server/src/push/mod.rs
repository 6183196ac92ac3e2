//! `POST /loki/api/v1/push`: what a page recorded comes in, in Loki's words.

mod body;
mod check;
mod clock;

pub use body::is_too_large;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use thiserror::Error;
use tracking::loki::PushRequest;

use crate::{
    clock::now_ms,
    guard::client::Client,
    observe::Metrics,
    push::{
        check::{Checked, check},
        clock::Clock,
    },
    store::{Inserted, Row, StoreError},
    web::App,
};

/// Unpacked bytes of one request.
pub const MAX_BYTES: usize = 1 << 20;

/// Tells a page by how many milliseconds its clock was corrected: to be added to it.
pub const SKEW: HeaderName = HeaderName::from_static("clm-clock-skew-ms");

/// Bytes that are decoded in less time than another thread takes to wake up: about 20 events.
const SHORT: usize = 16 << 10;

#[derive(Debug, Error)]
pub enum Refusal {
    #[error("the content type must be application/json")]
    ContentType,
    #[error("the content encoding must be gzip or none")]
    Encoding,
    #[error("the body is over {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the body cannot be read")]
    Broken,
    #[error("the body took too long")]
    Slow,
    #[error("the body is not gzip")]
    Gzip,
    #[error("the body is not a push request: {0}")]
    Json(String),
    #[error("no entries")]
    Empty,
    #[error("{text}")]
    Entries { text: String, count: usize },
    #[error("the events cannot be stored at the moment")]
    Store(#[from] StoreError),
    #[error("the server failed")]
    Failed,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::ContentType | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Gzip | Self::Json(_) | Self::Entries { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Refusal {
    /// Bad entries one by one, anything else as one request.
    fn count(&self, metrics: &Metrics) {
        match self {
            Self::ContentType => metrics.refuse("content_type", 1),
            Self::Encoding => metrics.refuse("encoding", 1),
            Self::TooLarge => metrics.refuse("too_large", 1),
            Self::Broken | Self::Gzip => metrics.refuse("broken", 1),
            Self::Slow => metrics.refuse("slow", 1),
            Self::Json(_) | Self::Empty => metrics.refuse("json", 1),
            Self::Entries { count, .. } => metrics.refuse("entry", *count),
            Self::Store(_) => metrics.refuse("store", 1),
            Self::Failed => metrics.refuse("failed", 1),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = format!("{self}\n");
        match &self {
            // Said in the log when it began.
            Self::Store(StoreError::Unwell(why)) => {
                let text = format!("{self}: {why}\n");
                (self.status(), [(header::RETRY_AFTER, "5")], text).into_response()
            }
            Self::Store(error) => {
                tracing::error!("events were not stored: {error}");
                (self.status(), [(header::RETRY_AFTER, "5")], text).into_response()
            }
            _ => (self.status(), text).into_response(),
        }
    }
}

/// The events of an unpacked body.
fn decode(body: &[u8], clock: Clock) -> Result<Checked, Refusal> {
    let request: PushRequest<'_> =
        serde_json::from_slice(body).map_err(|error| Refusal::Json(without_values(&error)))?;
    Ok(check(&request, clock))
}

/// The rows of a body that this program made itself; what is not taken from a page is left out.
pub fn rows(body: &str, now_ms: u64) -> Vec<Row> {
    decode(body.as_bytes(), Clock::of(None, now_ms))
        .map_or_else(|_| Vec::new(), |checked| checked.rows)
}

/// What a body of these bytes comes to, for tests of hostile ones: the lines that would be stored.
///
/// # Errors
/// The sentence that the client would read.
pub fn try_decode(body: &[u8], is_gzip: bool, now_ms: u64) -> Result<Vec<String>, String> {
    let unpacked = if is_gzip {
        body::unzip(body).map_err(|refusal| refusal.to_string())?
    } else {
        body.to_vec()
    };
    let checked =
        decode(&unpacked, Clock::of(None, now_ms)).map_err(|refusal| refusal.to_string())?;
    let lines: Vec<_> = checked.rows.into_iter().map(|row| row.line).collect();
    if checked.refused.is_empty() { Ok(lines) } else { Err(checked.refused.text(lines.len())) }
}

/// Stores the good entries, then says which were bad.
pub async fn push(State(app): State<Arc<App>>, request: Request) -> Response {
    // Now: a body may take its time.
    let clock = Clock::of(request.uri().query(), now_ms());
    // A page on this machine has the same clock.
    let is_elsewhere = request.extensions().get::<Client>().is_some_and(|client| !client.is_here);
    let (skew_ms, result) = match take(&app, request, clock).await {
        Ok((skew_ms, result)) => {
            if let Some(agrees) = clock.agrees().filter(|_| is_elsewhere) {
                app.store.bear_witness(agrees);
            }
            (skew_ms, result)
        }
        Err(refusal) => (None, Err(refusal)),
    };
    let mut response = match result {
        Ok(status) => status.into_response(),
        Err(refusal) => {
            refusal.count(&app.metrics);
            refusal.into_response()
        }
    };
    if let Some(skew_ms) = skew_ms {
        response.headers_mut().insert(SKEW, HeaderValue::from(skew_ms));
    }
    response
}

/// What the entries came to, and by how much the page's clock was corrected.
type Taken = (Option<i64>, Result<StatusCode, Refusal>);

async fn take(app: &App, request: Request, clock: Clock) -> Result<Taken, Refusal> {
    let (body, sent) = body::read(request).await?;
    let checked = if body.len() <= SHORT {
        decode(&body, clock)?
    } else {
        tokio::task::spawn_blocking(move || decode(&body, clock))
            .await
            .map_err(|_| Refusal::Failed)??
    };
    let Checked { rows, places, mut refused, corrected, skew_ms } = checked;
    let (mut taken, bad) = (rows.len(), refused.count());
    app.metrics.received(taken + bad, sent);
    if taken == 0 && refused.is_empty() {
        return Err(Refusal::Empty);
    }
    if taken > 0 {
        let Inserted { erased, new } = app.store.insert(rows, now_ms()).await?;
        app.metrics.took(taken, new, erased.len());
        app.metrics.corrected(corrected);
        for at in erased {
            taken -= 1;
            if let Some(&place) = places.get(at) {
                refused.add(place, &"the data of this user was erased");
            }
        }
    }
    let result = if refused.is_empty() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::Entries { text: refused.text(taken), count: bad })
    };
    Ok((skew_ms, result))
}

/// serde_json's own text may repeat what a client sent; its place does not.
fn without_values(error: &serde_json::Error) -> String {
    format!("wrong at line {} column {}", error.line(), error.column())
}
