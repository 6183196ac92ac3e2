//! What is asked, read from an address.

use insights::{MAX_BUCKETS, Range, bucket_starts};
use rusqlite::Transaction;
use thiserror::Error;

use crate::{
    answers::{lines, sql},
    store::StoreError,
};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Later than this (the year 11476) nothing happens.
const LATEST_MS: u64 = 300_000_000_000_000;
/// Buckets that a chart shows well.
const CHART: u64 = 100;
const MAX_STEPS: usize = 20;
const MAX_LIMIT: u64 = 1_000;
const DEFAULT_LIMIT: u64 = 50;
const MAX_OFFSET: u64 = 1_000_000_000;

#[derive(Debug, Error, PartialEq)]
pub enum BadQuestion {
    #[error("there is no such answer")]
    Unknown,
    #[error("parameter {0} is not known here; there are {1}")]
    Parameter(String, &'static str),
    #[error("parameter {0} is there twice")]
    Twice(&'static str),
    #[error("parameter {0} must be a whole number from {1} to {2}")]
    Number(&'static str, u64, u64),
    #[error("parameter from must not be after parameter to")]
    Backwards,
    #[error(
        "parameter bucket is too small for this range: there would be over {MAX_BUCKETS} buckets"
    )]
    Buckets,
    #[error("parameter components must name 1 to {MAX_STEPS} components, with commas between them")]
    Components,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    Summary,
    Visits,
    Journey,
    Time,
    Popularity { bucket_ms: u64 },
    Funnel { components: Vec<String> },
    Sessions { limit: u64, offset: u64 },
    Bounce,
    EntryPoints,
    ExitPoints,
    ActiveUsers,
    Errors,
    Loads,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub subject: Subject,
    pub range: Range,
}

#[derive(Default)]
struct Parameters<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    bucket: Option<&'a str>,
    components: Option<&'a str>,
    limit: Option<&'a str>,
    offset: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(subject: &str, given: &'a [(String, String)]) -> Result<Self, BadQuestion> {
        let known = match subject {
            "popularity" => "from, to, bucket",
            "funnel" => "from, to, components",
            "sessions" => "from, to, limit, offset",
            _ => "from, to",
        };
        let mut parameters = Self::default();
        for (name, value) in given {
            let (name, place) = match name.as_str() {
                "from" => ("from", &mut parameters.from),
                "to" => ("to", &mut parameters.to),
                "bucket" if subject == "popularity" => ("bucket", &mut parameters.bucket),
                "components" if subject == "funnel" => ("components", &mut parameters.components),
                "limit" if subject == "sessions" => ("limit", &mut parameters.limit),
                "offset" if subject == "sessions" => ("offset", &mut parameters.offset),
                _ => {
                    let name = name.chars().filter(|c| !c.is_control()).take(40).collect();
                    return Err(BadQuestion::Parameter(name, known));
                }
            };
            if place.replace(value).is_some() {
                return Err(BadQuestion::Twice(name));
            }
        }
        Ok(parameters)
    }
}

fn number(
    name: &'static str,
    text: Option<&str>,
    default: u64,
    (min, max): (u64, u64),
) -> Result<u64, BadQuestion> {
    let Some(text) = text else { return Ok(default) };
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
        .ok_or(BadQuestion::Number(name, min, max))
}

