//! Asks what was tracked: the server, or where there is none, the events that this browser has.

use std::{collections::BTreeSet, rc::Rc};

use insights::{
    Activity, Bounce, ComponentErrors, ComponentLoads, ComponentTime, ComponentVisits, Cost,
    Filter, Flow, FunnelStep, Insight, KnownComponent, PathStep, Range, Session, SessionLengths,
    Story, Summary,
};
use serde::{Deserialize, de::DeserializeOwned};
use tracking::{LabelMode, Record};

use crate::api::{self, Reply};

/// What is asked, of which events.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub range: Range,
    pub filter: Filter,
    /// Where the columns of the timeline begin.
    pub starts: Vec<u64>,
    pub funnel: Vec<String>,
    pub within_ms: Option<u64>,
    /// What the registry lists: also what nobody opened is told.
    pub known: Vec<KnownComponent>,
    pub of: Source,
}

/// Whose events are counted.
#[derive(Clone, Debug)]
pub enum Source {
    /// Everybody's.
    Server,
    /// Only what this browser still has.
    Device(Rc<Vec<Record>>),
}

/// Read again means asked again, even if nothing is new.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Server, Self::Server) => true,
            (Self::Device(own), Self::Device(other)) => Rc::ptr_eq(own, other),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Question {
    Totals,
    Visits,
    Time,
    Activity,
    Users,
    Paths,
    Flows,
    Funnel,
    Entries,
    Exits,
    Lengths,
    Errors,
    Loads,
    Cost,
}

