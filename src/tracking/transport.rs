//! One batch over the wire. Typed fetch has no `keepalive`, so this is plain web-sys.

use js_sys::{Array, Function, Reflect};
use tracking::Outcome;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Blob, ReadableWritablePair, Request, RequestInit, Response};

use crate::platform;

/// How long a receiver may take to answer.
const TIMEOUT_MS: u32 = 10_000;
/// Shorter bodies leave as they are: a single event. Measured in Chromium: bodies of 1, 2 and 10 events
/// (0.7, 1.4 and 7.7 kB) shrink to 51, 33 and 14 %; each costs the main thread 0.3 ms, whatever its size.
const PACK_FROM_BYTES: usize = 1_024;

/// Where batches go.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    /// Value of the `Authorization` header.
    pub authorization: Option<String>,
}

enum Body {
    Plain(String),
    Gzip(JsValue),
}

/// Sends `body` and tells how that ended. Aborting `abort` ends it early, as unreachable.
pub async fn send(receiver: Receiver, body: String, abort: AbortController) -> Outcome {
    let body = if body.len() < PACK_FROM_BYTES {
        Body::Plain(body)
    } else {
        match gzip(&body).await {
            Ok(packed) => Body::Gzip(packed),
            // A browser without it.
            Err(_) => Body::Plain(body),
        }
    };
    match start(&receiver, &body, false, &abort) {
        Ok(answer) => outcome(answer, abort).await,
        Err(_) => Outcome::Unreachable,
    }
}

/// Like [`send`], but the request is under way when this returns, and outlives the page.
pub fn send_last(
    receiver: &Receiver,
    body: String,
    abort: AbortController,
) -> impl Future<Output = Outcome> + use<> {
    let answer = start(receiver, &Body::Plain(body), true, &abort);
    async move {
        match answer {
            Ok(answer) => outcome(answer, abort).await,
            Err(_) => Outcome::Unreachable,
        }
    }
}

fn start(
    receiver: &Receiver,
    body: &Body,
    outlive: bool,
    abort: &AbortController,
) -> Result<js_sys::Promise, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    match body {
        Body::Plain(text) => init.set_body(&JsValue::from_str(text)),
        Body::Gzip(bytes) => init.set_body(bytes),
    }
    init.set_signal(Some(&abort.signal()));
    Reflect::set(&init, &"keepalive".into(), &outlive.into())?;
    let request = Request::new_with_str_and_init(&receiver.url, &init)?;
    let headers = request.headers();
    headers.set("Content-Type", "application/json")?;
    if matches!(body, Body::Gzip(_)) {
        headers.set("Content-Encoding", "gzip")?;
    }
    if let Some(value) = &receiver.authorization {
        headers.set("Authorization", value)?;
    }
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    Ok(window.fetch_with_request(&request))
}

/// The browser packs beside the main thread.
async fn gzip(text: &str) -> Result<JsValue, JsValue> {
    // Not in web-sys yet.
    let class = Reflect::get(&js_sys::global(), &"CompressionStream".into())?;
    let pack = Reflect::construct(class.unchecked_ref::<Function>(), &Array::of1(&"gzip".into()))?;
    let blob = Blob::new_with_str_sequence(&Array::of1(&text.into()))?;
    let packed = blob.stream().pipe_through(pack.unchecked_ref::<ReadableWritablePair>());
    let response = Response::new_with_opt_readable_stream(Some(&packed))?;
    JsFuture::from(response.array_buffer()?).await
}

async fn outcome(answer: js_sys::Promise, abort: AbortController) -> Outcome {
    let timeout = gloo_timers::callback::Timeout::new(TIMEOUT_MS, move || abort.abort());
    let answer = JsFuture::from(answer).await;
    drop(timeout);
    let Some(response) = answer.ok().and_then(|value| value.dyn_into::<Response>().ok()) else {
        return Outcome::Unreachable;
    };
    let retry_after = response.headers().get("Retry-After").ok().flatten();
    Outcome::from_status(response.status(), retry_after.as_deref(), platform::now().wall)
}

/// The value of a Basic `Authorization` header.
pub fn basic(user: &str, password: &str) -> Option<String> {
    let encoded = web_sys::window()?.btoa(&format!("{user}:{password}")).ok()?;
    Some(format!("Basic {encoded}"))
}
