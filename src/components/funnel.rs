//! Pick components in order; see how many sessions came that far.

use std::rc::Rc;

use insights::FunnelStep;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::bars::{Bars, Row};
use crate::{
    answers::{self, Asked},
    registry::Registry,
};

const STEPS: usize = 3;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub registry: Rc<Registry>,
    pub asked: Asked,
}

#[component]
pub fn Funnel(props: &Props) -> Html {
    let first: Vec<String> =
        props.registry.components.iter().take(STEPS).map(|c| c.hash.to_string()).collect();
    let picked = use_state_eq(|| first);
    let result = use_state_eq(|| None::<Result<Vec<FunnelStep>, String>>);
    {
        let result = result.clone();
        use_effect_with(((*picked).clone(), props.asked), move |(picked, asked)| {
            let (picked, asked) = (picked.clone(), *asked);
            spawn_local(async move {
                result.set(Some(answers::fetch_funnel(asked, &picked).await));
            });
        });
    }
    let pick = |step: usize| {
        let picked = picked.clone();
        Callback::from(move |event: Event| {
            let select = event.target_unchecked_into::<web_sys::HtmlSelectElement>();
            let mut changed = (*picked).clone();
            if let Some(slot) = changed.get_mut(step) {
                *slot = select.value();
            }
            picked.set(changed);
        })
    };
    html! {
        <>
            <div class="funnel-pick">
                { for picked.iter().enumerate().map(|(step, hash)| html! {
                    <select aria-label={format!("Step {}", step + 1)} onchange={pick(step)}>
                        { for props.registry.components.iter().map(|component| html! {
                            <option value={component.hash.to_string()} selected={*component.hash == **hash}>
                                { &*component.name }
                            </option>
                        }) }
                    </select>
                }) }
            </div>
            { match &*result {
                None => Html::default(),
                Some(Err(why)) => html! { <p class="notice" data-tone="warn">{ why }</p> },
                Some(Ok(steps)) => html! {
                    <Bars heads={vec!["Step", "Sessions", "Of all"]} rows={rows(steps, &props.registry)} />
                },
            } }
        </>
    }
}

fn rows(steps: &[FunnelStep], registry: &Registry) -> Vec<Row> {
    let all = steps.first().map_or(0, |step| step.sessions).max(1);
    steps
        .iter()
        .map(|step| Row {
            label: registry
                .find(&step.component)
                .map_or_else(|| step.component.clone(), |c| c.name.to_string()),
            value: step.sessions,
            shown: vec![step.sessions.to_string(), format!("{} %", step.sessions * 100 / all)],
        })
        .collect()
}
