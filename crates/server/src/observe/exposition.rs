//! The two forms in which numbers are read: OpenMetrics, and Prometheus' older text for whoever asks for plain
//! text.

use std::collections::HashSet;

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

const OPEN_METRICS: &str = "application/openmetrics-text";
const PLAIN: &str = "text/plain";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exposition {
    OpenMetrics,
    Plain,
}

impl Exposition {
    /// What `Accept` prefers. Who has no preference gets OpenMetrics.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let accepted =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<_> = accepted.flat_map(|value| value.split(',')).map(range).collect();
        let quality = |kind: &str| {
            let family = kind.split('/').next().unwrap_or_default();
            // The most specific range that fits says how much it is wanted.
            let fits = |name: &str| {
                if name == kind {
                    3
                } else if name.strip_suffix("/*") == Some(family) {
                    2
                } else {
                    u8::from(name == "*/*")
                }
            };
            let best = ranges.iter().map(|(name, q)| (fits(name), *q)).filter(|(fit, _)| *fit > 0);
            best.max().unwrap_or_default()
        };
        let (open, plain) = (quality(OPEN_METRICS), quality(PLAIN));
        if (plain.1, plain.0) > (open.1, open.0) { Self::Plain } else { Self::OpenMetrics }
    }

    pub fn response(self, open_metrics: &str) -> Response {
        let (kind, text) = match self {
            Self::OpenMetrics => {
                (format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8"), open_metrics.to_owned())
            }
            Self::Plain => (format!("{PLAIN}; version=0.0.4; charset=utf-8"), plain(open_metrics)),
        };
        ([(header::CONTENT_TYPE, kind), (header::VARY, "accept".to_owned())], text).into_response()
    }
}

/// A range of media types in lower case, and thousandths of how much it is wanted.
fn range(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .and_then(|(_, value)| value.trim().parse::<f64>().ok())
        .filter(|quality| (0.0..=1.0).contains(quality));
    // Rounding is all that is left to do here.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let thousandths = (quality.unwrap_or(1.0) * 1_000.0).round() as u16;
    (name, thousandths)
}

/// The same numbers in the older text: a counter is called as its samples are, and there are no units.
fn plain(open_metrics: &str) -> String {
    let described = |line: &str| {
        let mut words = line.strip_prefix("# ")?.splitn(3, ' ').map(str::to_owned);
        Some((words.next()?, words.next()?, words.next().unwrap_or_default()))
    };
    let counters: HashSet<_> = open_metrics
        .lines()
        .filter_map(described)
        .filter(|(what, _, kind)| what == "TYPE" && kind == "counter")
        .map(|(_, name, _)| name)
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        match described(line) {
            None if line.starts_with('#') => {}
            None => text.extend([line, "\n"]),
            Some((what, ..)) if what == "UNIT" || what == "EOF" => {}
            Some((what, name, rest)) => {
                let total = if counters.contains(&name) { "_total" } else { "" };
                let rest = if what == "TYPE" && rest == "unknown" { "untyped" } else { &rest };
                text.push_str(&format!("# {what} {name}{total} {rest}\n"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_plain_text_gets_it() {
        use Exposition::{OpenMetrics, Plain};
        for (accept, wanted) in [
            ("", OpenMetrics),
            ("*/*", OpenMetrics),
            ("application/openmetrics-text", OpenMetrics),
            ("text/plain", Plain),
            ("text/plain;version=0.0.4", Plain),
            ("TEXT/PLAIN; version=0.0.4; q=0.5", Plain),
            ("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", Plain),
            ("text/plain,*/*;q=0.1", Plain),
            ("text/plain, */*", Plain),
            ("text/*", Plain),
            ("application/openmetrics-text;q=0,text/plain;q=0.1", Plain),
            ("application/openmetrics-text;q=0, */*", Plain),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;\
                 version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            ("text/html,application/xhtml+xml,*/*;q=0.8", OpenMetrics),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(Exposition::wanted(&headers), wanted, "{accept}");
        }
    }

    #[test]
    fn counters_are_called_as_their_samples_and_units_go() {
        let open = "# HELP clm_push_bytes Bodies.\n# TYPE clm_push_bytes counter\n\
                    # UNIT clm_push_bytes bytes\nclm_push_bytes_total 7\n\
                    # HELP clm_size Size.\n# TYPE clm_size gauge\nclm_size 1\n# EOF\n";
        let expected = "# HELP clm_push_bytes_total Bodies.\n# TYPE clm_push_bytes_total counter\n\
                        clm_push_bytes_total 7\n\
                        # HELP clm_size Size.\n# TYPE clm_size gauge\nclm_size 1\n";
        assert_eq!(plain(open), expected);
    }
}
