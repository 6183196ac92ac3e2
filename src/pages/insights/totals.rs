//! The range at a glance, and how it changed against the one before.

use yew::prelude::*;

use crate::{
    answers::Totals,
    charts::scale::{duration, percent},
};

pub fn totals([now, then]: &[Totals; 2]) -> Html {
    let count =
        |name, of: fn(&Totals) -> u64| stat(name, of(now).to_string(), &change(of(now), of(then)));
    let bounced = |of: &Totals| percent(of.bounce.bounced, of.bounce.sessions);
    let points = bounced(now).abs_diff(bounced(then));
    let bounce_change = match (then.bounce.sessions, bounced(now) >= bounced(then)) {
        (0, _) => "none before".to_owned(),
        (_, true) => format!("+{points} points"),
        (_, false) => format!("−{points} points"),
    };
    html! {
        <dl class="stats">
            { count("Visits", |t| t.summary.visits) }
            { count("Sessions", |t| t.summary.sessions) }
            { count("People", |t| t.summary.users) }
            { count("Components", |t| t.summary.components) }
            { stat("Time spent", duration(now.summary.total_ms), &change(now.summary.total_ms, then.summary.total_ms)) }
            { stat("Bounce rate", format!("{} %", bounced(now)), &bounce_change) }
            { count("Errors", |t| t.summary.errors) }
        </dl>
    }
}

fn stat(name: &'static str, value: String, change: &str) -> Html {
    html! {
        <div class="stat">
            <dt>{ name }</dt>
            <dd>{ value }</dd>
            <dd class="change" title="Against the same time before">{ change }</dd>
        </div>
    }
}

/// In percent of before.
fn change(now: u64, then: u64) -> String {
    if then == 0 {
        return if now == 0 { "as before" } else { "none before" }.to_owned();
    }
    match (percent(now.abs_diff(then), then), now > then) {
        (0, _) => "as before".to_owned(),
        (percent, true) => format!("+{percent} %"),
        (percent, false) => format!("−{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_against_before() {
        for (now, then, told) in [
            (0, 0, "as before"),
            (5, 0, "none before"),
            (5, 5, "as before"),
            (6, 4, "+50 %"),
            (0, 4, "−100 %"),
            (10_001, 10_000, "as before"),
        ] {
            assert_eq!(change(now, then), told);
        }
    }
}
