//! The one definition of a percentile.

/// Nearest rank: the value at `ceil(percent * n / 100)` of the sorted `values`, which get sorted.
/// `None` when there are none.
#[must_use]
pub fn percentile(values: &mut [u64], percent: u64) -> Option<u64> {
    values.sort_unstable();
    let count = u64::try_from(values.len()).ok()?;
    let rank = count.saturating_mul(percent).div_ceil(100).clamp(1, count.max(1));
    values.get(usize::try_from(rank - 1).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_never_invents_a_value() {
        assert_eq!(percentile(&mut [], 50), None);
        assert_eq!(percentile(&mut [7], 95), Some(7));
        assert_eq!(percentile(&mut [4, 1, 3, 2], 50), Some(2));
        assert_eq!(percentile(&mut [5, 1, 3, 2, 4], 50), Some(3));
        let mut hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentile(&mut hundred, 95), Some(95));
        assert_eq!(percentile(&mut hundred, 0), Some(1));
        assert_eq!(percentile(&mut hundred, 100), Some(100));
    }
}
