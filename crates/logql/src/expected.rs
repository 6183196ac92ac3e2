//! What the registry expects of a component's load time.

use std::collections::BTreeMap;

use crate::scope::literal;

/// A load is far beyond its expectation from this many times on.
pub const SLOW_FACTOR: u64 = 3;

/// A component and its `expected_load_time_ms`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expected {
    /// The component's hash.
    pub component: String,
    pub load_time_ms: u64,
}

/// A pattern that matches the components with the same expectation, and that expectation.
pub(crate) fn tiers(expected: &[Expected]) -> Vec<(String, u64)> {
    let mut tiers: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for Expected { component, load_time_ms } in expected {
        if *load_time_ms > 0 {
            tiers.entry(*load_time_ms).or_default().push(literal(component));
        }
    }
    tiers
        .into_iter()
        .map(|(load_time_ms, components)| (components.join("|"), load_time_ms))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_with_one_expectation_share_a_pattern() {
        let expected = |component: &str, load_time_ms| Expected {
            component: component.to_owned(),
            load_time_ms,
        };
        let all = [expected("a.b", 500), expected("c", 800), expected("d", 500), expected("e", 0)];
        assert_eq!(tiers(&all), [("a\\.b|d".to_owned(), 500), ("c".to_owned(), 800)]);
    }
}
