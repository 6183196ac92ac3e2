//! When to try again.

/// First ceiling of the random wait.
const BASE_MS: u64 = 1_000;
/// Last ceiling: a page that is open all day asks once a minute at most.
const CAP_MS: u64 = 60_000;
/// A wait is never shorter, so that full jitter cannot hammer.
const FLOOR_MS: u64 = 250;
/// With wrong credentials only a change on the other side helps: 5 min.
pub const HOLD_MS: u64 = 5 * 60 * 1000;

/// Exponential backoff with full jitter: anything up to 1 s x 2^(failures - 1), capped.
#[must_use]
pub fn wait_ms(failures: u32, random: u128) -> u64 {
    let ceiling = BASE_MS.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(CAP_MS);
    FLOOR_MS + below(ceiling - FLOOR_MS + 1, random)
}

/// A little extra after a Retry-After, so that clients told the same do not return together.
#[must_use]
pub fn after_retry_after_ms(retry_after_ms: u64, random: u128) -> u64 {
    retry_after_ms + 50 + below(retry_after_ms / 4 + 200, random)
}

fn below(bound: u64, random: u128) -> u64 {
    // 64 of the bits are enough, and their remainder is a page's own instruction.
    (random >> 64) as u64 % bound.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_stays_between_floor_and_a_growing_ceiling(failures in 1_u32..1000, random: u128) {
            let wait = wait_ms(failures, random);
            prop_assert!((FLOOR_MS..=CAP_MS).contains(&wait));
            prop_assert!(wait <= BASE_MS << failures.saturating_sub(1).min(16));
        }

        #[test]
        fn a_retry_after_is_never_cut_short(asked in 0_u64..1_000_000, random: u128) {
            prop_assert!(after_retry_after_ms(asked, random) > asked);
        }
    }
}
