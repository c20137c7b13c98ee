//! Lines for hashing: different closures never share them.

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;

use super::{Closure, Condition, LockedDistribution};
use crate::lock::{LockedSource, Release};

fn text() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["", "a", "\t", "\\", "\n", "\thash=a", "\\t", "1"])
        .prop_map(str::to_owned)
}

fn closure() -> impl Strategy<Value = Closure> {
    let condition = (proptest::option::of(text()), proptest::option::of(text()))
        .prop_map(|(through, marker)| Condition { extra: None, through, marker });
    // An absent text and an empty one mean the same to nobody: parsers never give the empty one.
    let condition = condition.prop_filter("empty", |c| {
        c.through.as_deref() != Some("") && c.marker.as_deref() != Some("")
    });
    let distribution = (
        proptest::option::of(text()),
        proptest::collection::btree_set(text(), 0..3),
        proptest::collection::btree_set(condition, 0..3),
    )
        .prop_map(|(version, hashes, conditions)| {
            let release = Release::new(version, LockedSource::Url("x".to_owned()), hashes);
            LockedDistribution { release: Arc::new(release), conditions }
        });
    let distributions = proptest::collection::btree_map(
        "[ab]".prop_map(|name| name.parse().unwrap()),
        proptest::collection::btree_set(distribution, 1..3),
        0..3,
    );
    (distributions, proptest::collection::vec(text(), 0..3)).prop_map(
        |(distributions, verbatim)| Closure {
            distributions,
            unresolved: BTreeSet::new(),
            verbatim,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn lines_are_equal_where_closures_are(left in closure(), right in closure()) {
        prop_assert_eq!(left == right, left.canonical_lines() == right.canonical_lines());
        prop_assert!(left.canonical_lines().iter().all(|line| !line.contains('\n')));
    }
}
