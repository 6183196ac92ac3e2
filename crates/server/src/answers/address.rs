//! A question, read from an address.

use insights::{Filter, MAX_BUCKETS, MAX_STARTS, Range, bucket_starts};
use thiserror::Error;
use tracking::SessionId;

use crate::answers::{Question, Subject};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Later than this (the year 11476) nothing happens.
const LATEST_MS: u64 = 300_000_000_000_000;
/// Buckets that a chart shows well.
const CHART: u64 = 100;
const MAX_STEPS: usize = 20;
const MAX_LIMIT: u64 = 1_000;
const DEFAULT_LIMIT: u64 = 50;
const DEFAULT_STEPS: u64 = 5;
const MAX_PATH: u64 = 10;
/// Components that a filter may name, and bytes that it may have.
const MAX_CHOSEN: usize = 500;
const MAX_NAME: usize = 256;
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
    #[error("parameter starts must be 1 to {MAX_STARTS} rising times, with commas between them")]
    Starts,
    #[error("parameter id must be a session's id")]
    Session,
    #[error("parameter demo must be shown or hidden")]
    Demo,
    #[error("parameter {0} is too long or empty")]
    Text(&'static str),
}

#[derive(Default)]
struct Parameters<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    bucket: Option<&'a str>,
    components: Option<&'a str>,
    limit: Option<&'a str>,
    offset: Option<&'a str>,
    within: Option<&'a str>,
    starts: Option<&'a str>,
    steps: Option<&'a str>,
    component: Option<&'a str>,
    entry: Option<&'a str>,
    user: Option<&'a str>,
    session: Option<&'a str>,
    demo: Option<&'a str>,
    search: Option<&'a str>,
    id: Option<&'a str>,
}

