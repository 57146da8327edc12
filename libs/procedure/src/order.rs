//! Which step must come before which, and what of a performance respects it.

use std::collections::VecDeque;

use crate::procedure::Order;

/// Which step must come before which: the transitive closure of an [`Order`].
#[derive(Debug, Clone)]
pub struct StepOrder {
    steps: usize,
    precedes: Vec<bool>,
}

impl StepOrder {
    /// Of so many steps. Panics if a precedence names another; with a cycle,
    /// steps on it precede themselves.
    pub fn new(order: &Order, steps: usize) -> Self {
        let mut closure = Self {
            steps,
            precedes: vec![false; steps * steps],
        };
        match order {
            Order::Sequential => {
                for before in 0..steps {
                    closure.precedes[before * steps + before + 1..(before + 1) * steps].fill(true);
                }
            }
            Order::Partial(precedences) => {
                for &(before, after) in precedences {
                    closure.precedes[before * steps + after] = true;
                }
                closure.close();
            }
        }
        closure
    }

    /// Whether `before` must come before `after`.
    pub fn precedes(&self, before: usize, after: usize) -> bool {
        self.precedes[before * self.steps + after]
    }

    /// Of steps done one after the other, `(step, weight)` in time, marks those
    /// that are done right: the subset of largest weight in which every step
    /// comes at most once and the order is respected. Weights below 0 count as
    /// 0; differences below 10⁻⁴ are not seen.
    pub fn done_right(&self, done: &[(usize, f64)]) -> Vec<bool> {
        consistent_subset(done, self)
    }

    /// Warshall's algorithm.
    fn close(&mut self) {
        for via in 0..self.steps {
            for before in 0..self.steps {
                if self.precedes(before, via) {
                    for after in 0..self.steps {
                        self.precedes[before * self.steps + after] |= self.precedes(via, after);
                    }
                }
            }
        }
    }
}

/// Of steps done one after the other, `(step, weight)` in time, marks those of
/// the subset of largest weight that does every step at most once and
/// respects the order.
///
/// Two of them exclude each other if the later one's step is the earlier
/// one's or must precede it. That relation is itself a partial order (it is
/// transitive), so the subset is an antichain of largest weight, which a
/// minimum cut finds (Dilworth's theorem with weights).
pub(crate) fn consistent_subset(done: &[(usize, f64)], order: &StepOrder) -> Vec<bool> {
    /// Weights become whole numbers of this size, so that the flow is exact.
    const UNITS_PER_NAT: f64 = 1e4;
    let count = done.len();
    let (source, sink) = (2 * count, 2 * count + 1);
    let mut network = Network::new(2 * count + 2);
    for (earlier, &(step, weight)) in done.iter().enumerate() {
        let capacity = (weight.max(0.0) * UNITS_PER_NAT).round() as u64 + 1;
        network.connect(source, earlier, capacity);
        network.connect(count + earlier, sink, capacity);
        for (later, &(other, _)) in done.iter().enumerate().skip(earlier + 1) {
            if other == step || order.precedes(other, step) {
                network.connect(earlier, count + later, u64::MAX);
            }
        }
    }
    network.saturate(source, sink);
    let level = network.levels(source);
    (0..count)
        .map(|node| level[node].is_some() && level[count + node].is_none())
        .collect()
}

/// A flow network; maximum flow by Dinic's algorithm.
struct Network {
    edges: Vec<Edge>,
    /// Edges that leave each node; edge `e ^ 1` is the reverse of `e`.
    leaving: Vec<Vec<usize>>,
}

struct Edge {
    to: usize,
    free: u64,
}

impl Network {
    fn new(nodes: usize) -> Self {
        Self {
            edges: Vec::new(),
            leaving: vec![Vec::new(); nodes],
        }
    }

    fn connect(&mut self, from: usize, to: usize, capacity: u64) {
        self.leaving[from].push(self.edges.len());
        self.edges.push(Edge { to, free: capacity });
        self.leaving[to].push(self.edges.len());
        self.edges.push(Edge { to: from, free: 0 });
    }

