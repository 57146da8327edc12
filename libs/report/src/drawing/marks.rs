//! Numbers in circles that stand beside each other without overlapping.

/// Places marks of a radius in rows: where each stands, and in which row. Every
/// mark keeps its place; one that would touch another goes to the next row.
pub(crate) fn in_rows(places: &[f64], radius: f64, rows: usize) -> Vec<usize> {
    let mut last_in_row = vec![f64::NEG_INFINITY; rows.max(1)];
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut row_of = vec![0; places.len()];
    for mark in order {
        let row = last_in_row
            .iter()
            .position(|&last| places[mark] - last >= 2.0 * radius + 2.0)
            .unwrap_or_else(|| farthest(&last_in_row));
        last_in_row[row] = places[mark];
        row_of[mark] = row;
    }
    row_of
}

/// The row whose last mark is the farthest away.
fn farthest(last_in_row: &[f64]) -> usize {
    (0..last_in_row.len())
        .min_by(|&a, &b| last_in_row[a].total_cmp(&last_in_row[b]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_would_touch_go_to_another_row() {
        assert_eq!(in_rows(&[0.0, 5.0, 40.0], 9.0, 3), [0, 1, 0]);
        assert_eq!(in_rows(&[5.0, 0.0, 6.0], 9.0, 3), [1, 0, 2]);
        assert_eq!(in_rows(&[0.0, 1.0, 2.0], 9.0, 2), [0, 1, 0]);
        assert_eq!(in_rows(&[], 9.0, 2), [0; 0]);
    }
}
