//! The one view that draws. What a shape tells is read below the picture: by pointing, by a first tap, and
//! with the arrow keys.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::{Drawing, Form, Shape, scale::counted};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub drawing: Drawing,
    pub width: i32,
    pub onpick: Callback<String>,
}

#[component]
pub fn Picture(props: &Props) -> Html {
    let pointed = use_state_eq(|| None::<usize>);
    // A finger first shows, and acts when it taps the same shape again.
    let is_finger = use_mut_ref(|| false);
    let tapped = use_mut_ref(|| None::<usize>);
    let Drawing { height, shapes, .. } = &props.drawing;
    let point = |to: fn(&MouseEvent) -> Option<usize>| {
        let pointed = pointed.clone();
        Callback::from(move |event: MouseEvent| pointed.set(to(&event)))
    };
    let (onmouseover, onmouseleave) = (point(shape_under), point(|_| None));
    let ontouchstart = {
        let is_finger = is_finger.clone();
        Callback::from(move |_: TouchEvent| *is_finger.borrow_mut() = true)
    };
    let onclick = {
        let picks: Vec<_> = shapes.iter().map(|shape| shape.pick.clone()).collect();
        let (onpick, pointed) = (props.onpick.clone(), pointed.clone());
        Callback::from(move |event: MouseEvent| {
            let at = shape_under(&event);
            let is_first_tap = is_finger.replace(false) && tapped.replace(at) != at;
            pointed.set(at);
            if let (false, Some(Some(hash))) = (is_first_tap, at.and_then(|at| picks.get(at))) {
                onpick.emit(hash.clone());
            }
        })
    };
    let onkeydown = {
        let told: Vec<_> = told(shapes).collect();
        let picks: Vec<_> = shapes.iter().map(|shape| shape.pick.clone()).collect();
        let (onpick, pointed) = (props.onpick.clone(), pointed.clone());
        Callback::from(move |event: KeyboardEvent| {
            if let ("Enter", Some(at)) = (&*event.key(), *pointed) {
                if let Some(Some(hash)) = picks.get(at) {
                    onpick.emit(hash.clone());
                }
            } else if let Some(at) = step(&event.key(), &told, *pointed) {
                event.prevent_default();
                pointed.set(at);
            }
        })
    };
    let onblur = {
        let pointed = pointed.clone();
        Callback::from(move |_: FocusEvent| pointed.set(None))
    };
    let values = counted(told(shapes).count() as u64, "value");
    let label = format!("Chart of {values}. Read them with the arrow keys.");
    let shown = (*pointed).and_then(|at| Some((at, shapes.get(at)?)));
    let tip = shown.map(|(_, shape)| shape.tip.clone());
    html! {
        <div class="chart">
            <div class="drawn" tabindex="0" role="group" aria-label={label} {onkeydown} {onblur}>
                <svg width={props.width.to_string()} height={height.to_string()} viewBox={format!("0 0 {} {height}", props.width)} aria-hidden="true"
                     {onmouseover} {onmouseleave} {ontouchstart} {onclick}>
                    { for shapes.iter().enumerate().map(|(at, shape)| draw(at, shape, shown.is_some_and(|(shown, _)| shown == at))) }
                </svg>
            </div>
            <p class="readout" role="status">{ tip }</p>
        </div>
    }
}

/// The places of the shapes that tell something; of some that tell the same, the first.
fn told(shapes: &[Shape]) -> impl Iterator<Item = usize> {
    let mut known = std::collections::BTreeSet::new();
    let all = shapes.iter().enumerate().filter(|(_, shape)| !shape.tip.is_empty());
    all.filter(move |(_, shape)| known.insert(&shape.tip)).map(|(at, _)| at)
}

/// Where a key leads from `at`; none when it leads nowhere.
fn step(key: &str, told: &[usize], at: Option<usize>) -> Option<Option<usize>> {
    let place = at.and_then(|at| told.iter().position(|known| *known >= at));
    let last = told.len().checked_sub(1)?;
    let place = match (key, place) {
        ("Escape", Some(_)) => return Some(None),
        ("ArrowRight" | "ArrowDown", None) | ("Home", _) => 0,
        ("ArrowRight" | "ArrowDown", Some(place)) => (place + 1).min(last),
        ("ArrowLeft" | "ArrowUp", None) | ("End", _) => last,
        ("ArrowLeft" | "ArrowUp", Some(place)) => place.saturating_sub(1),
        _ => return None,
    };
    Some(told.get(place).copied())
}

fn draw(at: usize, shape: &Shape, is_shown: bool) -> Html {
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
    let class = if is_shown { format!("{} shown", shape.class) } else { shape.class.to_owned() };
    element.add_attribute("class", class);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrow_keys_go_from_value_to_value() {
        let shape = |tip: &str| Shape::rect("hit", 0, 0, 1, 1).tip(tip);
        let shapes = ["", "a", "a", "", "b", "c"].map(shape);
        let told: Vec<_> = told(&shapes).collect();
        assert_eq!(told, [1, 4, 5]);
        for (key, from, to) in [
            ("ArrowRight", None, Some(Some(1))),
            ("ArrowDown", Some(1), Some(Some(4))),
            ("ArrowRight", Some(5), Some(Some(5))),
            ("ArrowLeft", Some(4), Some(Some(1))),
            ("ArrowUp", None, Some(Some(5))),
            ("End", Some(1), Some(Some(5))),
            ("Home", None, Some(Some(1))),
            ("Escape", Some(1), Some(None)),
            ("Escape", None, None),
            ("Tab", Some(1), None),
        ] {
            assert_eq!(step(key, &told, from), to, "{key} from {from:?}");
        }
        assert_eq!(step("ArrowRight", &[], None), None);
    }
}
