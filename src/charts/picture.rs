//! The one view that draws.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::{Drawing, Form, Shape};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub drawing: Drawing,
    pub width: i32,
    /// What the picture answers; its numbers are in a table beside it.
    pub label: AttrValue,
    pub onpick: Callback<String>,
}

#[component]
pub fn Picture(props: &Props) -> Html {
    let pointed = use_state_eq(|| None::<usize>);
    let Drawing { height, shapes } = &props.drawing;
    let onmouseover = {
        let pointed = pointed.clone();
        Callback::from(move |event: MouseEvent| pointed.set(shape_under(&event)))
    };
    let onclick = {
        let picks: Vec<_> = shapes.iter().map(|shape| shape.pick.clone()).collect();
        let onpick = props.onpick.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(Some(Some(hash))) = shape_under(&event).map(|at| picks.get(at).cloned()) {
                onpick.emit(hash);
            }
        })
    };
    let tip = pointed.and_then(|at| shapes.get(at)).map(|shape| shape.tip.clone());
    html! {
        <div class="chart">
            <svg width={props.width.to_string()} height={height.to_string()} viewBox={format!("0 0 {} {height}", props.width)} role="img"
                 aria-label={&props.label} {onmouseover} {onclick}>
                { for shapes.iter().enumerate().map(|(at, shape)| draw(at, shape)) }
            </svg>
            <p class="readout" aria-hidden="true">{ tip }</p>
        </div>
    }
}

fn draw(at: usize, shape: &Shape) -> Html {
    let number = |number: &i32| number.to_string();
    let (tag, geometry) = match &shape.form {
        Form::Rect { x, y, width, height } => (
            "rect",
            vec![
                ("x", number(x)),
                ("y", number(y)),
                ("width", number(width)),
                ("height", number(height)),
            ],
        ),
        Form::Path { d, stroke } => {
            ("path", vec![("d", d.clone()), ("stroke-width", number(stroke))])
        }
        Form::Text { x, y, .. } => ("text", vec![("x", number(x)), ("y", number(y))]),
    };
    let mut element = yew::virtual_dom::VTag::new(tag);
    element.add_attribute("class", shape.class);
    for (name, value) in geometry {
        element.add_attribute(name, value);
    }
    if let Form::Text { text, .. } = &shape.form {
        element.add_child(Html::from(text.clone()));
    }
    if !shape.tip.is_empty() {
        element.add_attribute("data-at", at.to_string());
    }
    if shape.pick.is_some() {
        element.add_attribute("data-pick", "");
    }
    element.into()
}

fn shape_under(event: &MouseEvent) -> Option<usize> {
    event.target()?.dyn_into::<Element>().ok()?.get_attribute("data-at")?.parse().ok()
}
