//! What a search takes to be the same letters: `İstanbul` and `istanbul`, `Café` however it is stored, `STRASSE` and
//! `Straße`. The page's list, its palette and the search over sessions fold both sides by this one rule.

/// Folds a text that is already decomposed (Unicode's NFKD): the page has its browser do that, the server a
/// library, for the tables of it weigh more than the rest of a page.
///
/// Case goes, accents and other marks of letters go, invisible characters go. Letters that Unicode does not take
/// apart become what people type for them (`ß`, `ı`, `ς`, `ø`, `ł`). Vowel signs of Indic scripts and the marks
/// of Japanese stay: without them it would be another word.
#[must_use]
pub fn fold(decomposed: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    for c in decomposed.filter(|c| !is_mark(*c)).flat_map(char::to_lowercase) {
        match plain(c) {
            Some(text) => folded.push_str(text),
            // What lower case has added.
            None if is_mark(c) => {}
            None => folded.push(c),
        }
    }
    folded
}

/// Marks over and under letters, points of Hebrew and Arabic, and what is not seen at all.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f
        | 0x0483..=0x0489
        | 0x0591..=0x05bd | 0x05bf | 0x05c1..=0x05c2 | 0x05c4..=0x05c5 | 0x05c7
        | 0x0610..=0x061a | 0x0640 | 0x064b..=0x065f | 0x0670 | 0x06d6..=0x06dc
        | 0x00ad | 0x061c | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2069
        | 0xfe00..=0xfe0f | 0xfeff)
}

/// What is typed for a letter or a sign that has no decomposition.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ı' => "i",
        'ß' => "ss",
        'ς' => "σ",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        '‘' | '’' => "'",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        _ => return None,
    })
}
