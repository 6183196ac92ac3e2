//! How often the same error is told: the first few times, then now and then with a count.

use crate::event::{Component, ErrorKind};

/// So many of one kind are recorded at once ...
const FIRST: u32 = 10;
/// ... then one in this time.
const EVERY_MS: u64 = 10_000;
/// Kinds remembered; beyond, the one not seen for the longest is forgotten.
const KINDS: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Repeats {
    kinds: Vec<Kind>,
    /// Suppressed errors of kinds that were forgotten.
    forgotten: u64,
}

#[derive(Debug)]
struct Kind {
    key: u64,
    told: u32,
    told_mono_ms: u64,
    seen_mono_ms: u64,
    suppressed: u64,
}

impl Repeats {
    /// `Some` when this one is to be told, with how many of its kind were not told before it.
    pub fn admit(
        &mut self,
        component: &Component,
        kind: ErrorKind,
        message: &str,
        mono_ms: u64,
    ) -> Option<u64> {
        let key = fingerprint(&[&component.hash, kind.as_str(), message]);
        let Some(kind) = self.kinds.iter_mut().find(|kind| kind.key == key) else {
            self.make_room();
            let (told_mono_ms, seen_mono_ms) = (mono_ms, mono_ms);
            self.kinds.push(Kind { key, told: 1, told_mono_ms, seen_mono_ms, suppressed: 0 });
            return Some(0);
        };
        kind.seen_mono_ms = mono_ms;
        if kind.told >= FIRST && mono_ms.saturating_sub(kind.told_mono_ms) < EVERY_MS {
            kind.suppressed += 1;
            return None;
        }
        kind.told = kind.told.saturating_add(1);
        kind.told_mono_ms = mono_ms;
        Some(std::mem::take(&mut kind.suppressed))
    }

    fn make_room(&mut self) {
        if self.kinds.len() < KINDS {
            return;
        }
        let oldest = (0..self.kinds.len()).min_by_key(|at| self.kinds[*at].seen_mono_ms);
        if let Some(oldest) = oldest {
            self.forgotten += self.kinds.swap_remove(oldest).suppressed;
        }
    }

    /// Suppressed errors that no later one of their kind has told of.
    pub fn take_untold(&mut self) -> u64 {
        let untold = self.kinds.iter_mut().map(|kind| std::mem::take(&mut kind.suppressed));
        untold.sum::<u64>() + std::mem::take(&mut self.forgotten)
    }
}

/// FNV-1a, with a byte between the parts that no text holds.
fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(repeats: &mut Repeats, message: &str, mono_ms: u64) -> Option<u64> {
        repeats.admit(&Component::new("a", "A"), ErrorKind::Exception, message, mono_ms)
    }

    #[test]
    fn ten_are_told_then_one_in_ten_seconds_with_the_count_of_the_others() {
        let mut repeats = Repeats::default();
        let told: Vec<_> =
            (0..300).filter_map(|n| Some((n, admit(&mut repeats, "x", n * 100)?))).collect();
        let first = (0..10).map(|n| (n, 0));
        assert_eq!(told, first.chain([(109, 99), (209, 99)]).collect::<Vec<_>>());
        assert_eq!(repeats.take_untold(), 90);
        assert_eq!(repeats.take_untold(), 0);
    }

    #[test]
    fn another_message_component_or_kind_counts_for_itself() {
        let mut repeats = Repeats::default();
        (0..20).for_each(|n| _ = admit(&mut repeats, "x", n));
        assert_eq!(admit(&mut repeats, "y", 20), Some(0));
        let b = Component::new("b", "A");
        assert_eq!(repeats.admit(&b, ErrorKind::Exception, "x", 20), Some(0));
        let a = Component::new("a", "A");
        assert_eq!(repeats.admit(&a, ErrorKind::Reported, "x", 20), Some(0));
        assert_eq!(admit(&mut repeats, "x", 20), None);
    }

    #[test]
    fn memory_is_bounded_and_forgotten_counts_are_not_lost() {
        let mut repeats = Repeats::default();
        (0..15).for_each(|n| _ = admit(&mut repeats, "often", n));
        (0..1_000).for_each(|n| _ = admit(&mut repeats, &format!("m{n}"), 20 + n));
        assert_eq!(repeats.kinds.len(), KINDS);
        assert_eq!(repeats.take_untold(), 5);
    }
}
