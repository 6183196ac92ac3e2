//! Who asks.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;
use thiserror::Error;
use tracking::{UserId, UserSecret};

use crate::web::error;

/// The secret as the browser keeps it: 32 lower-case hex digits.
const SECRET: &str = "x-clm-user-secret";
/// Optional: the id that the secret is meant to prove.
const USER: &str = "x-clm-user-id";

#[derive(Debug, Error, PartialEq)]
pub enum Refusal {
    #[error("this needs the header X-CLM-User-Secret with the secret of your browser")]
    Missing,
    #[error("the header X-CLM-User-Secret must be there once, with 32 lower-case hex digits")]
    NoSecret,
    #[error("the secret does not belong to the user in the header X-CLM-User-Id")]
    OtherUser,
    #[error("nothing belongs behind a ? here; a secret in an address ends up in logs")]
    Query,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Missing => StatusCode::UNAUTHORIZED,
            Self::OtherUser => StatusCode::FORBIDDEN,
            Self::NoSecret | Self::Query => StatusCode::BAD_REQUEST,
        };
        error(status, &self.to_string())
    }
}

pub fn user(request: &Request) -> Result<UserId, Refusal> {
    if request.uri().query().is_some() {
        return Err(Refusal::Query);
    }
    let headers = request.headers();
    let secret = once(headers, SECRET)?.ok_or(Refusal::Missing)?;
    let secret = str::from_utf8(secret).map_err(|_| Refusal::NoSecret)?;
    let user = of_client(secret)
        .map_or_else(|| UserSecret::parse(secret).map(|secret| secret.user_id()), Ok)
        .map_err(|_| Refusal::NoSecret)?;
    match once(headers, USER)? {
        Some(claimed) if !bool::from(claimed.ct_eq(user.as_str().as_bytes())) => {
            Err(Refusal::OtherUser)
        }
        _ => Ok(user),
    }
}

/// A client as in the design text (`POST /api/analytics`) has no secret but the random name that it gave its
/// user, of which we keep the SHA-256 only.
fn of_client(text: &str) -> Option<UserId> {
    let random = text.strip_prefix("user_")?;
    let is_random = (8..=64).contains(&random.len())
        && random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    is_random.then(|| UserId::of_name(text))
}

fn once<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.as_bytes());
    if values.next().is_some() { Err(Refusal::NoSecret) } else { Ok(first) }
}
