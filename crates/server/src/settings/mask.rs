//! Addresses without what is secret in them, for everything that is printed.

/// What is printed in place of a secret.
pub const MASK: &str = "********";

/// `text` with the user, the password and the query of every address in it masked.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
            .unwrap_or(after.len());
        let (address, after) = after.split_at(end);
        shown.push_str(&bare(address));
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// One address, whether it begins with its scheme or not.
#[must_use]
pub fn address(text: &str) -> String {
    if text.contains("://") { without_credentials(text) } else { bare(text) }
}

/// What follows the scheme. A password may have any sign in it, so that only the last @ ends it.
fn bare(rest: &str) -> String {
    let (user, host) = match rest.rsplit_once('@') {
        Some((_, host)) => (format!("{MASK}@"), host),
        None => (String::new(), rest),
    };
    match host.find(['?', '#']) {
        Some(at) => format!("{user}{}{MASK}", &host[..=at]),
        None => user + host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_host_and_loses_its_secrets() {
        for (text, shown) in [
            ("https://logs.example/loki", "https://logs.example/loki"),
            ("http://me:pw@loki:3100", "http://********@loki:3100"),
            ("http://pw@loki", "http://********@loki"),
            ("http://me:p@ss/w?rd@loki/x", "http://********@loki/x"),
            ("https://loki/?token=pw", "https://loki/?********"),
            (
                "error for 'https://me:pw@a' and \"ws://x:y@b\".",
                "error for 'https://********@a' and \"ws://********@b\".",
            ),
            ("me@example.org writes", "me@example.org writes"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
        assert_eq!(address("me:pw@loki:3100"), "********@loki:3100");
        assert_eq!(address("loki:3100"), "loki:3100");
    }
}
