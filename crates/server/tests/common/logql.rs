//! As much of LogQL as is sent by us, over the entries of a double of Loki. What it does not know it
//! refuses, as Loki refuses what is no LogQL.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Loki's own limits, as they are by default.
const LONGEST_NS: u64 = (30 * 24 + 1) * 3_600 * 1_000_000_000;
const MOST_LINES: usize = 5_000;
const MOST_SERIES: usize = 500;

pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug)]
pub struct Entry {
    pub stream: Labels,
    pub metadata: Labels,
    pub ns: u64,
    pub line: String,
}

pub enum Query {
    Lines(Log),
    /// `sum by (..) (count_over_time(.. [..]))`
    Count {
        by: Vec<String>,
        of: Log,
        range_ns: u64,
    },
}

pub struct Log {
    matchers: Vec<Test>,
    stages: Vec<Stage>,
}

enum Stage {
    Contains(Vec<String>),
    Json,
    /// `json a="b"`: only the field b, as a.
    Field(String, String),
    Label(Test),
}

struct Test {
    name: String,
    is: bool,
    values: Vec<String>,
}

impl Test {
    fn passes(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        self.values.iter().any(|wanted| wanted == value) == self.is
    }
}

impl Log {
    /// The labels of an entry behind all stages, if it comes so far.
    pub fn passes(&self, entry: &Entry) -> Option<Labels> {
        if !self.matchers.iter().all(|test| test.passes(&entry.stream)) {
            return None;
        }
        let mut labels = entry.stream.clone();
        add(&mut labels, &entry.metadata);
        for stage in &self.stages {
            match stage {
                Stage::Contains(texts) if !texts.iter().any(|text| entry.line.contains(text)) => {
                    return None;
                }
                Stage::Label(test) if !test.passes(&labels) => return None,
                Stage::Json => match serde_json::from_str(&entry.line) {
                    Ok(Value::Object(fields)) => add(&mut labels, &flat("", &fields)),
                    _ => _ = labels.insert("__error__".into(), "JSONParserErr".into()),
                },
                Stage::Field(name, field) => match serde_json::from_str::<Value>(&entry.line) {
                    Ok(line) => {
                        let text = match &line[field] {
                            Value::String(text) => text.clone(),
                            Value::Null => String::new(),
                            other => other.to_string(),
                        };
                        labels.insert(name.clone(), text);
                    }
                    Err(_) => _ = labels.insert("__error__".into(), "JSONParserErr".into()),
                },
                Stage::Contains(_) | Stage::Label(_) => {}
            }
        }
        Some(labels)
    }
}

/// What is there already keeps its name.
fn add(labels: &mut Labels, more: &Labels) {
    for (name, value) in more {
        let name =
            if labels.contains_key(name) { format!("{name}_extracted") } else { name.clone() };
        labels.insert(name, value.clone());
    }
}

fn flat(before: &str, fields: &serde_json::Map<String, Value>) -> Labels {
    let mut labels = Labels::new();
    for (name, value) in fields {
        let name = format!("{before}{name}");
        match value {
            Value::String(text) => _ = labels.insert(name, text.clone()),
            Value::Number(_) | Value::Bool(_) => _ = labels.insert(name, value.to_string()),
            Value::Object(inner) => labels.extend(flat(&format!("{name}_"), inner)),
            Value::Null | Value::Array(_) => {}
        }
    }
    labels
}

/// `GET /loki/api/v1/query_range` of lines: `data.result`.
pub fn query_range(entries: &[Entry], asked: &BTreeMap<String, String>) -> Result<Value, String> {
    let Query::Lines(log) = parse(need(asked, "query")?)? else {
        return Err("a metric query over time is not asked for by us".into());
    };
    let (start, end): (u64, u64) = (number(asked, "start")?, number(asked, "end")?);
    if end < start {
        return Err("end timestamp must not be before or equal to start time".into());
    }
    if end - start > LONGEST_NS {
        return Err("the query time range exceeds the limit (limit: 30d1h)".into());
    }
    let limit = usize::try_from(number(asked, "limit")?).unwrap();
    if limit > MOST_LINES {
        return Err(format!(
            "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {MOST_LINES})"
        ));
    }
    let mut found: Vec<_> = entries
        .iter()
        .filter(|entry| (start..end).contains(&entry.ns))
        .filter_map(|entry| Some((entry, log.passes(entry)?)))
        .collect();
    found.sort_by_key(|(entry, _)| entry.ns);
    match need(asked, "direction")? {
        "forward" => {}
        "backward" => found.reverse(),
        other => return Err(format!("invalid direction {other}")),
    }
    let mut streams: BTreeMap<Labels, Vec<Value>> = BTreeMap::new();
    for (entry, labels) in found.into_iter().take(limit) {
        streams.entry(labels).or_default().push(json!([entry.ns.to_string(), entry.line]));
    }
    let result = streams.into_iter();
    Ok(result.map(|(labels, values)| json!({ "stream": labels, "values": values })).collect())
}

