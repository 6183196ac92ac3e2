//! Icons as inline SVG: 16 px, one stroke, the colour of the text around them.

use yew::prelude::*;

#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    Close,
    Cube,
    Expand,
    Help,
    Menu,
    Reload,
    Search,
    Theme,
}

pub fn icon(shape: Shape) -> Html {
    let path = match shape {
        Shape::Close => "M4 4l8 8M12 4l-8 8",
        Shape::Cube => "M8 1.8l5.6 3.1v6.2L8 14.2l-5.6-3.1V4.9zM2.4 4.9L8 8l5.6-3.1M8 8v6.2",
        Shape::Expand => "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9",
        Shape::Help => {
            "M8 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM6.3 6.4a1.8 1.8 0 1 1 2.5 1.9c-.5.2-.8.5-.8 1M8 11.2v.1"
        }
        Shape::Menu => "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
        Shape::Reload => "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
        Shape::Search => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7L14 14",
        Shape::Theme => "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
    };
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"
             fill="none" stroke="currentColor" stroke-width="1.5"
             stroke-linecap="round" stroke-linejoin="round">
            <path d={path} />
        </svg>
    }
}
