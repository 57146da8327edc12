//! Exact intervals of counts.

use statrs::distribution::{Beta, ContinuousCDF, Gamma};

use crate::bootstrap::Interval;

/// Half of what lies outside a 95 % interval.
const TAIL: f64 = 0.025;

/// The 95 % interval of a probability of which `hits` of `trials` were seen
/// (Clopper & Pearson 1934); none without trials. `hits` is at most `trials`.
pub(crate) fn clopper_pearson(hits: usize, trials: usize) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let misses = trials - hits;
    let low = if hits == 0 {
        0.0
    } else {
        beta_quantile(hits as f64, misses as f64 + 1.0, TAIL)
    };
    let high = if misses == 0 {
        1.0
    } else {
        beta_quantile(hits as f64 + 1.0, misses as f64, 1.0 - TAIL)
    };
    Some(Interval { low, high })
}

/// The upper end of the 95 % interval of the mean of a Poisson variable of
/// which `count` was seen (Garwood 1936).
pub(crate) fn poisson_upper(count: usize) -> f64 {
    // Half of the chi-squared quantile with 2 (count + 1) degrees of freedom.
    Gamma::new(count as f64 + 1.0, 1.0)
        .expect("shape and rate are positive")
        .inverse_cdf(1.0 - TAIL)
}

fn beta_quantile(a: f64, b: f64, at: f64) -> f64 {
    Beta::new(a, b)
        .expect("both shapes are positive")
        .inverse_cdf(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    #[test]
    fn agrees_with_published_tables() {
        let of = |hits, trials| clopper_pearson(hits, trials).expect("there are trials");
        assert!(close(of(0, 10).low, 0.0) && close(of(0, 10).high, 0.3085));
        assert!(close(of(1, 10).low, 0.0025) && close(of(1, 10).high, 0.4450));
        assert!(close(of(5, 10).low, 0.1871) && close(of(5, 10).high, 0.8129));
        assert!(close(of(10, 10).low, 0.6915) && close(of(10, 10).high, 1.0));
        assert!(close(poisson_upper(0), 3.6889));
        assert!(close(poisson_upper(1), 5.5716));
        assert!(close(poisson_upper(10), 18.3904));
        assert_eq!(clopper_pearson(0, 0), None);
    }

    /// P(X ≤ hits) of a binomial variable, term by term.
    fn binomial_cdf(hits: usize, trials: usize, probability: f64) -> f64 {
        (0..=hits)
            .map(|k| {
                let ways: f64 = (0..k)
                    .map(|i| (trials - i) as f64 / (i + 1) as f64)
                    .product();
                ways * probability.powi(k as i32) * (1.0 - probability).powi((trials - k) as i32)
            })
            .sum()
    }

    proptest! {
        #[test]
        fn each_end_leaves_a_fortieth(trials in 1..60_usize, hits in 0..60_usize) {
            let hits = hits.min(trials);
            let interval = clopper_pearson(hits, trials).expect("there are trials");
            if hits < trials {
                prop_assert!((binomial_cdf(hits, trials, interval.high) - TAIL).abs() < 1e-6);
            }
            if hits > 0 {
                let above = 1.0 - binomial_cdf(hits - 1, trials, interval.low);
                prop_assert!((above - TAIL).abs() < 1e-6);
            }
        }

        #[test]
        fn the_poisson_bound_leaves_a_fortieth(count in 0..100_usize) {
            let mean = poisson_upper(count);
            let mut term = (-mean).exp();
            let mut below = term;
            for k in 1..=count {
                term *= mean / k as f64;
                below += term;
            }
            prop_assert!((below - TAIL).abs() < 1e-6);
        }
    }
}
