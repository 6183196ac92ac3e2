//! One batch over the wire: packed and sent by a worker, because a request costs the main thread more than
//! all that led to it. The last one of a page that hides must be under way at once, and leaves from here.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use tracking::{Answer, Outcome, Timestamp};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, MessageEvent, Request, RequestInit, Response, Worker};

use crate::platform;

/// How long a receiver may take to answer.
const TIMEOUT_MS: u32 = 10_000;
/// What the worker runs: `static/sender.js`.
const SCRIPT: &str = "sender.js";

/// By how much the receiver corrects our clock, in milliseconds to add to it. Told by our own server only.
const SKEW: &str = "clm-clock-skew-ms";

/// How one request ended.
#[derive(Clone, Copy)]
pub struct Ended {
    pub outcome: Outcome,
    /// Milliseconds that this device's clock is ahead of the receiver's, where that is so much that times were
    /// corrected.
    pub clock_ahead_ms: Option<i64>,
}

impl Ended {
    pub const UNREACHABLE: Self = Self { outcome: Outcome::Unreachable, clock_ahead_ms: None };

    fn of(answer: &Answer<'_>, skew: Option<&str>) -> Self {
        let skew_ms = skew.and_then(|text| text.parse::<i64>().ok());
        Self {
            outcome: Outcome::of(answer, platform::now().wall),
            clock_ahead_ms: skew_ms.map(i64::saturating_neg),
        }
    }
}

/// The receiver's address with our wall clock at this moment, by which it can tell how wrong our clock is. A
/// parameter and not a header: another origin is not asked first for it, and a real Loki ignores it.
#[must_use]
pub fn stamped(url: &str, now: Timestamp) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}sent={}", now.0)
}

/// Where batches go.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    /// Value of the `Authorization` header.
    pub authorization: Option<String>,
}

/// Sends one batch at a time.
#[derive(Default)]
pub struct Sender {
    worker: RefCell<Option<Worker>>,
    /// There is no worker to be had: everything leaves from here.
    alone: Rc<Cell<bool>>,
    last_id: Cell<u32>,
    /// Called with anything but the worker's answer, it ends the request under way.
    under_way: RefCell<Option<Function>>,
}

impl Sender {
    /// Sends `body` and tells how that ended. Aborting `abort` may end it early, as unreachable.
    pub fn send(
        &self,
        receiver: Receiver,
        body: String,
        abort: AbortController,
    ) -> impl Future<Output = Ended> + use<> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let handed_over = self.hand_over(id, &receiver, &body);
        let alone = self.alone.clone();
        async move {
            if let Some(answer) = handed_over {
                if let Ok(answer) = JsFuture::from(answer).await {
                    return told(id, &answer);
                }
                alone.set(true);
            }
            // Plain: a page without workers is rare, and nothing may depend on them.
            send_from_here(&receiver, body, false, abort).await
        }
    }

    /// What is under way ends now, as unreachable.
    pub fn stop(&self) {
        if let Some(worker) = self.worker.borrow_mut().take() {
            worker.terminate();
        }
        if let Some(end) = self.under_way.borrow_mut().take() {
            let _ = end.call0(&JsValue::UNDEFINED);
        }
    }

    fn hand_over(&self, id: u32, receiver: &Receiver, body: &str) -> Option<Promise> {
        if self.alone.get() {
            return None;
        }
        let mut worker = self.worker.borrow_mut();
        if worker.is_none() {
            *worker = Worker::new(SCRIPT).ok();
        }
        let worker = worker.as_ref()?;
        let authorization = receiver.authorization.as_deref().map(JsValue::from_str);
        // Bytes are handed over; a text would be copied twice.
        let body = Uint8Array::from(body.as_bytes());
        let message = Array::of4(
            &id.into(),
            &receiver.url.as_str().into(),
            &authorization.unwrap_or_default(),
            &body,
        );
        let answer = Promise::new(&mut |resolve, reject| {
            worker.set_onmessage(Some(&resolve));
            *self.under_way.borrow_mut() = Some(resolve);
            worker.set_onerror(Some(&reject));
        });
        worker.post_message_with_transfer(&message, &Array::of1(&body.buffer())).ok()?;
        Some(answer)
    }
}

