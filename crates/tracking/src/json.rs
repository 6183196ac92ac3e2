//! JSON as the page writes it for every event: at once, in a fixed order, and in little code.

/// Text that becomes JSON.
pub(crate) struct Json(pub String);

impl Json {
    /// Goes in as it is.
    pub fn raw(&mut self, json: &str) {
        self.0.push_str(json);
    }

    /// `"key":`, after a comma unless it is the first of its object.
    pub fn key(&mut self, key: &str) {
        if !self.0.ends_with('{') {
            self.raw(",");
        }
        self.raw("\"");
        self.raw(key);
        self.raw("\":");
    }

    pub fn pair(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text(value);
    }

    pub fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        self.raw(&value.to_string());
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

    pub fn text(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.raw("\"");
        let mut copied = 0;
        for (at, b) in text.bytes().enumerate() {
            if b >= b' ' && b != b'"' && b != b'\\' {
                continue;
            }
            self.raw(&text[copied..at]);
            copied = at + 1;
            let short = match b {
                b'"' | b'\\' => b,
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                8 => b'b',
                12 => b'f',
                _ => {
                    self.raw("\\u00");
                    self.0.push(char::from(HEX[usize::from(b >> 4)]));
                    self.0.push(char::from(HEX[usize::from(b & 15)]));
                    continue;
                }
            };
            self.0.push('\\');
            self.0.push(char::from(short));
        }
        self.raw(&text[copied..]);
        self.raw("\"");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_written_as_serde_writes_it(text in "\\PC*|[\\x00-\\x7f]*") {
            let mut json = Json(String::new());
            json.text(&text);
            prop_assert_eq!(json.0, serde_json::to_string(&text).unwrap());
        }
    }
}
