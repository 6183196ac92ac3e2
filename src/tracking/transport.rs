//! One batch over the wire. Typed fetch has no `keepalive`, so this is plain web-sys.

use js_sys::Reflect;
use tracking::Outcome;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Request, RequestInit, Response};

use crate::platform;

/// How long a receiver may take to answer.
const TIMEOUT_MS: u32 = 10_000;

/// A request on its way.
pub struct Sending {
    promise: js_sys::Promise,
    abort: AbortController,
}

/// Starts to send `body`. `outlive` lets the request go on when the page is gone.
///
/// # Errors
/// When the browser cannot even build the request, for instance from a URL that is none.
pub fn send(
    url: &str,
    authorization: Option<&str>,
    body: &str,
    outlive: bool,
) -> Result<Sending, JsValue> {
    let abort = AbortController::new()?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&JsValue::from_str(body));
    init.set_signal(Some(&abort.signal()));
    Reflect::set(&init, &"keepalive".into(), &outlive.into())?;
    let request = Request::new_with_str_and_init(url, &init)?;
    let headers = request.headers();
    headers.set("Content-Type", "application/json")?;
    if let Some(value) = authorization {
        headers.set("Authorization", value)?;
    }
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    Ok(Sending { promise: window.fetch_with_request(&request), abort })
}

impl Sending {
    pub fn abort_handle(&self) -> AbortController {
        self.abort.clone()
    }

    pub async fn outcome(self) -> Outcome {
        let Self { promise, abort } = self;
        let timeout = gloo_timers::callback::Timeout::new(TIMEOUT_MS, move || abort.abort());
        let answer = JsFuture::from(promise).await;
        drop(timeout);
        let Some(response) = answer.ok().and_then(|value| value.dyn_into::<Response>().ok()) else {
            return Outcome::Unreachable;
        };
        let retry_after = response.headers().get("Retry-After").ok().flatten();
        Outcome::from_status(response.status(), retry_after.as_deref(), platform::now().wall)
    }
}

/// The value of a Basic `Authorization` header.
pub fn basic(user: &str, password: &str) -> Option<String> {
    let encoded = web_sys::window()?.btoa(&format!("{user}:{password}")).ok()?;
    Some(format!("Basic {encoded}"))
}
