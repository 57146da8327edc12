//! Quantiles of samples.

/// The median; none of an empty sample. Sorts.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(values, 0.5)
}

/// A quantile of values in ascending order, with `at` from 0 to 1,
/// interpolated between neighbours (type 7 of Hyndman & Fan 1996).
pub(crate) fn quantile_of_sorted(values: &[f64], at: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = at * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(values[below] + (place - below as f64) * (values[above] - values[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        let values = [0.0, 10.0, 20.0, 30.0, 40.0];
        assert_eq!(quantile_of_sorted(&values, 0.0), Some(0.0));
        assert_eq!(quantile_of_sorted(&values, 0.025), Some(1.0));
        assert_eq!(quantile_of_sorted(&values, 1.0), Some(40.0));
    }
}
