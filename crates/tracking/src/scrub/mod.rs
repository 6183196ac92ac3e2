//! Takes out of error texts and URLs what tells who somebody is, or lets somebody in.
//!
//! A rule is data: what a secret stands after, which bytes belong to it, how many there are at least.
//! Bytes from 128 on count as letters, so a cut never falls into a character.

mod groups;
mod named;

use crate::limit::shorten;

/// What an operator adds to the rules. Upper and lower case are alike; a text that is empty or holds
/// `<` or `>` is ignored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Private {
    /// This text itself: a customer's name, an internal host.
    Text(String),
    /// Whatever follows this text, up to white space, a quote, `&`, `,` or `;`.
    After(String),
}

/// What stands in the place of a [`Private`] text.
const PRIVATE: &str = "<private>";

struct Rule<'a> {
    /// What the match begins with.
    after: &'a str,
    /// `after` stays in the text.
    keeps: bool,
    /// Only within a word: `path?x`, but not `why ?x`.
    in_word: bool,
    /// The bytes of the secret.
    run: fn(u8) -> bool,
    at_least: usize,
    /// A byte the secret must hold.
    has: Option<u8>,
    /// The byte that must follow.
    then: Option<u8>,
    /// A stack's `:line:column` behind the secret stays.
    keeps_place: bool,
    becomes: &'static str,
}

const RULE: Rule<'static> = Rule {
    after: "",
    keeps: true,
    in_word: false,
    run: value,
    at_least: 1,
    has: None,
    then: None,
    keeps_place: false,
    becomes: PRIVATE,
};

const QUERY: Rule<'static> = Rule { after: "?", becomes: "<query>", keeps_place: true, ..RULE };
const FRAGMENT: Rule<'static> = Rule { after: "#", becomes: "<fragment>", ..QUERY };
const TOKEN: Rule<'static> = Rule { run: token, becomes: BECOMES_TOKEN, ..RULE };

/// In the order they are applied: these first, then secrets by their [names](named), then the others.
const ADDRESSES: &[Rule<'static>] = &[
    Rule { after: "://", run: user, then: Some(b'@'), becomes: "<user>", ..RULE },
    Rule { in_word: true, run: url, ..QUERY },
    Rule { in_word: true, run: url, ..FRAGMENT },
    Rule { run: parameter, has: Some(b'='), ..QUERY },
    Rule { run: parameter, has: Some(b'='), ..FRAGMENT },
];

const OTHERS: &[Rule<'static>] = &[
    Rule { after: "bearer ", ..TOKEN },
    Rule { after: "bearer%20", ..TOKEN },
    Rule { after: "basic ", at_least: 12, ..TOKEN },
    // How every JSON web token begins: `{"` in base64.
    Rule { after: "eyj", keeps: false, at_least: 10, ..TOKEN },
    Rule { after: "private key-----", run: armoured, ..TOKEN },
    // Keys that say whose they are.
    Rule { after: "akia", keeps: false, run: word, at_least: 12, ..TOKEN },
    Rule { after: "ghp_", keeps: false, at_least: 20, ..TOKEN },
    Rule { after: "github_pat_", keeps: false, at_least: 20, ..TOKEN },
    Rule { after: "glpat-", keeps: false, at_least: 16, ..TOKEN },
    Rule { after: "sk_live_", keeps: false, at_least: 12, ..TOKEN },
    Rule { after: "xoxb-", keeps: false, at_least: 12, ..TOKEN },
    Rule { after: "xoxp-", keeps: false, at_least: 12, ..TOKEN },
    Rule { after: "@", run: host, becomes: EMAIL, ..RULE },
    Rule { after: "%40", run: host, becomes: EMAIL, ..RULE },
    Rule { run: digit, at_least: 7, becomes: NUMBER, ..RULE },
];

const PASSES: usize = 4;
const NUMBER: &str = "<number>";
const BECOMES_TOKEN: &str = "<token>";

/// The rules with this outcome also take the local part in front.
const EMAIL: &str = "<email>";

fn digit(b: u8) -> bool {
    b.is_ascii_digit()
}

fn letter(b: u8) -> bool {
    b.is_ascii_alphabetic() || b >= 128
}

fn word(b: u8) -> bool {
    letter(b) || digit(b)
}

