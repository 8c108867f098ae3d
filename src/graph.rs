//! A directed graph over named things: what must come before what, in an order that is the same for equal input.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

/// Things of type `K` and which of them wait for which. Grows linearly with things and waits.
#[derive(Debug, Clone)]
pub struct Graph<K> {
    /// An edge leads from what comes first to what waits for it.
    edges: DiGraph<K, ()>,
    index: BTreeMap<K, NodeIndex>,
}

/// Things that wait for each other in a ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .path.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" waits for "))]
pub struct Cycle<K: std::fmt::Display> {
    /// Each waits for the next; the first is repeated at the end.
    pub path: Vec<K>,
}

impl<K: Ord + Clone + std::fmt::Display> Default for Graph<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Clone + std::fmt::Display> Graph<K> {
    pub fn new() -> Self {
        Self { edges: DiGraph::new(), index: BTreeMap::new() }
    }

    /// Adds a thing; a second time changes nothing.
    pub fn add(&mut self, key: K) -> NodeIndex {
        if let Some(node) = self.index.get(&key) {
            return *node;
        }
        let node = self.edges.add_node(key.clone());
        self.index.insert(key, node);
        node
    }

    /// Says that `key` waits for `first`; both are added where they are missing.
    pub fn wait(&mut self, key: K, first: K) {
        let (later, first) = (self.add(key), self.add(first));
        self.edges.add_edge(first, later, ());
    }

