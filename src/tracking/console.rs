//! The `[Analytics] …` lines of the console: each recorded event, each batch that arrived, each that did not.

use std::cell::Cell;

use tracking::{Frozen, Outcome, Tracker};

/// Whether `?debug` stands in the address, before or behind the `#`; `?debug=0` and `?debug=false` say no.
#[must_use]
pub fn asked_by(address: &str) -> Option<bool> {
    // A component may be called like that: only what stands behind a `?` counts.
    let (_, query) = address.split_once('?')?;
    let mut asked = None;
    // Without the path of the route behind the `#`.
    let parts = query.split('#').flat_map(|part| {
        match part.split_once('?') {
            Some((_, query)) => query,
            None if part.starts_with('/') => "",
            None => part,
        }
        .split('&')
    });
    for parameter in parts.map(|parameter| parameter.trim_end_matches('/')) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if key.eq_ignore_ascii_case("debug") {
            asked = Some(!matches!(value, "0" | "false" | "off" | "no"));
        }
    }
    asked
}

#[derive(Default)]
pub struct Console {
    on: Cell<bool>,
    /// The address has decided, whatever the settings say.
    decided: Cell<bool>,
    /// Events of this page load that were printed.
    printed: Cell<u64>,
    /// The latest trouble that was told without being asked.
    told: Cell<Option<&'static str>>,
}

impl Console {
    /// What an address asks for stays asked for: going to another page takes the `?` away.
    pub fn read_address(&self) {
        let href = web_sys::window().and_then(|window| window.location().href().ok());
        if let Some(on) = href.as_deref().and_then(asked_by) {
            self.on.set(on);
            self.decided.set(true);
        }
    }

    pub fn configure(&self, debug: bool) {
        if !self.decided.get() {
            self.on.set(debug);
        }
    }

    /// Prints what was recorded since the last look, also what was recorded before it was asked for.
    pub fn recorded(&self, tracker: &Tracker) {
        let recorded = tracker.stats().recorded;
        // Fewer than before: consent was withdrawn, and counting began anew.
        let printed = if recorded < self.printed.get() { 0 } else { self.printed.get() };
        if self.on.get() {
            let new = usize::try_from(recorded - printed).unwrap_or(0);
            let latest: Vec<Frozen> = tracker.recent().rev().take(new).cloned().collect();
            latest.iter().rev().for_each(line);
            self.printed.set(recorded);
        } else {
            self.printed.set(printed);
        }
    }

    pub fn arrived(&self, events: u64) {
        self.told.set(None);
        if self.on.get() {
            web_sys::console::log_1(&format!("[Analytics] Flushed {events} logs").into());
        }
    }

    /// Says every time why a batch did not arrive, or once for each kind of trouble where nobody asked.
    pub fn failed(&self, outcome: Outcome) {
        let Some((kind, why)) = reason(outcome) else { return };
        let text = format!("[Analytics] Failed to send logs: {why}").into();
        if self.on.get() {
            web_sys::console::error_1(&text);
        } else if self.told.replace(Some(kind)) != Some(kind) {
            web_sys::console::warn_1(&text);
        }
    }
}

fn line(frozen: &Frozen) {
    let data = js_sys::JSON::parse(&frozen.line).unwrap_or_default();
    web_sys::console::log_3(&"[Analytics]".into(), &frozen.event.into(), &data);
}

fn reason(outcome: Outcome) -> Option<(&'static str, String)> {
    let kept = "events are kept and sent later";
    Some(match outcome {
        Outcome::Accepted => return None,
        Outcome::Rejected { status } => {
            ("refused", format!("the server refuses an event for good (HTTP {status})"))
        }
        Outcome::Unauthorized { status } => (
            "unauthorized",
            format!(
                "the server refuses the credentials (HTTP {status}); {kept}, check lokiUsername and lokiPassword"
            ),
        ),
        Outcome::Retry { status, .. } => {
            ("busy", format!("the server cannot take events now (HTTP {status}); {kept}"))
        }
        Outcome::Intercepted { status } => {
            let status = status.map_or("a redirect".to_owned(), |status| format!("HTTP {status}"));
            (
                "intercepted",
                format!(
                    "something else answers in the server's place ({status}), perhaps a sign-in page; {kept}"
                ),
            )
        }
        Outcome::Unreachable => ("unreachable", format!("the server does not answer; {kept}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_asked_for_anywhere_behind_a_question_mark() {
        for (address, asked) in [
            ("http://localhost:8080/", None),
            ("http://localhost:8080/?debug", Some(true)),
            ("http://localhost:8080/?debug=1", Some(true)),
            ("http://localhost:8080/?debug=true#/live", Some(true)),
            ("http://localhost:8080/?debug&x=y", Some(true)),
            ("http://localhost:8080/?x=y&debug", Some(true)),
            ("http://localhost:8080/?DEBUG", Some(true)),
            ("http://localhost:8080/?debug#/component/a", Some(true)),
            ("http://localhost:8080/?debug/#/component/a", Some(true)),
            ("http://localhost:8080/#/component/a?debug", Some(true)),
            ("http://localhost:8080/#/insights?range=1d&debug=1", Some(true)),
            ("http://localhost:8080/#?debug", Some(true)),
            ("http://localhost:8080/?debug=0", Some(false)),
            ("http://localhost:8080/?debug=false#/live", Some(false)),
            ("http://localhost:8080/?debugger", None),
            ("http://localhost:8080/?x=debug", None),
            ("http://localhost:8080/debug/", None),
            ("http://localhost:8080/#/component/debug", None),
            ("http://localhost:8080/debug/?x=1", None),
            ("http://localhost:8080/?x=1#/component/debug", None),
            ("http://localhost:8080/?x=1#/debug?debug", Some(true)),
        ] {
            assert_eq!(asked_by(address), asked, "{address}");
        }
    }
}