/// `GET /loki/api/v1/query` of a metric query: `data.result`.
pub fn query(entries: &[Entry], asked: &BTreeMap<String, String>) -> Result<Value, String> {
    let Query::Count { by, of, range_ns } = parse(need(asked, "query")?)? else {
        return Err("log queries are not supported as an instant query type".into());
    };
    if range_ns > LONGEST_NS {
        return Err("the query time range exceeds the limit (limit: 30d1h)".into());
    }
    let time = number(asked, "time")?;
    let mut series: BTreeMap<Labels, u64> = BTreeMap::new();
    for entry in entries {
        // After the beginning, up to and with the end.
        if entry.ns > time || entry.ns + range_ns <= time {
            continue;
        }
        let Some(labels) = of.passes(entry) else { continue };
        if let Some(error) = labels.get("__error__") {
            return Err(format!("pipeline error: '{error}' for series"));
        }
        // A label that is not there is not in the answer either.
        let known = by.iter().filter_map(|name| Some((name.clone(), labels.get(name)?.clone())));
        *series.entry(known.filter(|(_, value)| !value.is_empty()).collect()).or_default() += 1;
    }
    if series.len() > MOST_SERIES {
        return Err(format!("maximum number of series ({MOST_SERIES}) reached for a single query"));
    }
    let seconds = time / 1_000_000_000;
    let result = series.into_iter();
    Ok(result
        .map(|(metric, count)| json!({ "metric": metric, "value": [seconds, count.to_string()] }))
        .collect())
}

fn need<'a>(asked: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, String> {
    asked.get(name).map(String::as_str).ok_or(format!("no {name}"))
}

fn number(asked: &BTreeMap<String, String>, name: &str) -> Result<u64, String> {
    need(asked, name)?.parse().map_err(|_| format!("{name} is no number"))
}

pub fn parse(text: &str) -> Result<Query, String> {
    let mut rest = Rest(text);
    let query = rest.query().and_then(|query| match rest.0 {
        "" => Ok(query),
        _ => Err(()),
    });
    query.map_err(|()| format!("parse error : syntax error: unexpected {:?}", rest.0))
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn query(&mut self) -> Result<Query, ()> {
        if self.0.starts_with('{') {
            return self.log().map(Query::Lines);
        }
        self.take("sum by (")?;
        let mut by = vec![self.name()?];
        while self.take(", ").is_ok() {
            by.push(self.name()?);
        }
        self.take(") (count_over_time(")?;
        let of = self.log()?;
        self.take(" [")?;
        let range_ns = self.duration()?;
        self.take("]))")?;
        Ok(Query::Count { by, of, range_ns })
    }

    fn log(&mut self) -> Result<Log, ()> {
        self.take("{")?;
        let mut matchers = vec![self.test()?];
        while self.take(", ").is_ok() {
            matchers.push(self.test()?);
        }
        self.take("}")?;
        // One must want something, or all streams would be read.
        let wants = |test: &Test| test.is && !test.values.iter().any(String::is_empty);
        if !matchers.iter().any(wants) {
            return Err(());
        }
        let mut stages = Vec::new();
        loop {
            stages.push(if self.take(" |= ").is_ok() {
                Stage::Contains(vec![self.text()?])
            } else if self.take(" |~ ").is_ok() {
                Stage::Contains(alternatives(&self.text()?)?)
            } else if self.has_name_after(" | json ") {
                self.take(" | json ")?;
                let name = self.name()?;
                self.take("=")?;
                Stage::Field(name, self.text()?)
            } else if self.take(" | json").is_ok() {
                Stage::Json
            } else if self.take(" | ").is_ok() {
                Stage::Label(self.test()?)
            } else {
                return Ok(Log { matchers, stages });
            });
        }
    }

    fn has_name_after(&self, text: &str) -> bool {
        let after = self.0.strip_prefix(text);
        after.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    }

    fn test(&mut self) -> Result<Test, ()> {
        let name = self.name()?;
        let (is, is_pattern) = if self.take("=~").is_ok() {
            (true, true)
        } else if self.take("!~").is_ok() {
            (false, true)
        } else if self.take("!=").is_ok() {
            (false, false)
        } else {
            (self.take("=").map(|()| true)?, false)
        };
        let text = self.text()?;
        let values = if is_pattern { alternatives(&text)? } else { vec![text] };
        Ok(Test { name, is, values })
    }

    fn name(&mut self) -> Result<String, ()> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        self.0 = rest;
        if name.is_empty() { Err(()) } else { Ok(name.to_owned()) }
    }

    /// Go's quotes; the escapes that we write are JSON's too.
    fn text(&mut self) -> Result<String, ()> {
        let mut texts = serde_json::Deserializer::from_str(self.0).into_iter::<String>();
        let text = texts.next().ok_or(())?.map_err(|_| ())?;
        self.0 = &self.0[texts.byte_offset()..];
        Ok(text)
    }

    fn duration(&mut self) -> Result<u64, ()> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).ok_or(())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        let seconds = 1_000_000_000;
        let units = [
            ("ms", seconds / 1_000),
            ("s", seconds),
            ("m", 60 * seconds),
            ("h", 3_600 * seconds),
            ("d", 86_400 * seconds),
        ];
        for (unit, ns) in units {
            if self.take(unit).is_ok() {
                return digits.parse::<u64>().map(|n| n * ns).map_err(|_| ());
            }
        }
        Err(())
    }

    fn take(&mut self, text: &str) -> Result<(), ()> {
        self.0 = self.0.strip_prefix(text).ok_or(())?;
        Ok(())
    }
}

/// The literals of a pattern that is nothing else.
fn alternatives(pattern: &str) -> Result<Vec<String>, ()> {
    let mut all = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, all.last_mut()) {
            ('|', _) => all.push(String::new()),
            ('\\', Some(last)) => last.push(chars.next().ok_or(())?),
            ('.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$', _) => {
                return Err(());
            }
            (c, Some(last)) => last.push(c),
            (_, None) => return Err(()),
        }
    }
    Ok(all)
}
