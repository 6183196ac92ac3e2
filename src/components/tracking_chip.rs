//! One dot and one short text: how tracking stands.

use yew::prelude::*;

use tracking::Outcome;

use crate::store::{Consent, TrackingStatus};

#[derive(PartialEq)]
pub struct Chip {
    tone: &'static str,
    text: String,
    /// The whole sentence, for who points at it.
    title: Option<String>,
}

impl Chip {
    pub fn of(status: &TrackingStatus) -> Self {
        let (tone, text) = match status.consent {
            Consent::Pending => ("warn", "Tracking: your choice".to_owned()),
            Consent::Denied => ("off", "Tracking off".to_owned()),
            Consent::Granted if status.paused => {
                ("warn", format!("Sending paused, {} waiting", status.queued))
            }
            Consent::Granted if status.offline => {
                ("warn", format!("Offline for a test, {} waiting", status.queued))
            }
            Consent::Granted => match status.trouble {
                Some(Outcome::Unauthorized { .. }) => {
                    ("bad", format!("{} waiting, access refused", status.queued))
                }
                Some(Outcome::Intercepted { .. }) => {
                    ("warn", format!("{} waiting, something else answers", status.queued))
                }
                Some(_) => ("warn", format!("{} waiting, server unreachable", status.queued)),
                None if status.clock_ahead_ms.is_some() => {
                    ("warn", "Tracking on, clock corrected".to_owned())
                }
                None => ("good", "Tracking on".to_owned()),
            },
        };
        let title = match status.consent {
            Consent::Granted => status.last_error.as_deref().map(str::to_owned),
            Consent::Pending | Consent::Denied => None,
        };
        Self { tone, text, title: title.or_else(|| status.clock()) }
    }

    pub fn view(&self, id: &'static str, open: bool, onclick: Callback<MouseEvent>) -> Html {
        html! {
            <button class="chip" {id} data-tone={self.tone} title={self.title.clone()} aria-haspopup="dialog"
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
        let status = |consent, trouble: Option<Outcome>| TrackingStatus {
            consent,
            queued: 12,
            trouble,
            ..TrackingStatus::default()
        };
        let gone = Some(Outcome::Unreachable);
        for (status, text) in [
            (status(Consent::Pending, None), "Tracking: your choice"),
            (status(Consent::Denied, None), "Tracking off"),
            (status(Consent::Granted, None), "Tracking on"),
            (status(Consent::Granted, gone), "12 waiting, server unreachable"),
            (
                status(Consent::Granted, Some(Outcome::Unauthorized { status: 401 })),
                "12 waiting, access refused",
            ),
            (
                status(Consent::Granted, Some(Outcome::Intercepted { status: None })),
                "12 waiting, something else answers",
            ),
            (
                TrackingStatus { clock_ahead_ms: Some(1), ..status(Consent::Granted, None) },
                "Tracking on, clock corrected",
            ),
        ] {
            assert_eq!(Chip::of(&status).text, text);
        }
        let tried =
            |paused, offline| TrackingStatus { paused, offline, ..status(Consent::Granted, gone) };
        assert_eq!(Chip::of(&tried(true, true)).text, "Sending paused, 12 waiting");
        assert_eq!(Chip::of(&tried(false, true)).text, "Offline for a test, 12 waiting");
    }
}
