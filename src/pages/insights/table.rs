//! An answer's exact numbers: for the screen, for screen readers, and for files.

use crate::charts::{
    calendar::{self, Offset},
    scale::{bytes, duration, grouped},
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub heads: Vec<&'static str>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    /// A component, by hash and name.
    Component(String, String),
    Number(u64),
    Ms(Option<u64>),
    Bytes(Option<u64>),
    Percent(u64),
    /// Milliseconds since 1970.
    Time(u64),
}

impl Table {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // A row of zeros says as little as none.
        self.rows.iter().flatten().all(|value| {
            !matches!(value, Value::Number(1..) | Value::Component(..) | Value::Bytes(Some(1..)))
        })
    }

    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = self.heads.join(",");
        for row in &self.rows {
            text.push('\n');
            let cells: Vec<String> = row.iter().map(Value::in_csv).collect();
            text.push_str(&cells.join(","));
        }
        text
    }

    /// One object for each row.
    #[must_use]
    pub fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let fields: Vec<String> = self
                .heads
                .iter()
                .zip(row)
                .map(|(head, value)| format!("{}: {}", quoted(head), value.in_json()))
                .collect();
            format!("  {{ {} }}", fields.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(object).collect();
        format!("[\n{}\n]\n", rows.join(",\n"))
    }
}

impl Value {
    /// As a person reads it.
    #[must_use]
    pub fn shown(&self, offset: Offset<'_>) -> String {
        match self {
            Self::Text(text) | Self::Component(_, text) => text.clone(),
            Self::Number(number) => grouped(*number),
            Self::Ms(ms) => ms.map_or_else(|| "–".to_owned(), duration),
            Self::Bytes(count) => count.map_or_else(|| "–".to_owned(), bytes),
            Self::Percent(percent) => format!("{percent} %"),
            Self::Time(at) => {
                format!("{} {}", calendar::date(*at, offset), calendar::clock(*at, offset))
            }
        }
    }

    fn exact(&self) -> Option<u64> {
        match self {
            Self::Number(number)
            | Self::Percent(number)
            | Self::Ms(Some(number))
            | Self::Bytes(Some(number))
            | Self::Time(number) => Some(*number),
            Self::Text(_) | Self::Component(..) | Self::Ms(None) | Self::Bytes(None) => None,
        }
    }

    /// Durations and times in ms, sizes in bytes. A text that a spreadsheet would run begins with a quote.
    fn in_csv(&self) -> String {
        if let Some(number) = self.exact() {
            return number.to_string();
        }
        match self {
            Self::Text(text) | Self::Component(_, text) => {
                let guard = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
                format!("\"{guard}{}\"", text.replace('"', "\"\""))
            }
            _ => String::new(),
        }
    }

    fn in_json(&self) -> String {
        match (self, self.exact()) {
            (_, Some(number)) => number.to_string(),
            (Self::Text(text), _) => quoted(text),
            (Self::Component(hash, _), _) => quoted(hash),
            _ => "null".to_owned(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_are_exact_and_cannot_be_run() {
        let table = Table {
            heads: vec!["Component", "Visits", "Median"],
            rows: vec![
                vec![
                    Value::Component("a".into(), "=A \"1\"".into()),
                    Value::Number(3),
                    Value::Ms(Some(1_499)),
                ],
                vec![Value::Text("x, y".into()), Value::Number(0), Value::Ms(None)],
            ],
        };
        assert_eq!(table.csv(), "Component,Visits,Median\n\"'=A \"\"1\"\"\",3,1499\n\"x, y\",0,");
        let json: serde_json::Value = serde_json::from_str(&table.json()).unwrap();
        assert_eq!(json[0]["Component"], "a");
        assert_eq!(json[0]["Median"], 1_499);
        assert_eq!(json[1]["Median"], serde_json::Value::Null);
    }
}
