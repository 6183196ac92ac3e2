//! Where a component's page is, and what its frame may do.

/// Whether it names its host: an address of the web and not a page of our own folder.
pub fn is_absolute(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://") || address.starts_with("//")
}

/// Only pages of our own folder or of the web: `javascript:` and `data:` would run as us. A scheme in
/// capitals comes back in small letters.
///
/// # Errors
/// What is wrong with it.
pub fn normalised(address: &str) -> Result<String, &'static str> {
    let address = address.trim();
    if address.is_empty() {
        return Err("has no implementation");
    }
    // Browsers drop tabs and line ends wherever they stand, and read `\` as `/`.
    if address.chars().any(|c| c.is_control() || c == '\\') {
        return Err("has an implementation that is not a URL");
    }
    for scheme in ["http://", "https://"] {
        if let Some((start, rest)) = address.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            return Ok([scheme, rest].concat());
        }
    }
    let first = address.split(['/', '?', '#']).next().unwrap_or_default();
    if first.contains(':') {
        return Err("has an implementation that is neither a page nor http(s)");
    }
    Ok(address.to_owned())
}

/// What a frame may do, from what its entry asks for.
pub fn sandbox(asked: Option<&str>, is_external: bool) -> String {
    asked
        .unwrap_or("allow-scripts")
        .split_ascii_whitespace()
        .map(str::to_ascii_lowercase)
        .filter(|token| is_external || !would_free_our_own(token))
        .filter(|token| !token.starts_with("allow-top-navigation"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A page of our own origin with our origin could take its sandbox off, and one that may open windows
/// without a sandbox could open itself in one.
fn would_free_our_own(token: &str) -> bool {
    matches!(token, "allow-same-origin" | "allow-popups-to-escape-sandbox")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_ours_never_gets_our_origin() {
        assert_eq!(sandbox(None, false), "allow-scripts");
        for asked in [
            "allow-scripts allow-same-origin",
            "ALLOW-SCRIPTS Allow-Same-Origin",
            "allow-scripts\u{c}allow-same-origin\nallow-popups-to-escape-sandbox",
        ] {
            assert_eq!(sandbox(Some(asked), false), "allow-scripts", "{asked:?}");
        }
        assert_eq!(
            sandbox(Some("allow-scripts allow-same-origin Allow-Top-Navigation"), true),
            "allow-scripts allow-same-origin"
        );
    }

    #[test]
    fn addresses_of_the_web_are_taken_in_any_spelling() {
        for (given, taken) in [
            ("components/a.html", "components/a.html"),
            (" a.html ", "a.html"),
            ("a.html?at=10:30", "a.html?at=10:30"),
            ("https://a.example/B", "https://a.example/B"),
            ("HTTPS://a.example/B", "https://a.example/B"),
            ("Http://a.example", "http://a.example"),
            ("//a.example/b", "//a.example/b"),
        ] {
            assert_eq!(normalised(given).as_deref(), Ok(taken));
        }
        for bad in
            ["", " ", "JavaScript:alert(1)", "https:a", "ftp://a", "a\tb", "\\\\a", "https:/a/b"]
        {
            assert!(normalised(bad).is_err(), "{bad:?}");
        }
        assert!(["https://a", "http://a", "//a", "///a"].into_iter().all(is_absolute));
        assert!(!["a", "/a", "./a", "a//b"].into_iter().any(is_absolute));
    }
}