fn host(b: u8) -> bool {
    word(b) || b == b'.' || b == b'-'
}

fn local_part(b: u8) -> bool {
    host(b) || matches!(b, b'_' | b'+' | b'%')
}

fn token(b: u8) -> bool {
    local_part(b) || matches!(b, b'~' | b'/' | b'=')
}

/// The text of a key between its lines.
fn armoured(b: u8) -> bool {
    token(b) && b != b'-' || matches!(b, b' ' | b'\n' | b'\r' | b'\\')
}

fn url(b: u8) -> bool {
    b > b' ' && !matches!(b, b'"' | b'`' | b'<' | b'>' | 127)
}

fn user(b: u8) -> bool {
    parameter(b) && b != b'/' && b != b'@'
}

fn parameter(b: u8) -> bool {
    url(b) && b != b'?' && b != b'#'
}

fn value(b: u8) -> bool {
    url(b) && !matches!(b, b'\'' | b'&' | b',' | b';')
}

/// `text` without its secrets, in at most `max_bytes`. Scrubbing twice changes nothing.
#[must_use]
pub fn scrub(text: &str, extra: &[Private], max_bytes: usize) -> String {
    let mut text = beginning(text, max_bytes.saturating_mul(4)).to_owned();
    let extra = extra.iter().map(|private| match private {
        Private::Text(after) => Rule { after, keeps: false, at_least: 0, run: |_| false, ..RULE },
        Private::After(after) => Rule { after, ..RULE },
    });
    let extra = extra.filter(|rule| !rule.after.is_empty() && !rule.after.contains(['<', '>']));
    for rule in extra {
        rule.apply(&mut text);
    }
    // What one rule takes out may bring a name and its secret together for another.
    for _ in 0..PASSES {
        let before = text.clone();
        take_out(&mut text);
        if text == before {
            break;
        }
    }
    shorten(&text, max_bytes)
}

fn take_out(text: &mut String) {
    for rule in ADDRESSES {
        rule.apply(text);
    }
    named::scrub_named(text);
    groups::scrub_groups(text, NUMBER);
    for rule in OTHERS {
        rule.apply(text);
    }
}

/// A page's address: scheme, host and path, scrubbed.
#[must_use]
pub fn scrub_url(url: &str, extra: &[Private], max_bytes: usize) -> String {
    scrub(url.split(['?', '#']).next().unwrap_or_default(), extra, max_bytes)
}

/// Enough of a huge text; ends between words, for half a secret is not recognised as one.
fn beginning(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let cut = (0..=max_bytes).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let text = &text[..cut];
    text.rfind(char::is_whitespace).map_or(text, |at| &text[..at])
}

impl Rule<'_> {
    fn apply(&self, text: &mut String) {
        let bytes = text.as_bytes();
        let mut scrubbed = String::new();
        let (mut at, mut copied) = (0, 0);
        while at < bytes.len() {
            if let Some(length) = marker(&bytes[at..]) {
                at += length;
            } else if let Some((from, to)) = self.secret(bytes, at, copied) {
                scrubbed.push_str(&text[copied..from]);
                scrubbed.push_str(self.becomes);
                (at, copied) = (to, to);
            } else {
                at += 1;
            }
        }
        if copied > 0 {
            scrubbed.push_str(&text[copied..]);
            *text = scrubbed;
        }
    }

    /// Where the secret of a match that begins at `at` lies; before `done` nothing may be taken.
    fn secret(&self, bytes: &[u8], at: usize, done: usize) -> Option<(usize, usize)> {
        let run_at = at + self.after.len();
        if !bytes.get(at..run_at)?.eq_ignore_ascii_case(self.after.as_bytes()) {
            return None;
        }
        if self.in_word && !at.checked_sub(1).is_some_and(|before| url(bytes[before])) {
            return None;
        }
        let length = bytes[run_at..].iter().take_while(|b| (self.run)(**b)).count();
        let run = &bytes[run_at..run_at + length];
        let rest = if self.keeps_place { without_place(run) } else { run };
        let end = run_at + rest.len();
        if rest.len() < self.at_least
            || self.has.is_some_and(|byte| !rest.contains(&byte))
            || self.then.is_some_and(|byte| bytes.get(end) != Some(&byte))
        {
            return None;
        }
        if self.becomes == EMAIL {
            let local = bytes[done..at].iter().rev().take_while(|b| local_part(**b)).count();
            let has_domain = run.windows(3).any(|w| w[0] == b'.' && letter(w[1]) && letter(w[2]));
            return (local > 0 && has_domain).then_some((at - local, end));
        }
        Some((if self.keeps { run_at } else { at }, end))
    }
}

