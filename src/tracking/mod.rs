//! The browser side of tracking: watches the store, runs the core, sends what leaves.

mod alarm;
mod basic;
mod bucket;
mod console;
pub(crate) mod failures;
mod locks;
mod page;
mod pump;
mod status;
mod storage;
pub mod translate;
mod transport;

use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen::{JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;

use crate::{
    config::{self, Config},
    platform::{self, Fetched},
    store::{Action, Clm, Store, Theme},
};
use pump::Pump;

/// Starts to watch `store`. Without consent nothing is kept beyond a few signals in memory.
/// What comes back is to be told of a panic.
pub fn start<C>(store: &Store, config: C) -> impl Fn(&str) + use<C>
where
    C: Future<Output = Config> + 'static,
{
    let pump = Pump::new(store.clone());
    observe(store, pump.clone());
    page::listen(store, &pump);
    expose(&pump);
    let own = pump.clone();
    store.provide_own_events(move || own.own_events());
    let witness = pump.clone();
    spawn_local(async move { pump.configure(config.await) });
    move |message| witness.crashed(message)
}

/// The secret of this browser's user, if there is one: it proves to the server who asks.
#[must_use]
pub fn secret() -> Option<String> {
    storage::Kept::open().known_secret().map(|secret| secret.to_hex()).or_else(storage::remembered)
}

/// The secrets that are kept to delete what was sent with them, after tracking was turned off.
#[must_use]
pub fn deletion_keys() -> Vec<String> {
    storage::Kept::open().deletion_keys()
}

/// Only these from now on.
pub fn keep_deletion_keys(keys: impl IntoIterator<Item = String>) {
    storage::Kept::open().set_deletion_keys(&keys.into_iter().collect::<Vec<_>>());
}

/// What the person chose of the page itself is as it was, and remembered from now on: the theme, and that the
/// hints were put away.
pub fn remember_choices(store: &Store) {
    let kept = storage::Kept::open();
    if let Some(theme) = kept.theme().and_then(|theme| Theme::parse(&theme)) {
        store.dispatch(Action::ThemeChosen(theme));
    }
    if !kept.hints_are_away() {
        store.dispatch(Action::Hint(Some(0)));
    }
    store.observe(move |transition| match transition.action {
        Action::Hint(None) => kept.put_hints_away(),
        Action::ThemeChosen(theme) => kept.set_theme(theme.as_str()),
        _ => {}
    });
}

fn observe(store: &Store, pump: Rc<Pump>) {
    store.observe(move |transition| {
        if let Action::ConsentAnswered(granted) = transition.action {
            pump.answer(*granted);
        }
        if let Action::FaultTried(fault) = transition.action {
            pump.try_fault(*fault);
        }
        pump.record(translate::signals_for(transition, platform::place));
        let shown = |clm: &Clm| (clm.page, clm.over);
        if let Action::RouteChanged(_) = transition.action {
            pump.address_changed();
        }
        if shown(transition.before) != shown(transition.after) {
            pump.looked_at();
        }
    });
}

/// `window.__CLM_TRACKING__`: what is counted now, for support and tests.
fn expose(pump: &Rc<Pump>) {
    let (Some(window), pump) = (web_sys::window(), pump.clone()) else { return };
    let counts = Closure::<dyn Fn() -> JsValue>::new(move || {
        let json = pump.snapshot().map(|counts| counts.to_json());
        json.and_then(|json| js_sys::JSON::parse(&json).ok()).unwrap_or_default()
    });
    let property = js_sys::Object::new();
    let _ = Reflect::set(&property, &"get".into(), counts.as_ref());
    js_sys::Object::define_property(&window, &"__CLM_TRACKING__".into(), &property);
    counts.forget();
}

/// The settings beside the page, or the defaults with a word about why.
pub async fn fetched_config() -> Config {
    let config = config_text().await.and_then(|text| {
        if let Some(told) = config::unread(keys(&text)) {
            web_sys::console::warn_1(&format!("[Analytics] {told}").into());
        }
        Config::parse(&text)
    });
    config.unwrap_or_else(|why| {
        web_sys::console::warn_1(&format!("[Analytics] {why}; using the defaults").into());
        Config::default()
    })
}

pub(crate) async fn fetch_config() -> Result<Config, String> {
    Config::parse(&config_text().await?)
}

async fn config_text() -> Result<String, String> {
    match platform::fetch_text("config.json").await {
        Fetched::Text(text) => Ok(text),
        Fetched::Status(status) => Err(format!("config.json answers {status}")),
        Fetched::Unreachable => Err("config.json cannot be reached".to_owned()),
    }
}

fn keys(json: &str) -> Vec<String> {
    let object = js_sys::JSON::parse(json).ok().filter(JsValue::is_object);
    let keys = object.and_then(|object| Reflect::own_keys(&object).ok()).unwrap_or_default();
    keys.iter().filter_map(|key| key.as_string()).collect()
}
