//! One batch over the wire: packed and sent by a worker, because a request costs the main thread more than
//! all that led to it. The last one of a page that hides must be under way at once, and leaves from here.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use tracking::Outcome;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, MessageEvent, Request, RequestInit, Response, Worker};

use crate::platform;

/// How long a receiver may take to answer.
const TIMEOUT_MS: u32 = 10_000;
/// What the worker runs: `static/sender.js`.
const SCRIPT: &str = "sender.js";

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
    ) -> impl Future<Output = Outcome> + use<> {
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
) -> impl Future<Output = Outcome> + use<> {
    send_from_here(receiver, body, true, abort)
}

fn send_from_here(
    receiver: &Receiver,
    body: String,
    outlive: bool,
    abort: AbortController,
) -> impl Future<Output = Outcome> + use<> {
    let answer = start(receiver, &body, outlive, &abort);
    async move {
        match answer {
            Ok(answer) => outcome(answer, abort).await,
            Err(_) => Outcome::Unreachable,
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

/// The worker's `[id, status, Retry-After]`; status 0 when nobody answered. The answer to an earlier batch,
/// which was given up, says nothing about this one.
fn told(id: u32, message: &JsValue) -> Outcome {
    let data = message.dyn_ref::<MessageEvent>().map(MessageEvent::data);
    let Some(answer) = data.and_then(|data| data.dyn_into::<Array>().ok()) else {
        return Outcome::Unreachable;
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = |at| answer.get(at).as_f64().map_or(0, |n| n as u32);
    match u16::try_from(number(1)) {
        Ok(status) if status > 0 && number(0) == id => answered(status, answer.get(2).as_string()),
        _ => Outcome::Unreachable,
    }
}

fn answered(status: u16, retry_after: Option<String>) -> Outcome {
    Outcome::from_status(status, retry_after.as_deref(), platform::now().wall)
}

async fn outcome(answer: Promise, abort: AbortController) -> Outcome {
    let timeout = gloo_timers::callback::Timeout::new(TIMEOUT_MS, move || abort.abort());
    let answer = JsFuture::from(answer).await;
    drop(timeout);
    let Some(response) = answer.ok().and_then(|value| value.dyn_into::<Response>().ok()) else {
        return Outcome::Unreachable;
    };
    answered(response.status(), response.headers().get("Retry-After").ok().flatten())
}

/// The value of a Basic `Authorization` header.
pub fn basic(user: &str, password: &str) -> Option<String> {
    let encoded = web_sys::window()?.btoa(&format!("{user}:{password}")).ok()?;
    Some(format!("Basic {encoded}"))
}
