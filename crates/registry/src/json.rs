//! JSON as it was written: values keep their spelling, so that a number can be a name, and one that no
//! computer can hold harms nobody but its entry.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

/// The registry's entries, whatever they are.
pub fn entries(json: &str) -> Result<Vec<&RawValue>, String> {
    // Some editors begin a file with a byte order mark.
    let json = json.trim_start_matches('\u{feff}');
    if json.trim().is_empty() {
        return Err("The registry is empty.".to_owned());
    }
    let whole: &RawValue = serde_json::from_str(json)
        .map_err(|error| format!("The registry is not valid JSON (line {}).", error.line()))?;
    let top = Object::read(whole).map_err(|found| {
        format!("The registry is {found}, but must be an object with a list \"components\".")
    })?;
    let Some(list) = top.get("components") else { return Ok(Vec::new()) };
    serde_json::from_str(list.get()).map_err(|_| {
        format!("The registry has {} in place of the list \"components\".", kind(list))
    })
}

/// An object's fields. `null` counts as left out, and of two with one name the last one counts.
#[derive(Default)]
pub struct Object<'a>(HashMap<Name<'a>, &'a RawValue>);

/// Borrowed where the name holds no escapes.
#[derive(Deserialize, Eq, Hash, PartialEq)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Object<'a> {
    /// # Errors
    /// What it is instead, as `a list`.
    pub fn read(raw: &'a RawValue) -> Result<Self, &'static str> {
        match kind(raw) {
            AN_OBJECT => {
                // Its grammar is right; a name may still be half of a character.
                serde_json::from_str(raw.get())
                    .map(Self)
                    .map_err(|_| "one with an unreadable field name")
            }
            other => Err(other),
        }
    }

    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(&Name(Cow::Borrowed(name))).copied().filter(|raw| raw.get() != "null")
    }

    /// A text, or a number, `true` or `false` as it is written.
    ///
    /// # Errors
    /// What it is instead, as `a list`.
    pub fn text(&self, name: &str) -> Option<Result<String, &'static str>> {
        let raw = self.get(name)?;
        Some(match kind(raw) {
            A_TEXT => serde_json::from_str(raw.get()).map_err(|_| "a broken text"),
            kind @ (AN_OBJECT | A_LIST) => Err(kind),
            _ => Ok(raw.get().to_owned()),
        })
    }
}

const AN_OBJECT: &str = "an object";
const A_LIST: &str = "a list";
const A_TEXT: &str = "a text";

fn kind(raw: &RawValue) -> &'static str {
    match raw.get().bytes().next() {
        Some(b'{') => AN_OBJECT,
        Some(b'[') => A_LIST,
        Some(b'"') => A_TEXT,
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A whole number of a JSON number's text, rounded; none when it is negative, no number, or does not fit.
pub fn whole(number: &str) -> Option<u64> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if before.is_empty() || !is_digits(before) || !is_digits(after) {
        return None;
    }
    let digits = [before, after].concat();
    let point = i64::try_from(before.len()).ok()? + i64::from(exponent);
    let digit = |at: i64| {
        let digit = usize::try_from(at).ok().and_then(|at| digits.as_bytes().get(at));
        digit.map_or(0, |digit| u64::from(digit - b'0'))
    };
    if digits.bytes().all(|b| b == b'0') {
        return Some(0);
    }
    let mut number = 0_u64;
    for at in 0..point {
        number = number.checked_mul(10)?.checked_add(digit(at))?;
    }
    number.checked_add(u64::from(digit(point) >= 5))
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_number_of_any_spelling_is_rounded() {
        for (text, number) in [
            ("1500", Some(1500)),
            ("1500.5", Some(1501)),
            ("1500.49", Some(1500)),
            ("0.0", Some(0)),
            ("0.5", Some(1)),
            ("1.5e3", Some(1500)),
            ("15000E-1", Some(1500)),
            ("5e-1", Some(1)),
            ("5e-2", Some(0)),
            ("0e999999999", Some(0)),
            ("5e10", Some(50_000_000_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e999", None),
            ("1e99999999999", None),
            ("-1", None),
            ("", None),
            (".5", None),
            ("1_000", None),
            ("1500 ms", None),
            ("NaN", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
    }
}