/// Like [`Sender::send`], but the request is under way when this returns, and outlives the page.
pub fn send_last(
    receiver: &Receiver,
    body: String,
    abort: AbortController,
) -> impl Future<Output = Ended> + use<> {
    send_from_here(receiver, body, true, abort)
}

fn send_from_here(
    receiver: &Receiver,
    body: String,
    outlive: bool,
    abort: AbortController,
) -> impl Future<Output = Ended> + use<> {
    let answer = start(receiver, &body, outlive, &abort);
    async move {
        match answer {
            Ok(answer) => ended(answer, abort).await,
            Err(_) => Ended::UNREACHABLE,
        }
    }
}

fn start(
    receiver: &Receiver,
    body: &str,
    outlive: bool,
    abort: &AbortController,
) -> Result<Promise, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    init.set_signal(Some(&abort.signal()));
    // A redirect leads to somebody else, such as a sign-in page.
    Reflect::set(&init, &"redirect".into(), &"manual".into())?;
    // Typed fetch has no `keepalive`.
    Reflect::set(&init, &"keepalive".into(), &outlive.into())?;
    let request = Request::new_with_str_and_init(&receiver.url, &init)?;
    let headers = request.headers();
    headers.set("Content-Type", "application/json")?;
    if let Some(value) = &receiver.authorization {
        headers.set("Authorization", value)?;
    }
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    Ok(window.fetch_with_request(&request))
}

/// The worker's `[id, status, redirected, Content-Type, Retry-After, skew]`; status 0 without a redirect when
/// nobody answered. The answer to an earlier batch, which was given up, says nothing about this one.
fn told(id: u32, message: &JsValue) -> Ended {
    let data = message.dyn_ref::<MessageEvent>().map(MessageEvent::data);
    let Some(told) = data.and_then(|data| data.dyn_into::<Array>().ok()) else {
        return Ended::UNREACHABLE;
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = |at| told.get(at).as_f64().map_or(0, |n| n as u32);
    let status = u16::try_from(number(1)).ok().filter(|status| *status > 0);
    let redirected = told.get(2).is_truthy();
    if number(0) != id || (status.is_none() && !redirected) {
        return Ended::UNREACHABLE;
    }
    let text = |at| told.get(at).as_string();
    let (content_type, retry_after, skew) = (text(3), text(4), text(5));
    let answer = Answer {
        status,
        redirected,
        content_type: content_type.as_deref(),
        retry_after: retry_after.as_deref(),
    };
    Ended::of(&answer, skew.as_deref())
}

async fn ended(answer: Promise, abort: AbortController) -> Ended {
    let timeout = gloo_timers::callback::Timeout::new(TIMEOUT_MS, move || abort.abort());
    let answer = JsFuture::from(answer).await;
    drop(timeout);
    let Some(response) = answer.ok().and_then(|value| value.dyn_into::<Response>().ok()) else {
        return Ended::UNREACHABLE;
    };
    let header = |name| response.headers().get(name).ok().flatten();
    let (content_type, retry_after) = (header("Content-Type"), header("Retry-After"));
    let kind = Reflect::get(&response, &"type".into()).ok().and_then(|kind| kind.as_string());
    let answer = Answer {
        status: Some(response.status()).filter(|status| *status > 0),
        redirected: response.redirected() || kind.as_deref() == Some("opaqueredirect"),
        content_type: content_type.as_deref(),
        retry_after: retry_after.as_deref(),
    };
    Ended::of(&answer, header(SKEW).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_sending_goes_along_whatever_the_address() {
        for (url, stamp) in [
            ("/loki/api/v1/push", "/loki/api/v1/push?sent=7"),
            ("https://x.org/push?tenant=a", "https://x.org/push?tenant=a&sent=7"),
            ("https://x.org/push#part", "https://x.org/push?sent=7"),
            ("", "?sent=7"),
        ] {
            assert_eq!(stamped(url, Timestamp(7)), stamp);
        }
    }
}