    pub fn contains(&self, key: &K) -> bool {
        self.index.contains_key(key)
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// What waits directly for `key`, in order.
    pub fn direct_dependants(&self, key: &K) -> BTreeSet<&K> {
        self.neighbours(key, Direction::Outgoing)
    }

    /// What `key` waits for directly, in order.
    pub fn needs(&self, key: &K) -> BTreeSet<&K> {
        self.neighbours(key, Direction::Incoming)
    }

    fn neighbours(&self, key: &K, direction: Direction) -> BTreeSet<&K> {
        let node = self.index.get(key);
        node.into_iter().flat_map(|node| self.edges.neighbors_directed(*node, direction)).map(|node| &self.edges[node]).collect()
    }

    /// Everything that waits for `key`, directly or through others.
    pub fn dependants(&self, key: &K) -> BTreeSet<&K> {
        self.reachable(key, Direction::Outgoing)
    }

    /// Everything that `key` waits for, directly or through others.
    pub fn ancestors(&self, key: &K) -> BTreeSet<&K> {
        self.reachable(key, Direction::Incoming)
    }

    fn reachable(&self, key: &K, direction: Direction) -> BTreeSet<&K> {
        let mut found = BTreeSet::new();
        let mut left: Vec<NodeIndex> = self.index.get(key).copied().into_iter().collect();
        while let Some(node) = left.pop() {
            for next in self.edges.neighbors_directed(node, direction) {
                if found.insert(&self.edges[next]) {
                    left.push(next);
                }
            }
        }
        found
    }

    /// All things in waves: those of one wave wait only for things of earlier waves. Each wave is in order of `K`.
    ///
    /// # Errors
    /// When things wait for each other in a ring.
    pub fn waves(&self) -> Result<Vec<Vec<&K>>, Cycle<K>> {
        let mut waiting: Vec<usize> = vec![0; self.edges.node_count()];
        for edge in self.edges.edge_indices() {
            if let Some((_, later)) = self.edges.edge_endpoints(edge) {
                waiting[later.index()] += 1;
            }
        }
        let mut wave: Vec<NodeIndex> = self.index.values().copied().filter(|node| waiting[node.index()] == 0).collect();
        let mut waves = Vec::new();
        let mut placed = 0;
        while !wave.is_empty() {
            placed += wave.len();
            let mut next = Vec::new();
            for later in wave.iter().flat_map(|node| self.edges.neighbors_directed(*node, Direction::Outgoing)) {
                waiting[later.index()] -= 1;
                if waiting[later.index()] == 0 {
                    next.push(later);
                }
            }
            next.sort_by(|a, b| self.edges[*a].cmp(&self.edges[*b]));
            waves.push(wave.iter().map(|node| &self.edges[*node]).collect());
            wave = next;
        }
        if placed == self.edges.node_count() { Ok(waves) } else { Err(self.ring(&waiting)) }
    }

    /// All things, each after what it waits for; the same for equal input.
    ///
    /// # Errors
    /// When things wait for each other in a ring.
    pub fn order(&self) -> Result<Vec<&K>, Cycle<K>> {
        Ok(self.waves()?.into_iter().flatten().collect())
    }

    /// One ring among the things that are still waiting: from any of them, what is waited for is waiting too.
    fn ring(&self, waiting: &[usize]) -> Cycle<K> {
        let mut path: Vec<NodeIndex> = Vec::new();
        let mut seen = BTreeMap::new();
        let mut node = self.index.values().copied().find(|node| waiting[node.index()] > 0);
        while let Some(at) = node {
            if let Some(start) = seen.insert(at, path.len()) {
                let mut path: Vec<K> = path[start..].iter().map(|node| self.edges[*node].clone()).collect();
                path.extend(path.first().cloned());
                return Cycle { path };
            }
            path.push(at);
            let blocked = self.edges.neighbors_directed(at, Direction::Incoming).filter(|node| waiting[node.index()] > 0);
            node = blocked.min_by(|a, b| self.edges[*a].cmp(&self.edges[*b]));
        }
        Cycle { path: Vec::new() }
    }

    /// The heaviest chain of waits and its weight. An empty graph has weight 0 and no path.
    ///
    /// # Errors
    /// When things wait for each other in a ring.
    pub fn longest_path(&self, weight: impl Fn(&K) -> u64) -> Result<(u64, Vec<&K>), Cycle<K>> {
        let mut best: BTreeMap<&K, (u64, Option<&K>)> = BTreeMap::new();
        for key in self.order()? {
            let before = self.needs(key).into_iter().map(|need| (best.get(need).map_or(0, |(sum, _)| *sum), need));
            let (sum, via) = before.max_by_key(|(sum, _)| *sum).map_or((0, None), |(sum, need)| (sum, Some(need)));
            best.insert(key, (sum.saturating_add(weight(key)), via));
        }
        let mut at = best.iter().max_by_key(|(_, (sum, _))| *sum).map(|(key, _)| *key);
        let total = at.and_then(|key| best.get(key)).map_or(0, |(sum, _)| *sum);
        let mut path = Vec::new();
        while let Some(key) = at {
            path.push(key);
            at = best.get(key).and_then(|(_, via)| *via);
        }
        path.reverse();
        Ok((total, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(waits: &[(u32, u32)]) -> Graph<u32> {
        let mut graph = Graph::new();
        waits.iter().for_each(|(later, first)| graph.wait(*later, *first));
        graph
    }

    #[test]
    fn waves_hold_what_can_run_together_in_order() {
        let graph = graph(&[(3, 1), (3, 2), (4, 3), (5, 1)]);
        assert_eq!(graph.waves(), Ok(vec![vec![&1, &2], vec![&3, &5], vec![&4]]));
        assert_eq!(graph.dependants(&1), BTreeSet::from([&3, &4, &5]));
        assert_eq!(graph.direct_dependants(&1), BTreeSet::from([&3, &5]));
        assert_eq!(graph.ancestors(&4), BTreeSet::from([&1, &2, &3]));
    }

    #[test]
    fn a_ring_is_told_with_its_path() {
        let cycle = graph(&[(1, 0), (2, 1), (3, 2), (1, 3), (9, 3)]).order().expect_err("a ring");
        assert_eq!(cycle.path, [1, 3, 2, 1]);
        assert_eq!(cycle.to_string(), "`1` waits for `3` waits for `2` waits for `1`");
        assert_eq!(graph(&[(7, 7)]).order().expect_err("itself").path, [7, 7]);
    }

    #[test]
    fn the_longest_path_is_by_weight() {
        let graph = graph(&[(2, 1), (3, 2), (3, 4)]);
        assert_eq!(graph.longest_path(|_| 1), Ok((3, vec![&1, &2, &3])));
        assert_eq!(graph.longest_path(|key| if *key == 4 { 9 } else { 1 }), Ok((10, vec![&4, &3])));
        assert_eq!(Graph::<u32>::new().longest_path(|_| 1), Ok((0, vec![])));
    }

    proptest::proptest! {
        #[test]
        fn everything_comes_after_what_it_waits_for(waits in proptest::collection::vec((0_u32..40, 0_u32..40), 0..120)) {
            let waits: Vec<_> = waits.into_iter().filter(|(later, first)| later > first).collect();
            let graph = graph(&waits);
            let order = graph.order().expect("no ring: things wait only for smaller ones");
            let at = |key| order.iter().position(|other| **other == key);
            for (later, first) in waits {
                proptest::prop_assert!(at(later) > at(first));
            }
        }
    }
}
