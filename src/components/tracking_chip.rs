//! One dot and one short text: how tracking stands.

use yew::prelude::*;

use crate::store::{Consent, TrackingStatus};

#[derive(PartialEq)]
pub struct Chip {
    tone: &'static str,
    text: String,
}

impl Chip {
    pub fn of(status: &TrackingStatus) -> Self {
        let (tone, text) = match status.consent {
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
        };
        Self { tone, text }
    }

    pub fn view(&self, id: &'static str, open: bool, onclick: Callback<MouseEvent>) -> Html {
        html! {
            <button class="chip" {id} data-tone={self.tone} aria-haspopup="dialog"
                    aria-expanded={open.to_string()} {onclick}>
                <span class="dot" aria-hidden="true"></span>
                <span class="chip-text" role="status">{ &self.text }</span>
            </button>
        }
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
            assert_eq!(Chip::of(&status).text, text);
        }
        let tried = |paused, offline| TrackingStatus {
            paused,
            offline,
            ..status(Consent::Granted, Some("gone"))
        };
        assert_eq!(Chip::of(&tried(true, true)).text, "Sending paused, 12 waiting");
        assert_eq!(Chip::of(&tried(false, true)).text, "Offline for a test, 12 waiting");
    }
}