impl Question {
    /// Reads `/api/insights/<subject>?<given>`. The range defaults to the last 24 hours.
    ///
    /// # Errors
    /// Says which parameter is wrong and what it must be.
    pub fn parse(
        subject: &str,
        given: &[(String, String)],
        now_ms: u64,
    ) -> Result<Self, BadQuestion> {
        let parameters = Parameters::read(subject, given)?;
        // What happens in this very millisecond belongs to it.
        let to_ms = number("to", parameters.to, now_ms.saturating_add(1), (0, LATEST_MS))?;
        let from_ms =
            number("from", parameters.from, to_ms.saturating_sub(DAY_MS), (0, LATEST_MS))?;
        if from_ms > to_ms {
            return Err(BadQuestion::Backwards);
        }
        let range = Range { from_ms, to_ms };
        let subject = match subject {
            "summary" => Subject::Summary,
            "visits" => Subject::Visits,
            "journey" => Subject::Journey,
            "time" => Subject::Time,
            "popularity" => {
                let default_ms = chart_bucket_ms(range);
                let bucket_ms = number("bucket", parameters.bucket, default_ms, (1, LATEST_MS))?;
                bucket_starts(range, bucket_ms).ok_or(BadQuestion::Buckets)?;
                Subject::Popularity { bucket_ms }
            }
            "funnel" => Subject::Funnel { components: steps(parameters.components)? },
            "sessions" => Subject::Sessions {
                limit: number("limit", parameters.limit, DEFAULT_LIMIT, (1, MAX_LIMIT))?,
                offset: number("offset", parameters.offset, 0, (0, MAX_OFFSET))?,
            },
            "bounce" => Subject::Bounce,
            "entry-points" => Subject::EntryPoints,
            "exit-points" => Subject::ExitPoints,
            "active-users" => Subject::ActiveUsers,
            "errors" => Subject::Errors,
            "loads" => Subject::Loads,
            _ => return Err(BadQuestion::Unknown),
        };
        Ok(Self { subject, range })
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// When the events cannot be read.
    pub fn ask(&self, events: &Transaction<'_>) -> Result<Vec<u8>, StoreError> {
        let range = self.range;
        Ok(match &self.subject {
            Subject::Summary => serde_json::to_vec(&sql::summary(events, range)?),
            Subject::Visits => serde_json::to_vec(&sql::visits(events, range)?),
            Subject::Journey => serde_json::to_vec(&sql::journey(events, range)?),
            Subject::Time => serde_json::to_vec(&lines::time(events, range)?),
            Subject::Popularity { bucket_ms } => {
                serde_json::to_vec(&sql::popularity(events, range, *bucket_ms)?)
            }
            Subject::Funnel { components } => {
                serde_json::to_vec(&lines::funnel(events, range, components)?)
            }
            Subject::Sessions { limit, offset } => {
                serde_json::to_vec(&sql::sessions(events, range, *limit, *offset)?)
            }
            Subject::Bounce => serde_json::to_vec(&sql::bounce(events, range)?),
            Subject::EntryPoints => serde_json::to_vec(&sql::entry_points(events, range)?),
            Subject::ExitPoints => serde_json::to_vec(&sql::exit_points(events, range)?),
            Subject::ActiveUsers => serde_json::to_vec(&sql::active_users(events, range)?),
            Subject::Errors => serde_json::to_vec(&sql::errors(events, range)?),
            Subject::Loads => serde_json::to_vec(&lines::loads(events, range)?),
        }?)
    }
}

/// The first round number of minutes that gives a chart's worth of buckets.
fn chart_bucket_ms(range: Range) -> u64 {
    let span_ms = range.to_ms - range.from_ms;
    [1, 5, 15, 60, 6 * 60, 24 * 60]
        .into_iter()
        .map(|minutes| minutes * MINUTE_MS)
        .find(|bucket_ms| span_ms / bucket_ms <= CHART)
        .unwrap_or_else(|| span_ms.div_ceil(CHART).next_multiple_of(DAY_MS))
}

fn steps(text: Option<&str>) -> Result<Vec<String>, BadQuestion> {
    let steps: Vec<String> = text.unwrap_or_default().split(',').map(str::to_owned).collect();
    if steps.len() > MAX_STEPS || steps.iter().any(String::is_empty) {
        return Err(BadQuestion::Components);
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(subject: &str, query: &str) -> Result<Question, BadQuestion> {
        let given: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Question::parse(subject, &given, DAY_MS + 9)
    }

    #[test]
    fn the_default_is_the_last_day() {
        let question = parse("summary", "").unwrap();
        assert_eq!(question.range, Range { from_ms: 10, to_ms: DAY_MS + 10 });
        let popularity = parse("popularity", "").unwrap();
        assert_eq!(popularity.subject, Subject::Popularity { bucket_ms: 15 * MINUTE_MS });
        let ever = parse("popularity", "from=0&to=300000000000000").unwrap();
        assert!(
            matches!(ever.subject, Subject::Popularity { bucket_ms } if bucket_ms % DAY_MS == 0)
        );
    }

    #[test]
    fn wrong_parameters_are_told() {
        for (subject, query, says) in [
            ("zap", "", "there is no such answer"),
            ("summary", "until=3", "parameter until is not known here; there are from, to"),
            ("visits", "limit=3", "parameter limit is not known here; there are from, to"),
            ("summary", "from=1&from=2", "parameter from is there twice"),
            (
                "summary",
                "from=-1",
                "parameter from must be a whole number from 0 to 300000000000000",
            ),
            ("summary", "from=5&to=4", "parameter from must not be after parameter to"),
            ("sessions", "limit=0", "parameter limit must be a whole number from 1 to 1000"),
            (
                "popularity",
                "bucket=1",
                "parameter bucket is too small for this range: there would be over 2000 buckets",
            ),
            (
                "funnel",
                "",
                "parameter components must name 1 to 20 components, with commas between them",
            ),
            (
                "funnel",
                "components=a,,b",
                "parameter components must name 1 to 20 components, with commas between them",
            ),
        ] {
            assert_eq!(parse(subject, query).unwrap_err().to_string(), says);
        }
    }
}