/// What an earlier rule, or an earlier scrubbing, has put in the place of a secret.
fn marker(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'<') {
        return None;
    }
    let mut markers = ADDRESSES.iter().chain(OTHERS).map(|rule| rule.becomes).chain([PRIVATE]);
    markers.find(|marker| bytes.starts_with(marker.as_bytes())).map(str::len)
}

/// `run` without closing punctuation and up to two `:number` at its end.
fn without_place(run: &[u8]) -> &[u8] {
    let mut rest = run;
    while let [before @ .., b')' | b']' | b'}' | b'\'' | b',' | b';' | b'.' | b':'] = rest {
        rest = before;
    }
    for _ in 0..2 {
        let digits = rest.iter().rev().take_while(|b| digit(**b)).count();
        match &rest[..rest.len() - digits] {
            [before @ .., b':'] if (1..7).contains(&digits) => rest = before,
            _ => break,
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn what_tells_who_or_lets_in_is_taken_out_and_the_rest_stays() {
        for (text, scrubbed) in [
            // Nothing to hide.
            ("", ""),
            ("TypeError: x is not a function", "TypeError: x is not a function"),
            ("Why? Because.", "Why? Because."),
            ("a ? b : c", "a ? b : c"),
            ("Unexpected token '?'", "Unexpected token '?'"),
            ("private member #x", "private member #x"),
            ("HTTP 404 after 123456 ms", "HTTP 404 after 123456 ms"),
            ("yew@0.23.0 at me@work", "yew@0.23.0 at me@work"),
            ("f@http://localhost:8080/app.js:10:5", "f@http://localhost:8080/app.js:10:5"),
            // Query strings and fragments.
            ("GET http://x.org/a?token=1&b=2 failed", "GET http://x.org/a?<query> failed"),
            ("see /a/b?id=5#top now", "see /a/b?<query> now"),
            ("http://x.org/#access_token=abc", "http://x.org/#<fragment>"),
            ("http://x.org/#/user/jo", "http://x.org/#<fragment>"),
            ("search was '?q=jo%20doe'", "search was '?<query>'"),
            ("hash was #code=1", "hash was #<fragment>"),
            ("?a[]=1&b=(x)y", "?<query>"),
            (
                "at f (http://x.org/a.js?v=3:10:5)\n at g (http://x.org/b.js:7:1)",
                "at f (http://x.org/a.js?<query>:10:5)\n at g (http://x.org/b.js:7:1)",
            ),
            // Users and passwords in URLs.
            ("https://jo:pw@x.org/a", "https://<user>@x.org/a"),
            ("https://jo@localhost", "https://<user>@localhost"),
            // Mail addresses.
            ("no account jo.doe+x@mail.example.org.", "no account <email>"),
            ("<jo@example.org>", "<<email>>"),
            ("mailto:jo@example.org,al@example.com", "mailto:<email>,<email>"),
            ("jürgen@bücher.example", "<email>"),
            ("user jo%40example.org", "user <email>"),
            ("1234567@example.org", "<email>"),
            // Tokens.
            ("Authorization: Bearer abc.DEF-123", "Authorization: Bearer <token>"),
            ("bearer%20abc", "bearer%20<token>"),
            ("authorization: basic am86c2VjcmV0cw==", "authorization: basic <token>"),
            ("a basic idea", "a basic idea"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x-Y_z", "jwt <token>"),
            ("access_token=abc, next", "access_token=<token>, next"),
            (r#"{"apiKey":"k-1","n":1}"#, r#"{"apiKey":"<token>","n":1}"#),
            (r#"{"password":"p w"}"#, r#"{"password":"<token>"}"#),
            // What only looks like a name, or like a secret.
            ("Unexpected token: }", "Unexpected token: }"),
            ("Duplicate key: color", "Duplicate key: color"),
            ("monkey: banana", "monkey: banana"),
            ("secretary: Jo", "secretary: Jo"),
            ("token == null, Lexer::token", "token == null, Lexer::token"),
            ("password is wrong", "password is wrong"),
            ("state: loading, retries: 3", "state: loading, retries: 3"),
            ("on 2026-11-27 at 19:49:31.123", "on 2026-11-27 at 19:49:31.123"),
            ("HTTP 404, 500 and 503 after 120 ms", "HTTP 404, 500 and 503 after 120 ms"),
            ("version 1.2.3-4 of 192.168.100.200", "version 1.2.3-4 of 192.168.100.200"),
            // Long numbers.
            ("card 4111 1111 1111 1111 refused", "card <number> refused"),
            ("card 4111-1111-1111-1111", "card <number>"),
            ("3782 822463 10005", "<number>"),
            ("6304\u{a0}0000\u{a0}0000\u{a0}0000", "<number>"),
            ("DE89 3704 0044 0532 0130 00", "DE89 <number>"),
            ("card 4111111111111111 refused", "card <number> refused"),
            ("order-1234567x", "order-<number>x"),
            // What is gone stays gone.
            ("a?<query> b <email> <number>", "a?<query> b <email> <number>"),
        ] {
            assert_eq!(scrub(text, &[], 500), scrubbed, "{text}");
        }
    }

    #[test]
    fn a_secret_behind_its_name_goes_however_it_is_written() {
        for text in [
            r#"login failed: {"password": "hunter2", "api_token": "abc123"}"#,
            "{'secret': 'hunter2'}",
            "X-Api-Key: hunter2",
            "Authorization: Token hunter2",
            "authorization: hunter2",
            "Authorization: Custom hunter2 failed",
            "Authorization: Digest username=\"hunter2\", realm=\"abc123\"",
            r#"{"password":"two hunter2 words"}"#,
            r#"{"password" : "hunter2"}"#,
            "{\"password\":\n    \"hunter2\"\n}",
            r#"{"data":"{\"password\":\"hunter2 two\"}"}"#,
            r#"{"passwords": ["hunter2", "abc123"]}"#,
            r#"{"newPassword":"hun\"ter2 hunter2"}"#,
            r#"{ password: "hunter2" }"#,
            "{ password: hunter2 }",
            "password: hunter2\nuser: jo",
            "  db_password: hunter2 and words",
            "password=hunter2&user=jo",
            "password%3Dhunter2%26user%3Djo",
            "%7B%22password%22%3A%22hunter2%20two%22%7D",
            "<password>hunter2 two</password>",
            "<ns:apiKey type=\"x\">hunter2</ns:apiKey>",
            "&quot;secret&quot;:&quot;hunter2&quot;",
            ":password=>\"hunter2\"",
            "'password' => 'hunter2'",
            "$_POST['password'] = 'hunter2'",
            "PGPASSWORD=hunter2 psql",
            "--password hunter2",
            "--api-key=hunter2",
            "API key: hunter2",
            "client secret = hunter2",
            "invalid password 'hunter2' for jo",
            "{Password:hunter2 Name:jo}",
            "sessionId=hunter2;",
            "Cookie: a=hunter2; b=abc123",
            "Set-Cookie: sid=hunter2; Path=/",
            "x-auth-token: hunter2",
            "accessToken: 'hunter2'",
            "{'token': b'hunter2'}",
            "token: a1b2c3hunter2",
            r#"{"token": "hunter2"}"#,
            "pin: 1234hunter2",
            "AWS_SECRET_ACCESS_KEY=hunter2",
            "secret := \"hunter2\"",
            concat!(
                "-----BEGIN RSA PRIVATE ",
                "KEY-----\nhunter2abc123\n-----END RSA PRIVATE KEY-----"
            ),
        ] {
            let scrubbed = scrub(text, &[], 500);
            assert!(
                !scrubbed.contains("hunter2") && !scrubbed.contains("abc123"),
                "{text} -> {scrubbed}"
            );
            assert!(scrubbed.contains("<token>"), "{text} -> {scrubbed}");
            assert_eq!(scrub(&scrubbed, &[], 500), scrubbed, "{text}");
        }
    }

    #[test]
    fn what_stands_around_a_named_secret_stays() {
        for (text, scrubbed) in [
            (
                r#"login failed: {"password": "hunter2", "user": "jo"}"#,
                r#"login failed: {"password": "<token>", "user": "jo"}"#,
            ),
            ("X-Api-Key: hunter2\nAccept: a/b", "X-Api-Key: <token>\nAccept: a/b"),
            ("Authorization: Token hunter2 refused", "Authorization: Token <token> refused"),
            ("<password>two words</password> refused", "<password><token></password> refused"),
            ("bad password=x, user=jo", "bad password=<token>, user=jo"),
        ] {
            assert_eq!(scrub(text, &[], 500), scrubbed);
        }
    }

    #[test]
    fn an_operator_adds_texts_and_prefixes() {
        let extra = [
            Private::Text("ACME Corp".into()),
            Private::After("customer ".into()),
            Private::Text(String::new()),
            Private::After("<".into()),
        ];
        assert_eq!(
            scrub("Acme corp: customer Jo;Doe, <b> wins", &extra, 500),
            "<private>: customer <private>;Doe, <b> wins"
        );
    }

    #[test]
    fn an_address_is_scheme_host_and_path() {
        for (address, kept) in [
            ("http://x.org/a/b?t=1#/c", "http://x.org/a/b"),
            (
                "https://jo:pw@x.org/u/jo@example.org/12345678/",
                "https://<user>@x.org/u/<email>/<number>/",
            ),
            ("", ""),
        ] {
            assert_eq!(scrub_url(address, &[], 500), kept);
        }
    }

    #[test]
    fn a_cut_leaves_no_half_secret() {
        let text = format!("see http://x.org/?{} 1234567 end", "q".repeat(1_970));
        for max in 480..520 {
            assert!(!scrub(&text, &[], max).contains("123"), "{max}");
        }
    }

    fn telling() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("?".to_owned()),
            Just("#".to_owned()),
            Just("://".to_owned()),
            Just("@".to_owned()),
            Just("%40".to_owned()),
            Just("Bearer ".to_owned()),
            Just("eyJ".to_owned()),
            Just("token=".to_owned()),
            Just("\"password\": \"".to_owned()),
            Just("<secret>".to_owned()),
            Just("Authorization: Token ".to_owned()),
            Just("--api-key ".to_owned()),
            Just("'pwd':'".to_owned()),
            Just("Cookie: ".to_owned()),
            Just("%22pin%22%3A%22".to_owned()),
            Just("\\\"jwt\\\":\\\"".to_owned()),
            Just("4111 1111 ".to_owned()),
            Just("\n".to_owned()),
            Just("{".to_owned()),
            Just("]".to_owned()),
            Just(".org".to_owned()),
            Just("<query>".to_owned()),
            Just(":10:5)".to_owned()),
            Just(" ".to_owned()),
            "[0-9]{1,9}",
            "[a-z.=<>'\"ü]{1,6}",
            ".{0,4}",
        ];
        vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    fn private() -> impl Strategy<Value = Private> {
        let text = "[a-z?@=<ü0-9 ]{0,3}|.{0,3}|query|private|org";
        prop_oneof![text.prop_map(Private::Text), text.prop_map(Private::After)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]
        #[test]
        fn scrubbing_twice_changes_nothing(text in telling(), extra in vec(private(), 0..3)) {
            let once = scrub(&text, &extra, 10_000);
            prop_assert_eq!(scrub(&once, &extra, 10_000), once);
        }

        #[test]
        fn any_text_is_scrubbed_within_the_bound(text in ".*", extra in vec(private(), 0..3), max in 0_usize..300) {
            prop_assert!(scrub(&text, &extra, max).len() <= max);
            prop_assert!(scrub_url(&text, &extra, max).len() <= max);
        }

        #[test]
        fn no_mail_address_bearer_token_or_long_number_is_left(
            text in telling(), name in "[a-z]{3,8}", number in "[0-9]{7,20}"
        ) {
            let whole = format!("{text} {name}@mail.{name}.org Bearer t0k{name} {number} {text}");
            let scrubbed = scrub(&whole, &[], 10_000);
            let (mail, bearer) = (format!("{name}@"), format!("t0k{name}"));
            for secret in [&mail, &bearer, &number] {
                prop_assert!(!scrubbed.contains(secret.as_str()), "{}", scrubbed);
            }
        }
    }
}
