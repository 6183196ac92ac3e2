//! Long numbers that are written in groups, as on a card: `4111 1111 1111 1111`, `3782-822463-10005`.

use super::marker;

/// Digits of all groups together, as the shortest card has them.
const AT_LEAST: usize = 13;
/// Shorter groups are dates, versions and the like. The last one may be shorter.
const GROUP: std::ops::RangeInclusive<usize> = 3..=6;

pub fn scrub_groups(text: &mut String, becomes: &str) {
    let bytes = text.as_bytes();
    let mut scrubbed = String::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if let Some(length) = marker(&bytes[at..]) {
            at += length;
        } else if bytes[at].is_ascii_digit() {
            let (end, digits) = groups(bytes, at);
            if digits >= AT_LEAST {
                scrubbed.push_str(&text[copied..at]);
                scrubbed.push_str(becomes);
                copied = end;
            }
            at = end;
        } else {
            at += 1;
        }
    }
    if copied > 0 {
        scrubbed.push_str(&text[copied..]);
        *text = scrubbed;
    }
}

/// Where the groups that begin at `at` end, and how many digits they have; of a single run, that one.
fn groups(bytes: &[u8], at: usize) -> (usize, usize) {
    let run = |at: usize| bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let first = run(at);
    let (mut end, mut digits, mut count, mut latest) = (at + first, first, 1, first);
    while GROUP.contains(&latest) {
        let gap = gap(&bytes[end..]);
        let next = run((end + gap).min(bytes.len()));
        if gap == 0 || next == 0 || next > *GROUP.end() {
            break;
        }
        (end, digits, count, latest) = (end + gap + next, digits + next, count + 1, next);
    }
    // One run is another rule's.
    if count < 3 { (at + first, 0) } else { (end, digits) }
}

/// Bytes of one blank, dash or no-break space; 0 when there is none.
fn gap(bytes: &[u8]) -> usize {
    match bytes {
        [b' ' | b'-', ..] => 1,
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x90..=0x94 | 0xaf, ..] => 3,
        _ => 0,
    }
}
