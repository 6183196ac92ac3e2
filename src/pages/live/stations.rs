//! The way of an event, and what has come to each station of it. Pure.

use crate::{
    answers::{Sink, SinkError},
    store::{Consent, TrackingStatus},
};

/// One station: its name, its number, and a few words on it.
#[derive(Debug, Eq, PartialEq)]
pub struct Station {
    pub name: &'static str,
    pub count: u64,
    pub words: String,
    /// Events stand here that would go on otherwise.
    pub held: bool,
}

/// All of them, in the order in which an event passes; `flushed` is when the last batch arrived, and `at`
/// writes a time.
pub fn stations(
    status: &TrackingStatus,
    sinks: Option<&[Sink]>,
    flushed: Option<String>,
    at: &dyn Fn(u64) -> String,
) -> [Station; 7] {
    let station =
        |name, count, words: &str| Station { name, count, words: words.into(), held: false };
    let (passed, gate) = match status.consent {
        Consent::Granted => (status.recorded, "passed: you agreed"),
        Consent::Pending => (status.pending, "waiting for your answer"),
        Consent::Denied => (0, "closed: nothing passes"),
    };
    let mut kept = format!("waiting, {} kept on this device", status.persisted);
    if status.restored > 0 {
        kept.push_str(&format!(", {} from before", status.restored));
    }
    let again = status.retried;
    let batch = format!("being sent; batches: {} arrived, {again} resent", status.batches_sent);
    let server = match (&status.last_answer, flushed) {
        (None, _) => "nothing sent yet".to_owned(),
        (Some(answer), None) => format!("last answer: {answer}"),
        (Some(answer), Some(at)) => format!("last answer: {answer}; last arrival {at}"),
    };
    [
        station("Action", status.actions, "changes of this page"),
        station("Event", status.signals, "of these are about use"),
        Station { held: status.pending > 0, ..station("Consent", passed, gate) },
        Station {
            held: status.paused || status.offline,
            ..station("Queue", status.queued.saturating_sub(status.in_flight), &kept)
        },
        station("Batch", status.in_flight, &batch),
        Station { held: status.last_error.is_some(), ..station("Server", status.sent, &server) },
        loki(sinks, at),
    ]
}

/// Only the server knows how far Loki is, and it counts everybody's events.
fn loki(sinks: Option<&[Sink]>, at: &dyn Fn(u64) -> String) -> Station {
    let known = sinks.map(|sinks| sinks.iter().find(|sink| sink.sink == "loki"));
    let (count, waiting, words) = match known {
        None => (0, 0, "not known: this page has no server of its own".to_owned()),
        Some(None) => (0, 0, "no Loki is set up; the server stores all events".to_owned()),
        Some(Some(Sink { forwarded, waiting, refused, error, .. })) => {
            let mut words = format!("from everybody; {waiting} waiting at the server");
            if *refused > 0 {
                words.push_str(&format!(", {refused} refused"));
            }
            if let Some(SinkError { text, since_ms, until_ms: None }) = error {
                words.push_str(&format!(". Since {}: {text}", at(*since_ms)));
            }
            (*forwarded, *waiting, words)
        }
    };
    Station { name: "Loki", count, words, held: waiting > 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(error: Option<SinkError>) -> Sink {
        Sink { sink: "loki".into(), forwarded: 40, waiting: 3, refused: 1, job: None, error }
    }

    fn told(station: &Station) -> String {
        let Station { name, count, words, held } = station;
        format!("{name} {count} {words}{}", if *held { " !" } else { "" })
    }

    #[test]
    fn each_station_says_what_came_to_it() {
        let status = TrackingStatus {
            consent: Consent::Granted,
            actions: 90,
            signals: 12,
            recorded: 14,
            queued: 9,
            in_flight: 4,
            persisted: 9,
            restored: 2,
            sent: 7,
            batches_sent: 1,
            retried: 3,
            last_answer: Some("HTTP 503".into()),
            last_error: Some("x".into()),
            ..TrackingStatus::default()
        };
        let mut sinks = [sink(None)];
        let clock = |ms: u64| format!("at {ms}");
        let all = stations(&status, Some(&sinks), Some("10:00:00".to_owned()), &clock);
        assert_eq!(
            all.each_ref().map(told),
            [
                "Action 90 changes of this page",
                "Event 12 of these are about use",
                "Consent 14 passed: you agreed",
                "Queue 5 waiting, 9 kept on this device, 2 from before",
                "Batch 4 being sent; batches: 1 arrived, 3 resent",
                "Server 7 last answer: HTTP 503; last arrival 10:00:00 !",
                "Loki 40 from everybody; 3 waiting at the server, 1 refused !",
            ]
        );
        // Who runs the server sees what stands in the way, as long as it does.
        let error =
            |until_ms| SinkError { text: "Loki answers HTTP 503".into(), since_ms: 7, until_ms };
        let mut says = |error| {
            sinks[0] = sink(Some(error));
            told(&stations(&status, Some(&sinks), None, &clock)[6])
        };
        assert_eq!(
            says(error(None)),
            "Loki 40 from everybody; 3 waiting at the server, 1 refused. Since at 7: Loki answers HTTP 503 !"
        );
        assert!(!says(error(Some(9))).contains("503"));
    }

    #[test]
    fn what_is_closed_held_or_missing_is_said() {
        let status = |consent| TrackingStatus { consent, pending: 3, ..TrackingStatus::default() };
        let of = |status: &TrackingStatus, at: usize| {
            told(&stations(status, None, None, &|ms| ms.to_string())[at])
        };
        assert_eq!(of(&status(Consent::Pending), 2), "Consent 3 waiting for your answer !");
        let denied = TrackingStatus { pending: 0, ..status(Consent::Denied) };
        assert_eq!(of(&denied, 2), "Consent 0 closed: nothing passes");
        let paused = TrackingStatus { paused: true, queued: 2, ..TrackingStatus::default() };
        assert_eq!(of(&paused, 3), "Queue 2 waiting, 0 kept on this device !");
        assert_eq!(of(&paused, 5), "Server 0 nothing sent yet");
        assert_eq!(of(&paused, 6), "Loki 0 not known: this page has no server of its own");
        let none = told(&stations(&paused, Some(&[]), None, &|ms| ms.to_string())[6]);
        assert_eq!(none, "Loki 0 no Loki is set up; the server stores all events");
    }
}
