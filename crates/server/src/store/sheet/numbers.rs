//! Whole numbers as bytes: seven bits in each, the lowest first, the eighth says that more follow.

/// Adds `value` to `out`.
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Small differences become small numbers, whichever way they go.
pub fn signless(difference: i64) -> u64 {
    (difference.cast_unsigned() << 1) ^ (difference >> 63).cast_unsigned()
}

pub fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The numbers in some bytes; ends at the first that is not whole.
#[derive(Clone)]
pub struct Numbers<'a>(pub &'a [u8]);

impl<'a> Numbers<'a> {
    /// The next `length` bytes as they are.
    pub fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }
}

impl Iterator for Numbers<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        if byte < 0x80 {
            return Some(u64::from(byte));
        }
        let mut value = u64::from(byte & 0x7f);
        for shift in (7..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let all = [0, 1, 127, 128, 300, 1 << 21, 1 << 63, u64::MAX];
        let mut bytes = Vec::new();
        all.iter().for_each(|&number| put(&mut bytes, number));
        assert_eq!(Numbers(&bytes).collect::<Vec<_>>(), all);
        for difference in [0, 1, -1, 63, -64, i64::MAX, i64::MIN] {
            assert_eq!(signed(signless(difference)), difference);
        }
        assert!(signless(-64) < 128);
    }

    #[test]
    fn what_is_cut_short_is_no_number() {
        assert_eq!(Numbers(&[0x80]).next(), None);
        assert_eq!(Numbers(&[0xff; 11]).next(), None);
        assert_eq!(Numbers(&[5]).bytes(2), None);
    }
}
