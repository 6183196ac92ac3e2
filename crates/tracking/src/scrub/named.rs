//! Secrets that stand behind their name, however that is written: `password=x`, `"apiKey": "x"`, `{'secret': 'x'}`,
//! `X-Api-Key: x`, `Authorization: Token x`, `<token>x</token>`, `password%3Dx`, `--password x`.

use super::{BECOMES_TOKEN, marker};

/// How sure a name is that of a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Name {
    Secret,
    /// `Authorization`: its value begins with the name of a scheme.
    Credentials,
    /// `Cookie`: its value is the rest of the line.
    Line,
    /// `key`, `token`: in `key=x` and `"key": "x"`; in prose only what looks like a secret.
    Perhaps,
}

/// A part of a name that makes it a secret's.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "passwort",
    "kennwort",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "jwt",
    "csrf",
    "xsrf",
    "otp",
    "cvv",
    "cvc",
    "iban",
    "ssn",
    "pin",
    "bearer",
    "sid",
];
/// The same, wherever it stands in a word.
const SECRET_ENDINGS: &[&str] =
    &["password", "passwd", "passphrase", "apikey", "sessionid", "sessid", "authtoken"];
/// What makes a `key`, a `token` or a `number` a secret.
const SECRET_KINDS: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "auth",
    "signing",
    "encryption",
    "shared",
    "master",
    "ssh",
    "subscription",
    "license",
    "account",
    "service",
    "storage",
    "session",
    "app",
    "client",
    "consumer",
    "refresh",
    "id",
    "card",
    "bot",
    "user",
    "security",
];
const SCHEMES: &[&str] = &[
    "bearer",
    "basic",
    "token",
    "digest",
    "apikey",
    "key",
    "negotiate",
    "ntlm",
    "hmac",
    "hawk",
    "jwt",
    "oauth",
    "bot",
    "signature",
    "aws4-hmac-sha256",
];
/// Quotes as they are written in one text or another; longer ones first.
const QUOTES: &[&str] = &["&quot;", "&#34;", "&#39;", "%22", "%27", "\"", "'", "`"];
const SPACES: &[&str] = &["%20", " ", "\t"];

pub fn scrub_named(text: &mut String) {
    let bytes = text.as_bytes();
    let mut scrubbed = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if let Some(length) = marker(&bytes[at..]) {
            at += length;
            continue;
        }
        let length = bytes[at..].iter().take_while(|b| is_of_name(**b)).count();
        let end = at + length;
        let value = classify(text, at, end).and_then(|name| value_of(text, name, at, end));
        if let Some((from, to)) = value.filter(|(from, to)| to > from) {
            scrubbed.push_str(&text[copied..from]);
            scrubbed.push_str(BECOMES_TOKEN);
            (at, copied) = (to, to);
        } else {
            at = end.max(at + 1);
        }
    }
    if copied > 0 {
        scrubbed.push_str(&text[copied..]);
        *text = scrubbed;
    }
}

fn is_of_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$')
}

fn classify(text: &str, start: usize, end: usize) -> Option<Name> {
    let name = text.get(start..end)?;
    if !(3..=64).contains(&name.len()) {
        return None;
    }
    let words = words(name);
    let last = words.last().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))?;
    let joined = words.concat();
    let joined = joined.trim_end_matches(|c: char| c.is_ascii_digit());
    if last == "authorization" {
        return Some(Name::Credentials);
    }
    if matches!(last, "cookie" | "cookies") {
        return Some(Name::Line);
    }
    let before = || words.iter().rev().nth(1).cloned().or_else(|| word_before(text, start));
    let is_kind = |word: String| SECRET_KINDS.contains(&&*word);
    let is_secret = words.iter().any(|word| SECRET_WORDS.contains(&&**word))
        || SECRET_ENDINGS.iter().any(|ending| joined.contains(ending))
        || (matches!(last, "key" | "keys" | "token" | "tokens" | "number")
            && before().is_some_and(is_kind));
    if is_secret {
        return Some(Name::Secret);
    }
    matches!(last, "key" | "token" | "auth" | "sig" | "signature").then_some(Name::Perhaps)
}

/// `api` of `API key`.
fn word_before(text: &str, start: usize) -> Option<String> {
    let before = text.get(..start)?.strip_suffix(' ')?;
    let at = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    before.get(at..).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase)
}

