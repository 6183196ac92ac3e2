//! Texts as a search compares them.

use unicode_normalization::UnicodeNormalization;

/// By the rule that the page searches with too: see [`insights::fold`].
#[must_use]
pub fn folded(text: &str) -> String {
    insights::fold(text.nfkd())
}
