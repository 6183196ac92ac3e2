//! What only a browser does: the app drawn into a real document.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::rc::Rc;

use clm_dashboard::{
    app::{App, Props},
    registry::Registry,
    store::{Action, ErrorKind, Store},
};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const TWO: &str = r#"{"components":[
    {"hash":"a2","name":"Alpha","concrete":{"implementation":"a2.html"}},
    {"hash":"b","name":"Beta","category":"Tools","concrete":{"implementation":"b.html"}}]}"#;

struct Page {
    store: Store,
    root: web_sys::Element,
}

fn page() -> Page {
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    document.body().unwrap().append_child(&root).unwrap();
    let store = Store::default();
    let props = Props { store: store.clone() };
    yew::Renderer::<App>::with_root_and_props(root.clone(), props).render();
    Page { store, root }
}

impl Page {
    fn count(&self, selector: &str) -> u32 {
        self.root.query_selector_all(selector).unwrap().length()
    }

    fn text(&self, selector: &str) -> String {
        let found = self.root.query_selector(selector).unwrap();
        found.and_then(|element| element.text_content()).unwrap_or_default()
    }

    fn click(&self, selector: &str) {
        let found = self.root.query_selector(selector).unwrap().unwrap();
        found.dyn_into::<web_sys::HtmlElement>().unwrap().click();
    }

    /// Waits for a condition, never for a time; the test runner's own limit ends a wait in vain.
    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        while !condition(self) {
            gloo_timers::future::TimeoutFuture::new(10).await;
        }
    }
}

#[wasm_bindgen_test]
async fn the_list_shows_every_component_and_a_click_opens_its_frame() {
    let page = page();
    page.until(|page| page.count(".loading-overlay") == 1).await;
    page.store.dispatch(Action::RegistryLoaded(Rc::new(Registry::parse(TWO).unwrap())));
    page.until(|page| page.count(".component-item") == 2).await;
    assert_eq!(page.count(".loading-overlay"), 0);
    page.until(|page| page.count("iframe") == 1).await;
    page.click(".component-item[data-hash='b']");
    page.until(|page| page.count("iframe#iframe-b:not([hidden])") == 1).await;
    assert_eq!(page.count("iframe[hidden]"), 1);
    assert_eq!(page.text(".viewer-name"), "Beta");
}

#[wasm_bindgen_test]
async fn a_failed_registry_says_so_and_offers_another_try() {
    let page = page();
    page.store.dispatch(Action::RegistryFailed {
        kind: ErrorKind::Http,
        message: "The registry answers HTTP 500.".into(),
    });
    page.until(|page| page.count("[role='alert']") == 1).await;
    assert!(page.text("[role='alert']").contains("HTTP 500"));
    page.click("[role='alert'] button");
    page.until(|page| page.count(".loading-overlay") == 1).await;
}

#[wasm_bindgen_test]
async fn a_failed_component_leaves_the_page_alive() {
    let page = page();
    page.store.dispatch(Action::RegistryLoaded(Rc::new(Registry::parse(TWO).unwrap())));
    page.store.dispatch(Action::SetActiveComponent("b".into()));
    page.store.dispatch(Action::ComponentFailed {
        hash: "b".into(),
        kind: ErrorKind::Exception,
        message: "boom".into(),
        stack: "".into(),
    });
    page.until(|page| page.text(".failure").contains("boom")).await;
    page.click(".component-item[data-hash='a2']");
    page.until(|page| page.text(".viewer-name") == "Alpha").await;
}
