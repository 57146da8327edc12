//! The matrix of costs, row by row, computed in bands.

use crate::error::DtwError;
use crate::features::FeaturePair;
use crate::gemm_f32::row_products;
use crate::options::Options;

/// Values in one band: 16 MiB, unless a single row is longer.
const BAND_VALUES: usize = 4 << 20;

/// More rows a band gain nothing: the product then reads each trainee row
/// from cache often enough.
const MAX_BAND_ROWS: usize = 256;

/// How many rows of `columns` costs are computed at once.
pub(crate) fn band_rows(columns: usize) -> usize {
    (BAND_VALUES / columns).clamp(1, MAX_BAND_ROWS)
}

/// Calls `visit(gold clip, costs with all trainee clips)` for every gold clip
/// in order.
pub(crate) fn for_each_cost_row(
    pair: &FeaturePair,
    band_rows: usize,
    options: &Options<'_>,
    mut visit: impl FnMut(usize, &[f32]) -> Result<(), DtwError>,
) -> Result<(), DtwError> {
    let (dim, columns) = (pair.gold.dim, pair.trainee.rows);
    let mut band = vec![0.0; band_rows.min(pair.gold.rows) * columns];
    for (number, gold) in pair.gold.data.chunks(band_rows * dim).enumerate() {
        options.check_cancelled()?;
        let rows = gold.len() / dim;
        let products = &mut band[..rows * columns];
        row_products(gold, &pair.trainee.data, dim, products, options.threads);
        for (offset, row) in products.chunks_exact_mut(columns).enumerate() {
            let index = number * band_rows + offset;
            pair.products_to_costs(index, row);
            visit(index, row)?;
        }
    }
    Ok(())
}
