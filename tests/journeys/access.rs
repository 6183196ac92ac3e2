//! axe-core finds nothing that keeps people out, on any page and in any state.

use crate::support::{Person, Site, axe::Axe, states};

#[tokio::test]
async fn no_page_and_no_state_keeps_people_out() {
    let axe = Axe::fetch();
    let site = Site::start(None).await;
    for (scheme, (width, height)) in
        [("light", (1440, 900)), ("dark", (1440, 900)), ("light", (390, 844)), ("dark", (390, 844))]
    {
        let person = Person::arrive(&site, "").await;
        person.prefer(&[("prefers-color-scheme", scheme)]).await;
        person.resize(width, height).await;
        let look = async |state: &str| {
            axe.looks_at(&person, &format!("{state}, {scheme}, {width}x{height}")).await;
        };
        states::walk(&person, "1h", look).await;
        person.leave().await;
    }
}

#[tokio::test]
async fn no_component_keeps_people_out() {
    let axe = Axe::fetch();
    let site = Site::start(None).await;
    let person = Person::arrive(&site, "").await;
    person.see_loaded().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/components");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".html") {
            person.visit(&format!("{}/components/{name}", site.address)).await;
            axe.looks_at(&person, &name).await;
        }
    }
    person.leave().await;
}
