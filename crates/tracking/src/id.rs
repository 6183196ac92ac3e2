//! Who and which: identifiers that are valid by construction.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a text is not the identifier it claims to be.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum InvalidId {
    #[error("event_id must be 32 lower-case hex digits")]
    Event,
    #[error("user_id must be 64 lower-case hex digits")]
    User,
    #[error("session_id must be session_<start ms>_<hex digits>")]
    Session,
    #[error("the stored secret must be 32 lower-case hex digits")]
    Secret,
}

/// 128 random bits that name one event for ever: a retry carries the same ones.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventId(pub u128);

impl EventId {
    /// # Errors
    /// When `text` is not 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        hex_u128(text).map(Self).ok_or(InvalidId::Event)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0.to_be_bytes()))
    }
}

/// 128 random bits that never leave the browser. Who knows it is the user.
#[derive(Clone, Eq, PartialEq)]
pub struct UserSecret(u128);

impl UserSecret {
    #[must_use]
    pub fn new(random: u128) -> Self {
        Self(random)
    }

    /// # Errors
    /// When `text` is not 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        hex_u128(text).map(Self).ok_or(InvalidId::Secret)
    }

    /// The form in which the browser keeps it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0.to_be_bytes())
    }

    /// SHA-256 over the hex form, so that the same id can be computed anywhere from what is stored.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        UserId(hex(&Sha256::digest(self.to_hex().as_bytes())).into())
    }
}

impl fmt::Debug for UserSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserSecret(..)")
    }
}

/// The SHA-256 of a [`UserSecret`], 64 hex digits: tells users apart without knowing who they are.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserId(Arc<str>);

impl UserId {
    /// # Errors
    /// When `text` is not 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if text.len() == 64 && text.bytes().all(is_hex) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId::User)
        }
    }

    /// The SHA-256 of what another client calls a user.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self(hex(&Sha256::digest(name.as_bytes())).into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `session_<start ms>_<16 hex digits>`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SessionId(Arc<str>);

impl SessionId {
    #[must_use]
    pub fn new(started_ms: u64, random: u128) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = random.to_be_bytes();
        let digits = hex(&[a, b, c, d, e, f, g, h]);
        Self(format!("session_{started_ms}_{digits}").into())
    }

    /// # Errors
    /// When `text` is not `session_<digits>_<4 to 32 lower-case hex digits>`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix("session_")
            .and_then(|rest| rest.split_once('_'))
            .filter(|(ms, random)| {
                (1..=15).contains(&ms.len())
                    && ms.bytes().all(|b| b.is_ascii_digit())
                    && (4..=32).contains(&random.len())
                    && random.bytes().all(is_hex)
            })
            .map(|_| Self(text.into()))
            .ok_or(InvalidId::Session)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! serde_as_text {
    ($type:ident, $show:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[allow(clippy::redundant_closure_call)]
                serializer.serialize_str(&($show)(self))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                $type::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

serde_as_text!(EventId, |id: &EventId| id.to_string());
serde_as_text!(UserId, |id: &UserId| id.0.to_string());
serde_as_text!(SessionId, |id: &SessionId| id.0.to_string());

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}

fn hex_u128(text: &str) -> Option<u128> {
    if text.len() != 32 || !text.bytes().all(is_hex) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}

/// Faster and smaller than `format!("{:x}")`, which is felt at one id per event.
pub(crate) fn hex_digits(b: u8) -> [u8; 2] {
    [b >> 4, b & 15].map(|n| if n < 10 { b'0' + n } else { b'a' + n - 10 })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| hex_digits(*b)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_is_the_sha256_of_the_secret_as_hex() {
        let secret = UserSecret::parse("00112233445566778899aabbccddeeff").unwrap();
        // printf 00112233445566778899aabbccddeeff | sha256sum
        assert_eq!(
            secret.user_id().as_str(),
            "5947d7c33d783f94b3b4c1a96ebc8991ed28f1b069b71e03376cba8caa98a720"
        );
    }

    #[test]
    fn ids_survive_a_round_trip_and_nothing_else_parses() {
        let event = EventId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
        assert_eq!(EventId::parse(&event.to_string()), Ok(event));
        let session = SessionId::new(1_764_000_000_000, u128::MAX);
        assert_eq!(session.as_str(), "session_1764000000000_ffffffffffffffff");
        assert_eq!(SessionId::parse(session.as_str()), Ok(session));
        for bad in
            ["", "+0000000000000000000000000000000", "ABCD", &"g".repeat(32), &"0".repeat(33)]
        {
            assert!(EventId::parse(bad).is_err(), "{bad}");
            assert!(UserId::parse(bad).is_err(), "{bad}");
            assert!(SessionId::parse(bad).is_err(), "{bad}");
        }
        for bad in ["session_", "session_1_", "session__abcd", "session_1_xyz1", "session_1_abcd\""]
        {
            assert!(SessionId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", UserSecret::new(7)), "UserSecret(..)");
    }
}
