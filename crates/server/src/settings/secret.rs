//! What nobody but the operator may read, and which texts can be such a secret.

use thiserror::Error;

/// Characters of a token that nobody guesses: 64 bits as hex digits.
const TOKEN_LENGTH: usize = 16;

/// A setting that has no flag.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Secret {
    ApiToken,
    LokiPassword,
}

/// What is wrong with a secret; never the secret itself.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SecretError {
    #[error("is blank: it has only spaces or line breaks; set it, or remove it")]
    Blank,
    #[error("has a control character in it, as a line break or a tab; remove it")]
    Control,
    #[error("begins or ends with a space; remove the space")]
    Padded,
    #[error("has a space in it; use letters, digits and signs only")]
    Space,
    #[error("has a character that is not ASCII; use letters, digits and signs only")]
    NotAscii,
    #[error("has a colon in it, which basic auth cannot send in a user name")]
    Colon,
    #[error(
        "is shorter than {TOKEN_LENGTH} characters and can be guessed; use for example what \
         `openssl rand -hex 32` prints"
    )]
    Weak,
}

impl Secret {
    pub const ALL: [Self; 2] = [Self::ApiToken, Self::LokiPassword];

    /// Its name in a file of settings.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ApiToken => "api-token",
            Self::LokiPassword => "loki-password",
        }
    }

    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::ApiToken => "CLM_API_TOKEN",
            Self::LokiPassword => "LOKI_PASSWORD",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|secret| secret.key() == key)
    }

    /// The secret that `text` holds. An empty text is no secret.
    ///
    /// # Errors
    /// When a header could not carry it, or when it can be guessed.
    pub fn read(self, text: &str) -> Result<Option<String>, SecretError> {
        let Some(secret) = without_line_end(text)? else { return Ok(None) };
        if self == Self::ApiToken {
            if secret.contains(' ') {
                return Err(SecretError::Space);
            }
            if !secret.is_ascii() {
                return Err(SecretError::NotAscii);
            }
            if secret.len() < TOKEN_LENGTH {
                return Err(SecretError::Weak);
            }
        }
        Ok(Some(secret.to_owned()))
    }
}

/// Who we are to Loki, without being secret: sent in a header as well.
///
/// # Errors
/// When a header could not carry it.
pub fn name(text: &str) -> Result<Option<String>, SecretError> {
    match without_line_end(text)? {
        Some(name) if !name.is_ascii() => Err(SecretError::NotAscii),
        name => Ok(name.map(str::to_owned)),
    }
}

/// Files and `echo` put a line break behind the last character: it is not part of the text.
fn without_line_end(text: &str) -> Result<Option<&str>, SecretError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.trim().is_empty() {
        return Err(SecretError::Blank);
    }
    let text = text.trim_end_matches(['\r', '\n']);
    if text.chars().any(char::is_control) {
        return Err(SecretError::Control);
    }
    if text.trim() != text {
        return Err(SecretError::Padded);
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "0123456789abcdef";

    #[test]
    fn a_line_break_at_the_end_is_no_part_of_a_secret() {
        for end in ["", "\n", "\r\n", "\n\n"] {
            let text = format!("{GOOD}{end}");
            for secret in Secret::ALL {
                assert_eq!(secret.read(&text), Ok(Some(GOOD.to_owned())), "{text:?}");
            }
            assert_eq!(name(&text), Ok(Some(GOOD.to_owned())), "{text:?}");
        }
        for secret in Secret::ALL {
            assert_eq!(secret.read(""), Ok(None));
        }
    }

    #[test]
    fn what_no_header_carries_or_anybody_guesses_is_refused() {
        use SecretError::{Blank, Control, NotAscii, Padded, Space, Weak};
        for (text, token, password) in [
            ("\n", Some(Blank), Some(Blank)),
            (" \t\r\n", Some(Blank), Some(Blank)),
            ("0123456789\nabcdef", Some(Control), Some(Control)),
            ("0123456789abcdef\t", Some(Control), Some(Control)),
            ("0123456789abcdef\u{0}", Some(Control), Some(Control)),
            ("0123456789abcdef\u{9b}", Some(Control), Some(Control)),
            (" 0123456789abcdef", Some(Padded), Some(Padded)),
            ("0123456789abcdef \n", Some(Padded), Some(Padded)),
            ("two words are here", Some(Space), None),
            ("0123456789abcde€", Some(NotAscii), None),
            ("a", Some(Weak), None),
            ("0123456789abcde", Some(Weak), None),
            (GOOD, None, None),
        ] {
            assert_eq!(Secret::ApiToken.read(text).err(), token, "{text:?}");
            assert_eq!(Secret::LokiPassword.read(text).err(), password, "{text:?}");
        }
    }
}
