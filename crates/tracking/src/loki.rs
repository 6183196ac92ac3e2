//! Loki's push format, in Loki's words: a request holds streams, a stream has labels and entries.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{IgnoredAny, SeqAccess, Visitor},
    ser::SerializeSeq,
};

/// The body of `POST /loki/api/v1/push`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct PushRequest<'a> {
    #[serde(borrow)]
    pub streams: Vec<Stream<'a>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stream<'a> {
    #[serde(borrow, rename = "stream")]
    pub labels: Labels<'a>,
    #[serde(borrow)]
    pub values: Vec<Entry<'a>>,
}

/// Sorted, so that equal labels are equal bytes.
pub type Labels<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// Key-value pairs beside the line that are not indexed and do not make a stream of their own.
pub type StructuredMetadata<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// `["<ns>", "<line>", {"user_id": ".."}]`; the third part is left out when empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Nanoseconds since 1970-01-01 UTC, as decimal digits.
    pub timestamp_ns: Cow<'a, str>,
    pub line: Cow<'a, str>,
    pub metadata: StructuredMetadata<'a>,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        seq.serialize_element(&self.timestamp_ns)?;
        seq.serialize_element(&self.line)?;
        if !self.metadata.is_empty() {
            seq.serialize_element(&self.metadata)?;
        }
        seq.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("[\"<ns>\", \"<line>\"] or [\"<ns>\", \"<line>\", {metadata}]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry<'de>, A::Error> {
                let too_short = |n| serde::de::Error::invalid_length(n, &self);
                let BorrowedText(timestamp_ns) = seq.next_element()?.ok_or_else(|| too_short(0))?;
                let BorrowedText(line) = seq.next_element()?.ok_or_else(|| too_short(1))?;
                let metadata = seq.next_element::<BorrowedMap<'de>>()?.unwrap_or_default().0;
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(too_short(4));
                }
                Ok(Entry { timestamp_ns, line, metadata })
            }
        }
        deserializer.deserialize_seq(EntryVisitor)
    }
}

/// serde borrows a `Cow` only when told so on a field.
#[derive(Deserialize)]
struct BorrowedText<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Default, Deserialize)]
struct BorrowedMap<'a>(#[serde(borrow)] StructuredMetadata<'a>);

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn entry() -> impl Strategy<Value = Entry<'static>> {
        ("[0-9]{1,19}", ".*", proptest::option::of(".*")).prop_map(|(ns, line, user)| Entry {
            timestamp_ns: ns.into(),
            line: line.into(),
            metadata: user.map(|u| ("user_id".into(), u.into())).into_iter().collect(),
        })
    }

    proptest! {
        #[test]
        fn a_request_survives_a_round_trip(
            streams in vec((".*", vec(entry(), 0..4)).prop_map(|(job, values)| Stream {
                labels: [("job".into(), job.into())].into(),
                values,
            }), 0..4)
        ) {
            let request = PushRequest { streams };
            let json = serde_json::to_string(&request).unwrap();
            prop_assert_eq!(serde_json::from_str::<PushRequest>(&json).unwrap(), request);
        }
    }

    #[test]
    fn an_entry_without_metadata_has_two_parts() {
        let entry = Entry { timestamp_ns: "1".into(), line: "x".into(), metadata: BTreeMap::new() };
        assert_eq!(serde_json::to_string(&entry).unwrap(), r#"["1","x"]"#);
    }

    #[test]
    fn entries_of_another_shape_are_refused() {
        for bad in [r#"[]"#, r#"["1"]"#, r#"[1,"x"]"#, r#"["1","x",{},4]"#, r#"{"ts":"1"}"#] {
            assert!(serde_json::from_str::<Entry>(bad).is_err(), "{bad}");
        }
    }
}
