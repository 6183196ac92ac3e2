//! The browser's clocks, its random source, and small things of the page.

use tracking::{Now, Random, Timestamp};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::toast;

/// Where the page is, without query or fragment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    pub url: String,
    pub referrer: String,
}

pub fn now() -> Now {
    Now { wall: Timestamp(whole_ms(js_sys::Date::now())), mono_ms: mono_ms() }
}

thread_local! {
    // Asked for with every event, and each step into the browser costs.
    static PERFORMANCE: Option<web_sys::Performance> =
        web_sys::window().and_then(|window| window.performance());
}

/// Milliseconds since the page was opened, never backwards.
#[must_use]
pub fn mono_ms() -> u64 {
    PERFORMANCE.with(|clock| clock.as_ref().map_or(0, |clock| whole_ms(clock.now())))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_ms(ms: f64) -> u64 {
    // Saturates, and a negative or NaN clock reads 0.
    ms as u64
}

/// 128 bits at a time from the platform's secure source, fetched in blocks because each call
/// into the browser costs more than the bytes.
#[must_use]
pub fn random() -> Random {
    let mut block = [0_u8; 256];
    let mut used = block.len();
    Box::new(move || {
        if used + 16 > block.len() {
            fill(&mut block);
            used = 0;
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&block[used..used + 16]);
        used += 16;
        u128::from_be_bytes(bytes)
    })
}

fn fill(block: &mut [u8]) {
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    if let Some(crypto) = crypto {
        // Fails only beyond 65,536 bytes.
        let _ = crypto.get_random_values_with_u8_array(block);
    }
}

/// Scheme, host and path of the page and of where it was reached from: the rest may hold secrets.
pub fn place() -> Place {
    let window = web_sys::window();
    let document = window.as_ref().and_then(web_sys::Window::document);
    let href = window.and_then(|window| window.location().href().ok()).unwrap_or_default();
    let referrer = document.map(|document| document.referrer()).unwrap_or_default();
    Place { url: without_query(&href), referrer: without_query(&referrer) }
}

/// Whether `address` leads to the page's own origin, as the browser reads both. What it cannot read
/// counts as ours: such a component gets fewer rights.
#[must_use]
pub fn has_own_origin(address: &str) -> bool {
    let Some(window) = web_sys::window() else { return true };
    let base = window.document().and_then(|document| document.base_uri().ok()).flatten();
    let url = web_sys::Url::new_with_base(address, &base.unwrap_or_default());
    url.ok().zip(window.location().origin().ok()).is_none_or(|(url, own)| url.origin() == own)
}

fn without_query(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    // user:password@host
    match bare.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?))) {
        Some((scheme, (host, path))) => {
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => bare.to_owned(),
    }
}

/// Global Privacy Control or Do Not Track.
pub fn browser_says_no() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator: JsValue = window.navigator().into();
    let get = |key: &str| js_sys::Reflect::get(&navigator, &key.into()).unwrap_or_default();
    get("globalPrivacyControl").is_truthy() || get("doNotTrack").as_string().as_deref() == Some("1")
}

/// Lets the browser save `text` as a file of the type `mime`.
///
/// # Errors
/// When the browser has no way to make a file.
pub fn save_file(name: &str, mime: &str, text: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let parts = js_sys::Array::of1(&text.into());
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let link: web_sys::HtmlElement = document.create_element("a")?.unchecked_into();
    link.set_attribute("href", &url)?;
    link.set_attribute("download", name)?;
    link.click();
    // The browser has begun to read it by then.
    gloo_timers::callback::Timeout::new(60_000, move || {
        let _ = web_sys::Url::revoke_object_url(&url);
    })
    .forget();
    Ok(())
}

/// Whether a person can see the tab. A page that is made ready ahead of time (prerendered) is in no tab yet.
pub fn is_visible() -> bool {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return true;
    };
    let prerendering = js_sys::Reflect::get(&document, &"prerendering".into());
    document.visibility_state() != web_sys::VisibilityState::Hidden
        && !prerendering.is_ok_and(|value| value.is_truthy())
}

/// In pixels; 0 where there is no window.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn window_width() -> u32 {
    let width = web_sys::window().and_then(|window| window.inner_width().ok()?.as_f64());
    width.unwrap_or_default() as u32
}

/// Milliseconds that the person's clock is ahead of UTC at an instant.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub fn ahead_of_utc(at_ms: u64) -> i64 {
    let date = js_sys::Date::new(&JsValue::from_f64(at_ms as f64));
    // Old zones have seconds, too.
    (date.get_timezone_offset() * -60_000.0) as i64
}

/// The name of the person's time zone, such as `Europe/Berlin`; `UTC` where the browser has none.
#[must_use]
pub fn time_zone() -> String {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into());
    zone.ok().and_then(|zone| zone.as_string()).unwrap_or_else(|| "UTC".to_owned())
}

/// A text as a search compares it; the server has the same rule.
#[must_use]
pub fn folded(text: &str) -> String {
    // Most names, and no step into the browser for them.
    if text.is_ascii() { text.to_ascii_lowercase() } else { insights::fold(nfkd(text).chars()) }
}

#[cfg(target_arch = "wasm32")]
fn nfkd(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKD").into()
}

#[cfg(not(target_arch = "wasm32"))]
fn nfkd(text: &str) -> String {
    unicode_normalization::UnicodeNormalization::nfkd(text).collect()
}

#[must_use]
pub fn prefers_dark() -> bool {
    web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Saves a text as a file and says so.
pub fn download(name: &str, mime: &str, text: &str) {
    let told = save_file(name, mime, text).map(|()| format!("Saved as {name}"));
    toast::say(told.as_deref().unwrap_or("Your browser refused to save the file"));
}

/// Puts a text on the clipboard and says so.
pub fn copy(text: &str) {
    const REFUSED: &str = "Your browser does not let us copy";
    let Some(window) = web_sys::window().filter(web_sys::Window::is_secure_context) else {
        return toast::say(REFUSED);
    };
    let copied = window.navigator().clipboard().write_text(text);
    spawn_local(async move {
        let done = JsFuture::from(copied).await.is_ok();
        toast::say(if done { "Copied" } else { REFUSED });
    });
}

/// Opens the browser's way to paper.
pub fn print() {
    if let Some(window) = web_sys::window() {
        let _ = window.print();
    }
}

/// A file of the page, or why it did not come.
pub enum Fetched {
    Text(String),
    Status(u16),
    Unreachable,
}

pub async fn fetch_text(url: &str) -> Fetched {
    let Ok(response) = gloo_net::http::Request::get(url).send().await else {
        return Fetched::Unreachable;
    };
    if !response.ok() {
        return Fetched::Status(response.status());
    }
    response.text().await.map_or(Fetched::Unreachable, Fetched::Text)
}

/// The HTTP status of `url`, without its text; 0 when there is no answer.
pub async fn status_of(url: &str) -> u16 {
    let request = gloo_net::http::RequestBuilder::new(url).method(gloo_net::http::Method::HEAD);
    request.send().await.map_or(0, |response| response.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_path_are_kept() {
        for (url, kept) in [
            ("http://localhost:8080/a/b?token=1#/x", "http://localhost:8080/a/b"),
            ("https://me:secret@example.org/a", "https://example.org/a"),
            ("https://example.org/?q=@", "https://example.org/"),
            ("https://example.org#x", "https://example.org"),
            ("", ""),
        ] {
            assert_eq!(without_query(url), kept);
        }
    }
}