    fn saturate(&mut self, source: usize, sink: usize) {
        loop {
            let levels = self.levels(source);
            if levels[sink].is_none() {
                return;
            }
            let mut next = vec![0; self.leaving.len()];
            while self.push(source, sink, u64::MAX, &levels, &mut next) > 0 {}
        }
    }

    /// Edges from the source to every node that can still be reached.
    fn levels(&self, source: usize) -> Vec<Option<u32>> {
        let mut levels = vec![None; self.leaving.len()];
        levels[source] = Some(0);
        let mut queue = VecDeque::from([(source, 0)]);
        while let Some((node, level)) = queue.pop_front() {
            for &edge in &self.leaving[node] {
                let Edge { to, free } = self.edges[edge];
                if free > 0 && levels[to].is_none() {
                    levels[to] = Some(level + 1);
                    queue.push_back((to, level + 1));
                }
            }
        }
        levels
    }

    /// Depth is at most the number of levels: source, three layers of nodes
    /// per detour, sink; a few hundred for the most broken performance.
    fn push(
        &mut self,
        node: usize,
        sink: usize,
        limit: u64,
        levels: &[Option<u32>],
        next: &mut [usize],
    ) -> u64 {
        if node == sink {
            return limit;
        }
        while let Some(&edge) = self.leaving[node].get(next[node]) {
            let Edge { to, free } = self.edges[edge];
            if free > 0 && levels[to] == levels[node].map(|level| level + 1) {
                let pushed = self.push(to, sink, limit.min(free), levels, next);
                if pushed > 0 {
                    self.edges[edge].free -= pushed;
                    let reverse = &mut self.edges[edge ^ 1].free;
                    *reverse = reverse.saturating_add(pushed);
                    return pushed;
                }
            }
            next[node] += 1;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_consistent(done: &[(usize, f64)], chosen: &[bool], order: &StepOrder) -> bool {
        let chosen: Vec<usize> = (0..done.len())
            .filter(|&i| chosen[i])
            .map(|i| done[i].0)
            .collect();
        (0..chosen.len()).all(|a| {
            (0..a).all(|b| chosen[a] != chosen[b] && !order.precedes(chosen[a], chosen[b]))
        })
    }

    fn weight(done: &[(usize, f64)], chosen: &[bool]) -> f64 {
        done.iter()
            .zip(chosen)
            .filter(|(_, chosen)| **chosen)
            .map(|((_, weight), _)| weight)
            .sum()
    }

    #[test]
    fn the_weaker_half_of_a_swap_is_left_out() {
        let order = StepOrder::new(&Order::Sequential, 4);
        let done = [(0, 5.0), (2, 3.0), (1, 4.0), (3, 5.0)];
        assert_eq!(consistent_subset(&done, &order), [true, false, true, true]);
        let free = StepOrder::new(&Order::Partial(vec![(0, 3)]), 4);
        assert_eq!(consistent_subset(&done, &free), [true; 4]);
        assert!(consistent_subset(&[], &free).is_empty());
    }

    proptest! {
        #[test]
        fn the_subset_is_the_heaviest(
            done in proptest::collection::vec((0..5_usize, 1..50_u32), 0..10),
            pairs in proptest::option::of(proptest::collection::vec((0..5_usize, 0..5_usize), 0..6)),
        ) {
            let order = match pairs {
                None => Order::Sequential,
                // Pointing upwards only: no cycles.
                Some(pairs) => Order::Partial(pairs.into_iter().filter(|(a, b)| a < b).collect()),
            };
            let order = StepOrder::new(&order, 5);
            let done: Vec<(usize, f64)> = done.into_iter().map(|(step, weight)| (step, f64::from(weight))).collect();
            let chosen = consistent_subset(&done, &order);
            prop_assert!(is_consistent(&done, &chosen, &order));
            let best = (0..1_u32 << done.len())
                .map(|mask| (0..done.len()).map(|i| mask >> i & 1 == 1).collect::<Vec<_>>())
                .filter(|subset| is_consistent(&done, subset, &order))
                .map(|subset| weight(&done, &subset))
                .fold(0.0, f64::max);
            prop_assert!((weight(&done, &chosen) - best).abs() < 1e-2);
        }
    }
}
