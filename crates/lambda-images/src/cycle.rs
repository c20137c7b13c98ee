//! Order and cycles of a directed graph of names. It knows neither packages nor images.

use std::collections::{BTreeMap, BTreeSet};

/// Each node's direct predecessors, by name.
pub(crate) type Edges<N> = BTreeMap<N, BTreeSet<N>>;

/// All nodes, each after its predecessors, equals by name; or one whole loop for each knot
/// of nodes that reach each other, first node repeated at the end.
///
/// Edges to names that are not nodes are left out.
pub(crate) fn topological<N: Ord + Clone>(edges: &Edges<N>) -> Result<Vec<N>, Vec<Vec<N>>> {
    let mut waiting: BTreeMap<&N, usize> = edges
        .iter()
        .map(|(node, before)| (node, before.iter().filter(|name| edges.contains_key(name)).count()))
        .collect();
    let mut after: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    for (node, before) in edges {
        for name in before {
            after.entry(name).or_default().push(node);
        }
    }
    let mut ready: BTreeSet<&N> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(node) = ready.pop_first() {
        waiting.remove(node);
        order.push(node.clone());
        for next in after.get(node).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(next);
                }
            }
        }
    }
    if waiting.is_empty() {
        Ok(order)
    } else {
        Err(loops(edges, waiting.keys().copied().collect()))
    }
}

/// One loop per knot, found by walking predecessors until a node comes again. Every node that
/// is left over by the sort has a predecessor that is left over too or is reached by one.
fn loops<N: Ord + Clone>(edges: &Edges<N>, mut left: BTreeSet<&N>) -> Vec<Vec<N>> {
    let mut found = Vec::new();
    while let Some(start) = left.first().copied() {
        let mut walk: Vec<&N> = Vec::new();
        let mut node = start;
        let looped = loop {
            if let Some(first) = walk.iter().position(|seen| *seen == node) {
                break Some(first);
            }
            walk.push(node);
            match edges[node].iter().find(|name| left.contains(name)) {
                Some(next) => node = next,
                None => break None,
            }
        };
        if let Some(first) = looped {
            let mut one: Vec<N> = walk[first..].iter().map(|node| (*node).clone()).collect();
            // Start at the least name, so that the same loop is always told the same way.
            let least = (0..one.len()).min_by_key(|index| &one[*index]).unwrap_or(0);
            one.rotate_left(least);
            one.push(one[0].clone());
            found.push(one);
        }
        for node in walk {
            left.remove(node);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(text: &str) -> Edges<String> {
        text.split_whitespace()
            .map(|entry| {
                let (node, before) = entry.split_once('<').unwrap();
                (
                    node.to_owned(),
                    before.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
                )
            })
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = topological(&graph(text));
        let shown = found.map(|order| order.join(" ")).map_err(|loops| {
            loops.into_iter().map(|names| names.join(">")).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown.as_ref().map(String::as_str).map_err(String::as_str), expected);
    }

    #[test]
    fn order_and_loops() {
        check("c<b b<a a<", Ok("a b c"));
        check("b< a< c<a,b", Ok("a b c"));
        check("a<missing", Ok("a"));
        check("a<a", Err("a>a"));
        check("a<b b<c c<a d<a", Err("a>b>c>a"));
        check("a<b b<a x<y y<x", Err("a>b>a x>y>x"));
    }

    proptest! {
        #[test]
        fn every_node_comes_after_its_predecessors_or_a_real_loop_is_told(pairs in prop::collection::vec((0u8..8, 0u8..8), 0..20)) {
            let mut edges: Edges<u8> = (0..8).map(|node| (node, BTreeSet::new())).collect();
            for (node, before) in pairs {
                edges.get_mut(&node).unwrap().insert(before);
            }
            match topological(&edges) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), 8);
                    for (index, node) in order.iter().enumerate() {
                        prop_assert!(edges[node].iter().all(|before| order[..index].contains(before)));
                    }
                }
                Err(loops) => {
                    prop_assert!(!loops.is_empty());
                    for one in loops {
                        prop_assert_eq!(one.first(), one.last());
                        prop_assert!(one.windows(2).all(|pair| edges[&pair[0]].contains(&pair[1])));
                    }
                }
            }
        }
    }
}
