//! JSON as the page writes it for every event: at once, in a fixed order, and in little code.

use crate::id::hex_digits;

/// Text that becomes JSON. Bytes, because most of it is written one by one: a copy of a few bytes costs
/// WebAssembly as much as twenty of them.
pub(crate) struct Json(Vec<u8>);

impl Json {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub fn finish(self) -> String {
        // Only whole texts and ASCII go in.
        String::from_utf8(self.0).unwrap_or_default()
    }

    /// Goes in as it is.
    pub fn raw(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// `"key":`, after a comma unless it is the first of its object.
    pub fn key(&mut self, key: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.raw(key);
        self.raw("\":");
    }

    pub fn pair(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text(value);
    }

    /// A pair whose value has nothing to escape: an id, or a name of ours.
    pub fn plain(&mut self, key: &str, value: &str) {
        self.key(key);
        self.0.push(b'"');
        self.raw(value);
        self.0.push(b'"');
    }

    pub fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.digits(value);
    }

    pub fn number_or_null(&mut self, key: &str, value: Option<u64>) {
        match value {
            Some(value) => self.number(key, value),
            None => {
                self.key(key);
                self.raw("null");
            }
        }
    }

    pub fn flag(&mut self, key: &str, value: bool) {
        self.key(key);
        self.raw(if value { "true" } else { "false" });
    }

    pub fn digits(&mut self, value: u64) {
        if value > 9 {
            self.digits(value / 10);
        }
        self.0.push(b'0' + (value % 10) as u8);
    }

    pub fn hex(&mut self, bytes: &[u8]) {
        self.0.extend(bytes.iter().flat_map(|b| hex_digits(*b)));
    }

    pub fn text(&mut self, text: &str) {
        self.0.push(b'"');
        // Through a small buffer: in a page that is built for size, each push is a call.
        let mut buffer = [0_u8; 64];
        let mut used = 0;
        for b in text.bytes() {
            if used > buffer.len() - 2 {
                self.0.extend_from_slice(&buffer[..used]);
                used = 0;
            }
            if b == b'"' || b == b'\\' {
                buffer[used] = b'\\';
                used += 1;
            } else if b < b' ' {
                self.0.extend_from_slice(&buffer[..used]);
                used = 0;
                self.control(b);
                continue;
            }
            buffer[used] = b;
            used += 1;
        }
        self.0.extend_from_slice(&buffer[..used]);
        self.0.push(b'"');
    }

    fn control(&mut self, b: u8) {
        match b {
            b'\n' => self.raw("\\n"),
            b'\r' => self.raw("\\r"),
            b'\t' => self.raw("\\t"),
            8 => self.raw("\\b"),
            12 => self.raw("\\f"),
            _ => {
                self.raw("\\u00");
                self.hex(&[b]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_written_as_serde_writes_it(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut json = Json::with_capacity(0);
            json.text(&text);
            prop_assert_eq!(json.finish(), serde_json::to_string(&text).unwrap());
        }
    }
}
