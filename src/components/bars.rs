//! A table whose first column is drawn as bars.

use yew::prelude::*;

/// One bar: how long, and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub label: String,
    pub value: u64,
    pub shown: Vec<String>,
}

impl Row {
    #[must_use]
    pub fn new(label: &str, value: u64) -> Self {
        Self { label: label.to_owned(), value, shown: vec![value.to_string()] }
    }
}

#[derive(PartialEq, Properties)]
pub struct Props {
    pub heads: Vec<&'static str>,
    pub rows: Vec<Row>,
}

#[component]
pub fn Bars(props: &Props) -> Html {
    let most = props.rows.iter().map(|row| row.value).max().unwrap_or(0).max(1);
    if props.rows.is_empty() {
        return html! { <p class="muted">{ "Nothing in this time yet." }</p> };
    }
    html! {
        <table class="bars">
            <thead><tr>
                { for props.heads.iter().enumerate().map(|(at, head)| if at == 0 {
                    html! { <th scope="col">{ head }</th> }
                } else {
                    html! { <td>{ head }</td> }
                }) }
            </tr></thead>
            <tbody>
                { for props.rows.iter().map(|row| html! {
                    <tr>
                        <th scope="row">
                            <span class="bar" title={row.label.clone()}
                                  style={format!("--share: {}%", row.value.saturating_mul(100) / most)}>
                                { &row.label }
                            </span>
                        </th>
                        { for row.shown.iter().map(|text| html! { <td>{ text }</td> }) }
                    </tr>
                }) }
            </tbody>
        </table>
    }
}
