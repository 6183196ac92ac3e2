//! One dot and one short text: how tracking stands.

use yew::prelude::*;

use crate::store::{Consent, TrackingStatus};

pub fn tracking_chip(
    id: &'static str,
    status: &TrackingStatus,
    open: bool,
    onclick: Callback<MouseEvent>,
) -> Html {
    let (tone, text) = describe(status);
    html! {
        <button class="chip" {id} data-tone={tone} aria-haspopup="dialog"
                aria-expanded={open.to_string()} {onclick}>
            <span class="dot" aria-hidden="true"></span>
            <span class="chip-text" role="status">{ text }</span>
        </button>
    }
}

/// Tone and text.
fn describe(status: &TrackingStatus) -> (&'static str, String) {
    match status.consent {
        Consent::Pending => ("warn", "Waiting for your answer".to_owned()),
        Consent::Denied => ("off", "Tracking off".to_owned()),
        Consent::Granted if status.paused => {
            ("warn", format!("Sending paused, {} waiting", status.queued))
        }
        Consent::Granted if status.offline => {
            ("warn", format!("Offline for a test, {} waiting", status.queued))
        }
        Consent::Granted => match &status.last_error {
            Some(why) if why.contains("credentials") => {
                ("bad", format!("{} waiting, access refused", status.queued))
            }
            Some(_) => ("warn", format!("{} waiting, server unreachable", status.queued)),
            None => ("good", "Tracking on".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chip_says_how_tracking_stands() {
        let status = |consent, last_error: Option<&str>| TrackingStatus {
            consent,
            queued: 12,
            last_error: last_error.map(Into::into),
            ..TrackingStatus::default()
        };
        for (status, text) in [
            (status(Consent::Pending, None), "Waiting for your answer"),
            (status(Consent::Denied, None), "Tracking off"),
            (status(Consent::Granted, None), "Tracking on"),
            (status(Consent::Granted, Some("gone")), "12 waiting, server unreachable"),
            (
                status(Consent::Granted, Some("refuses our credentials")),
                "12 waiting, access refused",
            ),
        ] {
            assert_eq!(describe(&status).1, text);
        }
        let tried = |paused, offline| TrackingStatus {
            paused,
            offline,
            ..status(Consent::Granted, Some("gone"))
        };
        assert_eq!(describe(&tried(true, true)).1, "Sending paused, 12 waiting");
        assert_eq!(describe(&tried(false, true)).1, "Offline for a test, 12 waiting");
    }
}
