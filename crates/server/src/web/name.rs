//! From the path of a request to the name of a file, once, for every way of serving.

use percent_encoding::percent_decode_str;

/// Bytes of a file's name that file systems have room for.
const MAX_PART: usize = 255;
/// The one folder with a dot that is meant to be seen (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// The file that `path` names, with `/` between its parts. A folder is its `index.html`.
///
/// None for a path with any other spelling than the one of a file: empty parts, `.`, `..`, `\`, control
/// characters; for what begins with a dot, which nobody means to publish; for a part that is too long.
pub fn of(path: &str) -> Option<String> {
    let path = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let is_folder = path.is_empty() || path.ends_with('/');
    let name = if is_folder { format!("{path}index.html") } else { path.into_owned() };
    name.split('/').all(is_visible).then_some(name)
}

/// Whether a part of a path may be served.
pub fn is_visible(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= MAX_PART
        && (!part.starts_with('.') || part == WELL_KNOWN)
        && !part.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_file_has_one_spelling() {
        for (path, name) in [
            ("/", Some("index.html")),
            ("/index.html", Some("index.html")),
            ("/%69ndex.html", Some("index.html")),
            ("/components/", Some("components/index.html")),
            ("/components/a%20b.html", Some("components/a b.html")),
            ("/.well-known/security.txt", Some(".well-known/security.txt")),
            ("//", None),
            ("//index.html", None),
            ("/./index.html", None),
            ("/a//b", None),
            ("/../data/events.db", None),
            ("/%2e%2e/data/events.db", None),
            ("/..%2fdata%2fevents.db", None),
            ("/a/..%5c..%5cb", None),
            ("/.env", None),
            ("/.git/config", None),
            ("/components/.htaccess", None),
            ("/a%00b", None),
            ("/c:/b", None),
            ("/%ff", None),
            ("*", None),
        ] {
            assert_eq!(of(path).as_deref(), name, "{path}");
        }
        assert!(of(&format!("/{}", "a".repeat(255))).is_some());
        assert_eq!(of(&format!("/{}", "a".repeat(256))), None);
    }
}
