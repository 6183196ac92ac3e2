//! `window.track(i)`: one action into the real store, watched by the real tracker, as in the dashboard.

use clm_dashboard::{
    config::Config,
    store::{Action, Store},
    tracking,
};
use js_sys::Reflect;
use wasm_bindgen::{JsValue, closure::Closure};

fn main() {
    let Some(window) = web_sys::window() else { return };
    let get = |of: &JsValue, key: &str| Reflect::get(of, &key.into()).unwrap_or_default();
    let endpoint = get(&get(&window, "__BENCH"), "endpoint").as_string().unwrap_or_default();
    let config = Config { loki_url: format!("{endpoint}/loki/api/v1/push"), ..Config::default() };

    let store = Store::default();
    let _ = tracking::start(&store, async { config });
    store.dispatch(Action::ConsentAnswered(true));
    let track = Closure::<dyn FnMut(u32)>::new(move |i: u32| {
        store.dispatch(Action::ComponentEvent {
            hash: format!("cmp-{}", i % 8).into(),
            event: "opened".into(),
            // The marker that the sink looks for.
            details: Some(format!(r#"{{"seq":"bevt{i:07}x","load_time_ms":12}}"#).into()),
            at_ms: 0,
        });
    });
    let _ = Reflect::set(&window, &"track".into(), track.as_ref());
    track.forget();
}
