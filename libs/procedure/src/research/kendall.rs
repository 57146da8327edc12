//! How far two orders agree (Kendall, The Treatment of Ties in Ranking
//! Problems, Biometrika 33, 1945).

use std::cmp::Ordering;

use crate::order::StepOrder;

/// Kendall's tau-b of pairs (x, y) of finite numbers: (C − D) over the
/// geometric mean of the pairs of pairs that are not tied in x and those that
/// are not tied in y, where C agree and D disagree in order. From −1 (reversed)
/// to 1 (the same order). `None` if x or y is the same throughout, or if there
/// are fewer than two.
///
/// Ties in one of them alone keep it below 1. O(n log n).
pub fn kendall_tau_b(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 2 || pairs.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let by_value = |a: &f64, b: &f64| a.partial_cmp(b).unwrap_or(Ordering::Equal);
    let (tau, _) = kendalls::tau_b_with_comparator(&x, &y, by_value).ok()?;
    // Without any difference in x or in y it is 0 / 0.
    tau.is_finite().then(|| tau.clamp(-1.0, 1.0))
}

/// Kendall's tau of steps in the order in which they were `done` against the
/// order that the procedure asks for: (C − D) / (C + D), where of the pairs
/// that the procedure orders, C were done in its order and D the other way
/// round. From −1 to 1. `None` if it orders none of those that were done.
///
/// Where every pair is ordered and no step comes twice this is tau-b. Where
/// orders are free it is Goodman & Kruskal's gamma (1954) rather than tau-b:
/// free pairs are no ties, and whoever makes use of the freedom still has 1.
/// Panics if a step is none of the order's. O(n²).
pub fn step_order_tau(done: &[usize], order: &StepOrder) -> Option<f64> {
    let (mut concordant, mut discordant) = (0_u32, 0_u32);
    for (index, &first) in done.iter().enumerate() {
        for &second in &done[index + 1..] {
            concordant += u32::from(order.precedes(first, second));
            discordant += u32::from(order.precedes(second, first));
        }
    }
    let ordered = concordant + discordant;
    (ordered > 0).then(|| (f64::from(concordant) - f64::from(discordant)) / f64::from(ordered))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::procedure::Order;

    /// Every pair of pairs.
    fn naive(pairs: &[(f64, f64)]) -> Option<f64> {
        let (mut agree, mut not_tied_x, mut not_tied_y) = (0.0, 0.0, 0.0);
        for (index, a) in pairs.iter().enumerate() {
            for b in &pairs[index + 1..] {
                let sign = |a: f64, b: f64| match a.partial_cmp(&b) {
                    Some(Ordering::Less) => -1.0,
                    Some(Ordering::Greater) => 1.0,
                    _ => 0.0_f64,
                };
                let (x, y) = (sign(a.0, b.0), sign(a.1, b.1));
                agree += x * y;
                not_tied_x += x.abs();
                not_tied_y += y.abs();
            }
        }
        let both = not_tied_x * not_tied_y;
        (both > 0.0).then(|| agree / f64::sqrt(both))
    }

    #[test]
    fn tau_b_of_known_examples() {
        let tau = |y: &[f64]| {
            let pairs: Vec<_> = (0..y.len()).map(|x| (x as f64, y[x])).collect();
            kendall_tau_b(&pairs)
        };
        assert_eq!(tau(&[1.0, 2.0, 3.0]), Some(1.0));
        assert_eq!(tau(&[3.0, 2.0, 1.0]), Some(-1.0));
        // Five agree, one does not.
        assert!((tau(&[1.0, 3.0, 2.0, 4.0]).unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // One tie in y: 5 of 5 that are not tied agree.
        assert!((tau(&[1.0, 2.0, 2.0, 4.0]).unwrap() - 5.0 / 30.0_f64.sqrt()).abs() < 1e-12);
        for undefined in [&[][..], &[1.0], &[2.0, 2.0, 2.0], &[1.0, f64::NAN]] {
            assert_eq!(tau(undefined), None, "{undefined:?}");
        }
    }

    #[test]
    fn a_free_order_costs_nothing() {
        let free = StepOrder::new(&Order::Partial(vec![(0, 3), (1, 3), (2, 3)]), 4);
        assert_eq!(step_order_tau(&[2, 0, 1, 3], &free), Some(1.0));
        assert_eq!(step_order_tau(&[2, 3, 0, 1], &free), Some(-1.0 / 3.0));
        assert_eq!(step_order_tau(&[2, 0, 1], &free), None);
        assert_eq!(step_order_tau(&[3], &free), None);
    }

    proptest! {
        /// Few values, so that there are many ties, −0 among them.
        #[test]
        fn tau_b_is_what_its_definition_says(
            pairs in proptest::collection::vec((-3..4_i32, -3..4_i32), 0..40),
        ) {
            let pairs: Vec<_> = pairs.into_iter().map(|(x, y)| (-f64::from(x), f64::from(y) * 0.5)).collect();
            match (kendall_tau_b(&pairs), naive(&pairs)) {
                (Some(found), Some(exact)) => prop_assert!((found - exact).abs() < 1e-12),
                (found, exact) => prop_assert_eq!(found, exact),
            }
        }

        #[test]
        fn without_freedom_the_order_of_steps_has_tau_b(
            done in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(),
            count in 2..13_usize,
        ) {
            let done = &done[..count.min(12)];
            let order = StepOrder::new(&Order::Sequential, 12);
            let pairs: Vec<_> = done.iter().enumerate().map(|(at, &step)| (at as f64, step as f64)).collect();
            let (found, exact) = (step_order_tau(done, &order).unwrap(), kendall_tau_b(&pairs).unwrap());
            prop_assert!((found - exact).abs() < 1e-12);
        }
    }
}