/// `X-ApiKey` is `x`, `api`, `key`.
fn words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let mut words = vec![String::new()];
    for (at, &b) in bytes.iter().enumerate() {
        if !b.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let begins = (b.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || (before.is_ascii_uppercase() && after.is_ascii_lowercase())))
            || (b.is_ascii_alphabetic() && before.is_ascii_digit());
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(char::from(b.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Where the value of the name at `start..end` lies.
fn value_of(text: &str, name: Name, start: usize, end: usize) -> Option<(usize, usize)> {
    if text[..start].ends_with(['<', ':'])
        && let Some(found) = element(text, name, start, end)
    {
        return Some(found);
    }
    let mut at = end;
    let closing = quote_at(text, at);
    let is_quoted = closing.is_some();
    at += closing.map_or(0, str::len);
    at += usize::from(is_quoted && text[at..].starts_with(']'));
    at = skip_spaces(text, at);
    let flag = text[start..end].contains("--") && at > end;
    let Some(separator) = separator(&text[at..]) else {
        let in_quotes =
            name == Name::Secret && !is_quoted && at > end && quote_at(text, at).is_some();
        return match name {
            Name::Secret if in_quotes => quoted(text, at),
            Name::Secret if flag && !text[at..].starts_with('-') => {
                Some((at, run(text, at, false)))
            }
            _ => None,
        };
    };
    at = skip_spaces(text, at + separator.len());
    if is_quoted {
        at += text[at..].len() - text[at..].trim_start().len();
    }
    if let Some(found) = quoted(text, at).or_else(|| listed(text, name, at)) {
        return Some(found).filter(|(from, _)| marker(&text.as_bytes()[*from..]).is_none());
    }
    let to = match name {
        Name::Line => line_end(text, at),
        Name::Credentials => return credentials(text, at),
        Name::Secret if separator == ":" && begins_line(text, start) => run(text, at, true),
        Name::Secret | Name::Perhaps => run(text, at, false),
    };
    let looks_secret =
        name != Name::Perhaps || is_quoted || separator != ":" || is_random(&text[at..to]);
    (looks_secret && marker(&text.as_bytes()[at..]).is_none()).then_some((at, to))
}

/// `<name …>value<`.
fn element(text: &str, name: Name, start: usize, end: usize) -> Option<(usize, usize)> {
    let opens = text[..start].rfind('<')?;
    if name == Name::Perhaps || text[opens..start].contains([' ', '/', '>']) {
        return None;
    }
    let from = end
        + text[end..].find(['>', '<', '\n']).filter(|at| text[end + at..].starts_with('>'))?
        + 1;
    let to = from + text[from..].find('<').unwrap_or(text.len() - from);
    marker(&text.as_bytes()[from..]).is_none().then_some((from, to))
}

fn separator(text: &str) -> Option<&'static str> {
    let separator = ["=>", ":=", "%3D", "%3d", "%3A", "%3a", "=", ":"]
        .into_iter()
        .find(|s| text.starts_with(s))?;
    let after = &text[separator.len()..];
    // A comparison, or a path: `token == null`, `Type::token`.
    let is_other = matches!(separator, "=" | ":") && after.starts_with(separator);
    (!is_other).then_some(separator)
}

fn skip_spaces(text: &str, mut at: usize) -> usize {
    while let Some(space) = SPACES.iter().find(|space| text[at..].starts_with(**space)) {
        at += space.len();
    }
    at
}

/// The quote that stands here, with the backslashes in front of it.
fn quote_at(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let escapes = rest.len() - rest.trim_start_matches('\\').len();
    let quote = QUOTES.iter().find(|quote| rest[escapes..].starts_with(**quote))?;
    rest.get(..escapes + quote.len())
}

/// What stands between two equal quotes; all the rest when there is no second one.
fn quoted(text: &str, at: usize) -> Option<(usize, usize)> {
    // `b'…'` and `u'…'`.
    let prefix =
        usize::from(text[at..].starts_with(['b', 'u', 'r']) && quote_at(text, at + 1).is_some());
    let quote = quote_at(text, at + prefix)?;
    let from = at + prefix + quote.len();
    let mut to = from;
    while let Some(next) = text[to..].find(quote) {
        to += next;
        let escapes = text[from..to].bytes().rev().take_while(|b| *b == b'\\').count();
        if escapes % 2 == 0 {
            return Some((from, to));
        }
        to += quote.len();
    }
    Some((from, text.len()))
}

/// What stands between brackets.
fn listed(text: &str, name: Name, at: usize) -> Option<(usize, usize)> {
    let open = text[at..].chars().next()?;
    let close = match open {
        '[' => ']',
        '{' => '}',
        '(' => ')',
        _ => return None,
    };
    if name == Name::Perhaps {
        return None;
    }
    let from = at + 1;
    let to = text[from..].find(close).map_or(text.len(), |length| from + length);
    Some((from, to))
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r', '"', '<', '>']).map_or(text.len(), |length| at + length)
}

/// A value without quotes; of a whole line, with its spaces.
fn run(text: &str, at: usize, with_spaces: bool) -> usize {
    let ends = |(offset, c): &(usize, char)| {
        let rest = &text[at + offset..];
        matches!(
            c,
            ',' | ';' | '&' | '"' | '\'' | '`' | '<' | '>' | ')' | ']' | '}' | '|' | '\n' | '\r'
        ) || (!with_spaces && c.is_whitespace())
            || ["%26", "%22", "%27", "%20", "%2C", "\\\"", "\\n"]
                .iter()
                .any(|end| rest.starts_with(end))
    };
    let length = text[at..].char_indices().find(ends).map_or(text.len() - at, |(offset, _)| offset);
    at + text[at..at + length].trim_end().len()
}

/// `Token x`, `Basic x`, `x`: the name of the scheme stays.
fn credentials(text: &str, at: usize) -> Option<(usize, usize)> {
    let first = run(text, at, false);
    let scheme = text[at..first].to_ascii_lowercase();
    let second = skip_spaces(text, first);
    if [at, first, second].iter().any(|at| marker(&text.as_bytes()[*at..]).is_some()) {
        return None;
    }
    let has_second = second > first && run(text, second, false) > second;
    let (from, to) = match &*scheme {
        "digest" | "signature" | "aws4-hmac-sha256" => {
            (second, text[second..].find(['\n', '\r']).map_or(text.len(), |l| second + l))
        }
        known if has_second && SCHEMES.contains(&known) => (second, run(text, second, false)),
        _ if has_second => (at, run(text, second, false)),
        _ => (at, first),
    };
    Some((from, to))
}

/// Whether nothing but indentation stands in front.
fn begins_line(text: &str, start: usize) -> bool {
    let line = text[..start].rsplit(['\n', '\r']).next().unwrap_or_default();
    line.chars().all(|c| matches!(c, ' ' | '\t' | '-'))
}

/// Letters and digits mixed, or a very long word.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|b| is(&b));
    value.len() >= 20
        || (value.len() >= 8 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
}
