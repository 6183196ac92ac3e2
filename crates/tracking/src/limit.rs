//! How long each part of an event may be, in bytes of UTF-8. What the page records is cut to
//! these lengths; what a server receives beyond them is refused.

/// Component hash, name and interaction type.
pub const NAME: usize = 200;
/// `url` and `referrer`.
pub const URL: usize = 500;
pub const ERROR_MESSAGE: usize = 500;
pub const ERROR_STACK: usize = 2_000;
/// The JSON text of `details`.
pub const DETAILS: usize = 4_096;
/// A whole line. Loki's own limit is 262,144.
pub const LINE: usize = 16_384;

/// The longest beginning of `text` that fits into `max_bytes`, ending in `…` when something was cut.
#[must_use]
pub fn shorten(text: &str, max_bytes: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let room = max_bytes.saturating_sub(ELLIPSIS.len());
    let end = (0..=room).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let mut short = text[..end].to_owned();
    if max_bytes >= ELLIPSIS.len() {
        short.push_str(ELLIPSIS);
    }
    short
}

pub(crate) fn fit(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        *text = shorten(text, max_bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_shortened_text_fits_and_begins_as_the_original(text in ".{0,80}", max in 0_usize..90) {
            let short = shorten(&text, max);
            prop_assert!(short.len() <= max);
            prop_assert!(text.starts_with(short.trim_end_matches('…')) || text == short);
        }
    }
}