impl<'a> Parameters<'a> {
    fn read(subject: &str, given: &'a [(String, String)]) -> Result<Self, BadQuestion> {
        let known = match subject {
            "popularity" => "from, to, component, entry, user, session, demo, bucket",
            "funnel" => "from, to, component, entry, user, session, demo, components, within",
            "sessions" => "from, to, component, entry, user, session, demo, search, limit, offset",
            "session" => "from, to, component, entry, user, session, demo, id",
            "activity" => "from, to, component, entry, user, session, demo, starts",
            "paths" => "from, to, component, entry, user, session, demo, steps",
            _ => "from, to, component, entry, user, session, demo",
        };
        let mut parameters = Self::default();
        for (name, value) in given {
            let (name, place) = match name.as_str() {
                "from" => ("from", &mut parameters.from),
                "to" => ("to", &mut parameters.to),
                "component" => ("component", &mut parameters.component),
                "entry" => ("entry", &mut parameters.entry),
                "user" => ("user", &mut parameters.user),
                "session" => ("session", &mut parameters.session),
                "demo" => ("demo", &mut parameters.demo),
                "within" if subject == "funnel" => ("within", &mut parameters.within),
                "starts" if subject == "activity" => ("starts", &mut parameters.starts),
                "steps" if subject == "paths" => ("steps", &mut parameters.steps),
                "bucket" if subject == "popularity" => ("bucket", &mut parameters.bucket),
                "components" if subject == "funnel" => ("components", &mut parameters.components),
                "limit" if subject == "sessions" => ("limit", &mut parameters.limit),
                "search" if subject == "sessions" => ("search", &mut parameters.search),
                "id" if subject == "session" => ("id", &mut parameters.id),
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
        // A session that is named is wanted whole, whenever it was.
        let back_ms = if subject == "session" { to_ms } else { DAY_MS };
        let from_ms =
            number("from", parameters.from, to_ms.saturating_sub(back_ms), (0, LATEST_MS))?;
        if from_ms > to_ms {
            return Err(BadQuestion::Backwards);
        }
        let range = Range { from_ms, to_ms };
        let subject = match subject {
            "summary" => Subject::Summary,
            "visits" => Subject::Visits { known: Vec::new() },
            "journey" => Subject::Journey,
            "time" => Subject::Time,
            "popularity" => {
                let default_ms = chart_bucket_ms(range);
                let bucket_ms = number("bucket", parameters.bucket, default_ms, (1, LATEST_MS))?;
                bucket_starts(range, bucket_ms).ok_or(BadQuestion::Buckets)?;
                Subject::Popularity { bucket_ms }
            }
            "funnel" => Subject::Funnel {
                components: steps(parameters.components)?,
                within_ms: match parameters.within {
                    None => None,
                    within => Some(number("within", within, 0, (1, LATEST_MS))?),
                },
            },
            "activity" => Subject::Activity { starts: starts(parameters.starts)? },
            "paths" => Subject::Paths {
                steps: number("steps", parameters.steps, DEFAULT_STEPS, (1, MAX_PATH))?,
            },
            "session-lengths" => Subject::SessionLengths,
            "sessions" => Subject::Sessions {
                search: search(parameters.search)?,
                limit: number("limit", parameters.limit, DEFAULT_LIMIT, (1, MAX_LIMIT))?,
                offset: number("offset", parameters.offset, 0, (0, MAX_OFFSET))?,
            },
            "session" => {
                let id = SessionId::parse(parameters.id.unwrap_or_default());
                Subject::Session { id: id.map_err(|_| BadQuestion::Session)?.as_str().to_owned() }
            }
            "bounce" => Subject::Bounce,
            "entry-points" => Subject::EntryPoints,
            "exit-points" => Subject::ExitPoints,
            "active-users" => Subject::ActiveUsers,
            "errors" => Subject::Errors,
            "loads" => Subject::Loads,
            _ => return Err(BadQuestion::Unknown),
        };
        let filter = Filter {
            components: chosen(parameters.component)?,
            entry: text("entry", parameters.entry)?,
            user: text("user", parameters.user)?,
            session: text("session", parameters.session)?,
            hide_demo: match parameters.demo {
                None | Some("shown") => false,
                Some("hidden") => true,
                Some(_) => return Err(BadQuestion::Demo),
            },
        };
        Ok(Self { subject, range, filter })
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
    let is_name = |step: &String| (1..=MAX_NAME).contains(&step.len());
    if steps.len() > MAX_STEPS || !steps.iter().all(is_name) {
        return Err(BadQuestion::Components);
    }
    Ok(steps)
}

fn starts(list: Option<&str>) -> Result<Vec<u64>, BadQuestion> {
    let starts: Vec<u64> = list
        .unwrap_or_default()
        .split(',')
        .map(|start| start.parse().ok().filter(|start| *start <= LATEST_MS))
        .collect::<Option<_>>()
        .ok_or(BadQuestion::Starts)?;
    let rising = starts.windows(2).all(|pair| pair[0] < pair[1]);
    if rising && starts.len() <= MAX_STARTS { Ok(starts) } else { Err(BadQuestion::Starts) }
}

fn chosen(list: Option<&str>) -> Result<Vec<String>, BadQuestion> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let chosen: Vec<String> = list.split(',').map(str::to_owned).collect();
    if chosen.len() > MAX_CHOSEN
        || chosen.iter().any(|hash| hash.is_empty() || hash.len() > MAX_NAME)
    {
        return Err(BadQuestion::Text("component"));
    }
    Ok(chosen)
}

/// May be empty, as a search box is.
fn search(text: Option<&str>) -> Result<String, BadQuestion> {
    let text = text.unwrap_or_default();
    if text.len() > MAX_NAME || text.contains(char::is_control) {
        return Err(BadQuestion::Text("search"));
    }
    Ok(text.to_owned())
}

fn text(name: &'static str, value: Option<&str>) -> Result<Option<String>, BadQuestion> {
    match value {
        Some(text) if text.is_empty() || text.len() > MAX_NAME => Err(BadQuestion::Text(name)),
        value => Ok(value.map(str::to_owned)),
    }
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
            (
                "summary",
                "until=3",
                "parameter until is not known here; there are from, to, component, entry, user, session, demo",
            ),
            (
                "visits",
                "limit=3",
                "parameter limit is not known here; there are from, to, component, entry, user, session, demo",
            ),
            ("summary", "from=1&from=2", "parameter from is there twice"),
            (
                "summary",
                "from=-1",
                "parameter from must be a whole number from 0 to 300000000000000",
            ),
            ("summary", "from=5&to=4", "parameter from must not be after parameter to"),
            ("sessions", "limit=0", "parameter limit must be a whole number from 1 to 1000"),
            ("session", "", "parameter id must be a session's id"),
            ("session", "id=session_1_x'", "parameter id must be a session's id"),
            (
                "popularity",
                "bucket=1",
                "parameter bucket is too small for this range: there would be over 2000 buckets",
            ),
            (
                "activity",
                "starts=2,1",
                "parameter starts must be 1 to 400 rising times, with commas between them",
            ),
            ("summary", "demo=no", "parameter demo must be shown or hidden"),
            ("summary", "user=", "parameter user is too long or empty"),
            ("summary", "component=a,", "parameter component is too long or empty"),
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
