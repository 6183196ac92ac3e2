//! A registry written as YAML, as the JSON that says the same.
//!
//! YAML takes `name: 2048`, `hash: 5e10` and `name: 007` for numbers. They keep the spelling of the
//! file, as JSON numbers where JSON can write them and as texts where it cannot.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    Spanned, budget,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};
use thiserror::Error;

/// Values, lists and objects of a file: 10,000 components have about 270,000. The file's size is the
/// caller's to bound.
const MAX_NODES: usize = 2_000_000;

/// What is wrong with the file, as the end of a sentence. Says where and never what: the file may be
/// another one than was meant.
#[derive(Debug, Error)]
pub enum YamlError {
    #[error("is not valid YAML (line {line}, column {column})")]
    Syntax { line: u64, column: u64 },
    #[error("is not valid YAML, or holds more than {MAX_NODES} values")]
    Unplaced,
}

/// The file as JSON, with whatever fields it has, in the order of the file.
///
/// # Errors
/// When it is no YAML, several documents, or larger than a registry can be.
pub fn to_json(yaml: &str) -> Result<String, YamlError> {
    let options = serde_saphyr::options! {
        budget: budget! {
            max_nodes: MAX_NODES,
            max_events: 3 * MAX_NODES,
            max_aliases: MAX_NODES,
            max_merge_keys: MAX_NODES,
        },
        // The last one counts, as in JSON.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        strict_booleans: true,
    };
    let yaml = yaml.trim_start_matches('\u{feff}');
    let root: Node = serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
        error.location().map_or(YamlError::Unplaced, |at| YamlError::Syntax {
            line: at.line(),
            column: at.column(),
        })
    })?;
    let mut json = String::new();
    root.write(yaml, &mut json);
    Ok(json)
}

type Node = Spanned<Value>;

enum Value {
    Null,
    Bool(bool),
    /// As the reader writes it; the file has its own spelling.
    Number(String),
    Text(String),
    List(Vec<Spanned<Value>>),
    Object(Vec<(Key, Spanned<Value>)>),
}

trait Write {
    fn write(&self, yaml: &str, json: &mut String);
}

impl Write for Node {
    fn write(&self, yaml: &str, json: &mut String) {
        match &self.value {
            Value::Null => json.push_str("null"),
            Value::Bool(yes) => json.push_str(if *yes { "true" } else { "false" }),
            Value::Number(canonical) => {
                let written = spelling(self, yaml).unwrap_or(canonical);
                if serde_json::from_str::<serde_json::Number>(written).is_ok() {
                    json.push_str(written);
                } else {
                    text(written, json);
                }
            }
            Value::Text(value) => text(value, json),
            Value::List(items) => {
                list(json, ['[', ']'], items, |item, json| item.write(yaml, json));
            }
            Value::Object(fields) => list(json, ['{', '}'], fields, |(key, value), json| {
                text(&key.0, json);
                json.push(':');
                value.write(yaml, json);
            }),
        }
    }
}

/// A plain number as the file has it.
fn spelling<'a>(node: &Node, yaml: &'a str) -> Option<&'a str> {
    let span = node.defined.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    let written = yaml.get(start..start.checked_add(length)?)?.trim();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"+-._".contains(&b);
    (!written.is_empty() && written.bytes().all(is_plain)).then_some(written)
}

fn text(value: &str, json: &mut String) {
    json.push_str(&serde_json::Value::from(value).to_string());
}

fn list<T>(
    json: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    write: impl Fn(&T, &mut String),
) {
    json.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(close);
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
                Value::deserialize(inner)
            }

            fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
                Ok(Value::Bool(yes))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Number(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Number(number.to_string()))
            }

            fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
                Ok(Value::Number(number.to_string()))
            }

            fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
                Ok(Value::Number(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Number(number.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Value, E> {
                Ok(Value::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Value::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    object.push(field);
                }
                Ok(Value::Object(object))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// A field's name; a number or nothing is taken by its text.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Text(text) | Value::Number(text) => Ok(Self(text)),
            Value::Bool(yes) => Ok(Self(yes.to_string())),
            Value::Null => Ok(Self("null".to_owned())),
            Value::List(_) | Value::Object(_) => {
                Err(serde::de::Error::custom("a field's name must be a text"))
            }
        }
    }
}
