//! Which of those that want a partner get one.

/// A maximum one-to-one matching of a bipartite graph. `edges[left]` lists the
/// right vertices, from 0 to `rights`, that `left` may be matched with; the
/// answer has the partner of each left vertex.
///
/// Earlier left vertices are preferred: of all maximum matchings, the one
/// whose matched left vertices come first in lexicographic order. The sets of
/// left vertices that can be matched form a transversal matroid (Edmonds &
/// Fulkerson 1965), so taking each in turn along an augmenting path is optimal,
/// and who is matched among the first n does not depend on those after them.
pub(crate) fn maximum_matching(edges: &[Vec<usize>], rights: usize) -> Vec<Option<usize>> {
    let mut owners: Vec<Option<usize>> = vec![None; rights];
    for left in 0..edges.len() {
        augment(left, edges, &mut owners, &mut vec![false; rights]);
    }
    let mut partners = vec![None; edges.len()];
    for (right, owner) in owners.into_iter().enumerate() {
        if let Some(left) = owner {
            partners[left] = Some(right);
        }
    }
    partners
}

/// Gives `left` a partner, if need be by moving others to another one.
fn augment(
    left: usize,
    edges: &[Vec<usize>],
    owners: &mut [Option<usize>],
    visited: &mut [bool],
) -> bool {
    for &right in &edges[left] {
        if visited[right] {
            continue;
        }
        visited[right] = true;
        let is_free = match owners[right] {
            Some(owner) => augment(owner, edges, owners, visited),
            None => true,
        };
        if is_free {
            owners[right] = Some(left);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The best set of matched left vertices, found by trying everything: most
    /// of them, and then the earliest.
    fn brute_force(edges: &[Vec<usize>], taken: &mut Vec<usize>) -> Vec<bool> {
        let Some((first, rest)) = edges.split_first() else {
            return Vec::new();
        };
        let mut options = vec![[vec![false], brute_force(rest, taken)].concat()];
        for &right in first {
            if !taken.contains(&right) {
                taken.push(right);
                options.push([vec![true], brute_force(rest, taken)].concat());
                taken.pop();
            }
        }
        options
            .into_iter()
            .max_by_key(|matched| {
                let size = matched.iter().filter(|&&is_matched| is_matched).count();
                (size, matched.clone())
            })
            .expect("leaving the first unmatched is always an option")
    }

    fn graphs() -> impl Strategy<Value = Vec<Vec<usize>>> {
        proptest::collection::vec(proptest::collection::vec(0..5_usize, 0..4), 0..7)
    }

    proptest! {
        #[test]
        fn is_maximum_and_prefers_the_first(edges in graphs()) {
            let partners = maximum_matching(&edges, 5);
            let matched: Vec<bool> = partners.iter().map(Option::is_some).collect();
            prop_assert_eq!(matched, brute_force(&edges, &mut Vec::new()));
            let mut rights: Vec<usize> = partners.iter().flatten().copied().collect();
            for (left, partner) in partners.iter().enumerate() {
                prop_assert!(partner.is_none_or(|right| edges[left].contains(&right)));
            }
            rights.sort_unstable();
            rights.dedup();
            prop_assert_eq!(rights.len(), partners.iter().flatten().count());
        }

        #[test]
        fn later_ones_take_nothing_from_earlier_ones(edges in graphs(), first in 0..7_usize) {
            let first = first.min(edges.len());
            let all = maximum_matching(&edges, 5);
            let some = maximum_matching(&edges[..first], 5);
            for left in 0..first {
                prop_assert_eq!(all[left].is_some(), some[left].is_some());
            }
        }
    }

    #[test]
    fn moves_others_where_a_greedy_choice_would_fail() {
        let partners = maximum_matching(&[vec![0, 1], vec![0]], 2);
        assert_eq!(partners, [Some(1), Some(0)]);
    }
}
