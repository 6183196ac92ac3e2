//! An answer's exact numbers: for the screen, for screen readers, and for files.

use crate::charts::{
    calendar::{self, Offset},
    scale::{bytes, duration, grouped},
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub heads: Vec<&'static str>,
    /// As many as were wanted.
    pub rows: Vec<Vec<Value>>,
    /// As many as there are.
    pub all: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    /// A component, by hash and name.
    Component(String, String),
    Number(u64),
    /// The first, the second, and so on.
    Ordinal(u64),
    Ms(Option<u64>),
    Bytes(Option<u64>),
    Percent(u64),
    /// Milliseconds since 1970.
    Time(u64),
}

impl Table {
    /// The first `most` of `rows`.
    #[must_use]
    pub fn new(
        heads: &[&'static str],
        rows: impl ExactSizeIterator<Item = Vec<Value>>,
        most: usize,
    ) -> Self {
        let all = rows.len();
        Self { heads: heads.to_vec(), rows: rows.take(most).collect(), all }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        // A row of zeros says as little as none.
        self.rows.iter().flatten().all(|value| {
            !matches!(value, Value::Number(1..) | Value::Component(..) | Value::Bytes(Some(1..)))
        })
    }
}

impl Value {
    /// As a person reads it.
    #[must_use]
    pub fn shown(&self, offset: Offset<'_>) -> String {
        match self {
            Self::Text(text) | Self::Component(_, text) => text.clone(),
            Self::Number(number) | Self::Ordinal(number) => grouped(*number),
            Self::Ms(ms) => ms.map_or_else(|| "–".to_owned(), duration),
            Self::Bytes(count) => count.map_or_else(|| "–".to_owned(), bytes),
            Self::Percent(percent) => format!("{percent} %"),
            Self::Time(at) => {
                format!("{} {}", calendar::date(*at, offset), calendar::clock(*at, offset))
            }
        }
    }

    /// Whether it is read as a text, not as a figure.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Component(..) | Self::Time(_))
    }

    /// What a number counts in.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self {
            Self::Number(_) => Some("count"),
            Self::Ms(_) => Some("ms"),
            Self::Bytes(_) => Some("bytes"),
            Self::Percent(_) => Some("%"),
            Self::Text(_) | Self::Component(..) | Self::Ordinal(_) | Self::Time(_) => None,
        }
    }

    #[must_use]
    pub fn exact(&self) -> Option<u64> {
        match self {
            Self::Number(number)
            | Self::Ordinal(number)
            | Self::Percent(number)
            | Self::Ms(Some(number))
            | Self::Bytes(Some(number))
            | Self::Time(number) => Some(*number),
            Self::Text(_) | Self::Component(..) | Self::Ms(None) | Self::Bytes(None) => None,
        }
    }
}
