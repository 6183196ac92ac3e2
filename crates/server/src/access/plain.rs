//! Text from outside that is written where somebody looks at it: no sign in it may move a cursor, hide a
//! word or begin a line.

use std::fmt::Write as _;

/// Signs that a terminal or an editor obeys in place of showing them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A line of JSON that says the same with such signs as `\u202e`; outside of its texts JSON has none.
pub fn json(line: String) -> String {
    if !line.chars().any(is_unsafe) {
        return line;
    }
    let mut safe = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if is_unsafe(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// One line of text, with such signs as `\u{XX}`.
pub fn text(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}txt\u{2028}\r\nfake\u{feff}\u{85}";

    #[test]
    fn json_says_the_same_without_a_sign_that_a_terminal_obeys() {
        let line = serde_json::json!({ "path": EVIL, "name": "Zürich 🚲" }).to_string();
        let safe = json(line);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        let value: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(value["path"], EVIL);
        assert_eq!(value["name"], "Zürich 🚲");
    }

    #[test]
    fn text_is_one_line() {
        let safe = text(EVIL);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert!(safe.starts_with("a\\u{1b}[31m\\u{7f}"), "{safe}");
        assert_eq!(text("Zürich 🚲"), "Zürich 🚲");
    }
}
