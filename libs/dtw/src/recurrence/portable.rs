//! The recurrence in plain code.

use super::{CEILING, STRIP_ROWS, Strip};

/// Row by row. Bit r of a word says that the step into row r came from above
/// rather than along the diagonal, bit 32 + r that it came from the left. Does not
/// look at what the costs are: always answers no.
pub(super) fn compute(strip: &mut Strip<'_>) -> bool {
    let columns = strip.columns;
    strip.directions.fill(0);
    strip.below.copy_from_slice(strip.above);
    for row in 0..=strip.last_row {
        let start = strip.first + row * strip.stride;
        let costs = &strip.costs[start..start + columns];
        let mut diagonal = strip.below[0];
        let mut left = CEILING;
        strip.below[0] = CEILING;
        let cells = strip.below[1..].iter_mut().zip(costs);
        for ((sum, &cost), word) in cells.zip(&mut strip.directions[row..]) {
            let above = *sum;
            let before = diagonal.min(above);
            let from_above = u64::from(diagonal > above);
            let from_left = u64::from(before > left);
            *word |= from_above << row | from_left << (STRIP_ROWS + row);
            // It overflows only on costs that mean nothing.
            left = (before.min(left))
                .wrapping_add(strip.scale.whole(cost))
                .min(CEILING);
            *sum = left;
            diagonal = above;
        }
    }
    false
}