impl Question {
    /// What decides what a filter means for it; of the totals, all but the bounce rate.
    #[must_use]
    pub fn insight(self) -> Insight {
        match self {
            Self::Totals => Insight::Summary,
            Self::Visits => Insight::Visits,
            Self::Time => Insight::Time,
            Self::Activity => Insight::Activity,
            Self::Users => Insight::ActiveUsers,
            Self::Paths => Insight::Paths,
            Self::Flows => Insight::Journey,
            Self::Funnel => Insight::Funnel,
            Self::Entries => Insight::EntryPoints,
            Self::Exits => Insight::ExitPoints,
            Self::Lengths => Insight::SessionLengths,
            Self::Errors => Insight::Errors,
            Self::Loads => Insight::Loads,
            Self::Cost => Insight::Cost,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Totals(Box<[Totals; 2]>),
    Counts(Vec<ComponentVisits>),
    Time(Vec<ComponentTime>),
    Activity(Vec<Activity>),
    Paths(Vec<PathStep>),
    Flows(Vec<Flow>),
    Funnel(Vec<FunnelStep>),
    Lengths(SessionLengths),
    Errors(Vec<ComponentErrors>),
    Loads(Vec<ComponentLoads>),
    Cost(Cost),
}

/// Of the range, or of the one as long before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Totals {
    pub summary: Summary,
    pub bounce: Bounce,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Whoever serves this page has no answers: static hosting.
    NoServer,
    /// A sentence for the person at the screen.
    Said(String),
}

const SAMPLE: &str = "api/sample";
const LATER: &str = "What is stored stays stored; try again when it is back.";
const SIGNED_OUT: &str =
    "Another page answers in place of the server, perhaps one to sign in. Reload this page.";
/// Steps of a path that are asked for.
const STEPS: u64 = 4;

pub async fn ask(question: Question, asked: Rc<Asked>) -> Result<Answer, Failure> {
    match &asked.of {
        Source::Device(records) => Ok(here(question, &asked, records)),
        Source::Server => there(question, &asked).await,
    }
}

/// At most `limit` sessions after the first `offset`, newest first.
///
/// # Errors
/// When nobody answers, see [`Failure`].
pub async fn sessions(
    asked: &Asked,
    search: &str,
    limit: usize,
    offset: usize,
) -> Result<Vec<Session>, Failure> {
    let range = asked.range;
    match &asked.of {
        Source::Device(all) => {
            let meaning = Insight::Sessions.filter_meaning();
            let records = asked.filter.apply(all, range, meaning);
            Ok(insights::sessions(&records, range, search, crate::platform::folded, limit, offset))
        }
        Source::Server => {
            let search = crate::pages::insights::query::encode(search);
            let more = format!("&limit={limit}&offset={offset}&search={search}");
            read(&get("sessions", asked, range, &more).await?)
        }
    }
}

/// One session, whenever it was; none when there are no events of it.
///
/// # Errors
/// When nobody answers, see [`Failure`].
pub async fn session(of: &Source, id: &str) -> Result<Option<Story>, Failure> {
    match of {
        Source::Device(all) => Ok(insights::session(all, Range::ALL, id)),
        Source::Server => read(&fetch(&format!("api/insights/session?id={id}")).await?),
    }
}

fn before(range: Range) -> Range {
    let span = range.to_ms.saturating_sub(range.from_ms);
    Range::new(range.from_ms.saturating_sub(span), range.from_ms)
}

/// The same definitions that the server is held to.
fn here(question: Question, asked: &Asked, all: &[Record]) -> Answer {
    let range = asked.range;
    let of = |insight: Insight, range| asked.filter.apply(all, range, insight.filter_meaning());
    let records = &of(question.insight(), range);
    let totals = |range| Totals {
        summary: insights::summary(&of(Insight::Summary, range), range),
        bounce: insights::bounce(&of(Insight::Bounce, range), range),
    };
    match question {
        Question::Totals => Answer::Totals(Box::new([totals(range), totals(before(range))])),
        Question::Visits => {
            let known = asked.filter.of_known(&asked.known);
            Answer::Counts(insights::visits(records, range, &known))
        }
        Question::Entries => Answer::Counts(insights::entry_points(records, range)),
        Question::Exits => Answer::Counts(insights::exit_points(records, range)),
        Question::Time => Answer::Time(insights::time(records, range)),
        Question::Activity | Question::Users => {
            Answer::Activity(insights::activity(records, range, &asked.starts))
        }
        Question::Paths => Answer::Paths(insights::paths(records, range, STEPS)),
        Question::Flows => {
            Answer::Flows(insights::journey(records, range, &asked.filter.components))
        }
        Question::Funnel => {
            Answer::Funnel(insights::funnel(records, range, &asked.funnel, asked.within_ms))
        }
        Question::Lengths => Answer::Lengths(insights::session_lengths(records, range)),
        Question::Errors => Answer::Errors(insights::errors(records, range)),
        Question::Loads => Answer::Loads(insights::loads(records, range)),
        Question::Cost => Answer::Cost(insights::cost(records, range, LabelMode::Metadata)),
    }
}

async fn there(question: Question, asked: &Asked) -> Result<Answer, Failure> {
    if question == Question::Totals {
        let now = totals(asked, asked.range).await?;
        let then = totals(asked, before(asked.range)).await?;
        return Ok(Answer::Totals(Box::new([now, then])));
    }
    let (subject, more) = match question {
        Question::Totals => ("summary", String::new()),
        Question::Visits => ("visits", String::new()),
        Question::Entries => ("entry-points", String::new()),
        Question::Exits => ("exit-points", String::new()),
        Question::Time => ("time", String::new()),
        Question::Activity | Question::Users => {
            let starts: Vec<String> = asked.starts.iter().map(u64::to_string).collect();
            ("activity", format!("&starts={}", starts.join(",")))
        }
        Question::Paths => ("paths", format!("&steps={STEPS}")),
        Question::Flows => ("journey", String::new()),
        Question::Funnel => {
            let within = asked.within_ms.map_or_else(String::new, |ms| format!("&within={ms}"));
            ("funnel", format!("&components={}{within}", asked.funnel.join(",")))
        }
        Question::Lengths => ("session-lengths", String::new()),
        Question::Errors => ("errors", String::new()),
        Question::Loads => ("loads", String::new()),
        Question::Cost => ("cost", String::new()),
    };
    let text = get(subject, asked, asked.range, &more).await?;
    match question {
        Question::Totals | Question::Visits | Question::Entries | Question::Exits => {
            read(&text).map(Answer::Counts)
        }
        Question::Time => read(&text).map(Answer::Time),
        Question::Activity | Question::Users => read(&text).map(Answer::Activity),
        Question::Paths => read(&text).map(Answer::Paths),
        Question::Flows => read(&text).map(Answer::Flows),
        Question::Funnel => read(&text).map(Answer::Funnel),
        Question::Lengths => read(&text).map(Answer::Lengths),
        Question::Errors => read(&text).map(Answer::Errors),
        Question::Loads => read(&text).map(Answer::Loads),
        Question::Cost => read(&text).map(Answer::Cost),
    }
}

async fn totals(asked: &Asked, range: Range) -> Result<Totals, Failure> {
    Ok(Totals {
        summary: read(&get("summary", asked, range, "").await?)?,
        bounce: read(&get("bounce", asked, range, "").await?)?,
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    // A host that answers everything with its start page has no answers.
    serde_json::from_str(text).map_err(|_| Failure::NoServer)
}

async fn get(subject: &str, asked: &Asked, range: Range, more: &str) -> Result<String, Failure> {
    let Filter { components, entry, user, session, hide_demo } = &asked.filter;
    let Range { from_ms, to_ms } = range;
    let mut url = format!("api/insights/{subject}?from={from_ms}&to={to_ms}{more}");
    let components = Some(components.join(",")).filter(|list| !list.is_empty());
    let demo = hide_demo.then(|| "hidden".to_owned());
    for (name, value) in [
        ("component", &components),
        ("entry", entry),
        ("user", user),
        ("session", session),
        ("demo", &demo),
    ] {
        if let Some(value) = value {
            url.push_str(&format!("&{name}={}", crate::pages::insights::query::encode(value)));
        }
    }
    fetch(&url).await
}

async fn fetch(url: &str) -> Result<String, Failure> {
    let sentence = match api::get(url).await {
        Reply::Json(text) => return Ok(text),
        Reply::NotOurs | Reply::Refused { status: 404, .. } => return Err(Failure::NoServer),
        Reply::Refused { status, sentence } => refused(status, sentence),
        Reply::Redirected => SIGNED_OUT.to_owned(),
        Reply::Unreachable => format!("The server does not answer. {LATER}"),
    };
    Err(Failure::Said(sentence))
}

/// Why the server says no, and what to do. To ask the same again helps only where the fault is its own.
fn refused(status: u16, sentence: Option<String>) -> String {
    let why = sentence.map_or_else(
        || format!("The server answers HTTP {status}."),
        |sentence| format!("The server cannot answer this: {sentence}."),
    );
    match status {
        429 => format!("{why} It takes no more requests from here for a moment; try again then."),
        400..=499 => why,
        _ => format!("{why} {LATER}"),
    }
}

/// A sample month that the server can make up.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct Sample {
    pub offered: bool,
    pub running: bool,
    pub days: u32,
    pub of: u32,
    pub failed: bool,
}

/// Whether there is one to be had, and how far it is; none where nobody offers any.
pub async fn sample() -> Option<Sample> {
    sample_in(api::get(SAMPLE).await)
}

/// Lets the server begin with it.
pub async fn fill_with_sample() -> Option<Sample> {
    sample_in(api::post(SAMPLE).await)
}

fn sample_in(reply: Reply) -> Option<Sample> {
    match reply {
        Reply::Json(text) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

/// How far a place is that the server hands stored events on to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Sink {
    pub sink: String,
    pub forwarded: u64,
    pub waiting: u64,
    pub refused: u64,
    /// The label of all events there.
    #[serde(default)]
    pub job: Option<String>,
    /// What stands in the way, or stood there last.
    #[serde(default)]
    pub error: Option<SinkError>,
}

/// Trouble between the server and such a place.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct SinkError {
    pub text: String,
    pub since_ms: u64,
    /// When it was over.
    pub until_ms: Option<u64>,
}

/// All such places; none where nobody tells.
pub async fn sinks() -> Option<Vec<Sink>> {
    match api::get("api/sinks").await {
        Reply::Json(text) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

/// The label `job` of all events in Loki: the server says which it gives them, or the page gives them its own.
pub async fn job() -> String {
    let sinks = sinks().await.unwrap_or_default();
    match sinks.into_iter().find_map(|sink| sink.job) {
        Some(job) => job,
        None => crate::tracking::fetch_config().await.unwrap_or_default().job,
    }
}

/// The events in `lines`, each once.
#[must_use]
pub fn own_records(lines: &[String]) -> Vec<Record> {
    let mut seen = BTreeSet::new();
    lines
        .iter()
        .filter_map(|line| Record::from_line(line).ok())
        .filter(|record| seen.insert(record.event_id.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_asker_got_wrong_is_not_the_servers_outage() {
        let said = |text: &str| Some(text.to_owned());
        let funnel = refused(400, said("parameter components must name 1 to 20 components"));
        let wrong =
            "The server cannot answer this: parameter components must name 1 to 20 components.";
        assert_eq!(funnel, wrong);
        for status in [400, 401, 403, 413, 422] {
            assert!(!refused(status, None).contains("try again"), "{status}");
        }
        for status in [500, 502, 503] {
            assert!(
                refused(status, said("the events cannot be read")).ends_with(LATER),
                "{status}"
            );
        }
    }

    /// A visit as this browser keeps it.
    fn visit(at_ms: u64, component: &str, previous: &str) -> String {
        let user = tracking::UserSecret::new(1).user_id();
        let session = tracking::SessionId::new(1, 1);
        serde_json::json!({
            "event": "component_visit", "event_id": format!("{at_ms:032x}"), "schema_version": 1,
            "level": "info", "timestamp": at_ms, "user_id": user.as_str(),
            "session_id": session.as_str(), "seq": at_ms, "component_hash": component,
            "component_name": component, "url": "http://localhost/", "referrer": "",
            "visit_index": at_ms, "is_entry": previous == "(entry)",
            "prev_component": previous, "prev_component_name": previous
        })
        .to_string()
    }

    #[test]
    fn this_browsers_own_sessions_stay_whole_behind_a_filter() {
        let lines = [visit(1, "a", "(entry)"), visit(2, "b", "a"), visit(3, "c", "b")];
        let records = own_records(&lines);
        assert_eq!(records.len(), 3);
        let known = |hash: &str| KnownComponent { hash: hash.into(), name: hash.into() };
        let asked = Asked {
            range: Range::ALL,
            filter: Filter { components: vec!["a".into()], ..Filter::default() },
            starts: Vec::new(),
            funnel: ["a", "b", "c"].map(str::to_owned).to_vec(),
            within_ms: Some(10),
            known: ["a", "d"].map(known).to_vec(),
            of: Source::Device(Rc::new(Vec::new())),
        };
        let rows = |question, asked: &Asked| match here(question, asked, &records) {
            Answer::Counts(rows) => {
                rows.into_iter().map(|row| (row.component, row.visits)).collect::<Vec<_>>()
            }
            other => unreachable!("{other:?}"),
        };
        let row = |hash: &str, visits| (hash.to_owned(), visits);
        assert_eq!(rows(Question::Exits, &asked), [row("c", 1)]);
        assert_eq!(rows(Question::Visits, &asked), [row("a", 1)]);
        let Answer::Totals(totals) = here(Question::Totals, &asked, &records) else {
            unreachable!()
        };
        assert_eq!((totals[0].summary.visits, totals[0].bounce.bounced), (1, 0));
        let Answer::Funnel(steps) = here(Question::Funnel, &asked, &records) else {
            unreachable!()
        };
        assert!(steps.iter().all(|step| step.sessions == 1), "{steps:?}");
        let all = Asked { filter: Filter::default(), ..asked };
        let everything = [row("a", 1), row("b", 1), row("c", 1), row("d", 0)];
        assert_eq!(rows(Question::Visits, &all), everything);
    }
}
