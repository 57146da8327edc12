//! Many pairs at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{num::NonZero, thread};

use crate::align::{Alignment, align};
use crate::error::DtwError;
use crate::matrix::MatrixView;
use crate::options::Options;

/// Aligns every pair (gold, trainee), as [`align`] would, and answers in the
/// order of the pairs. One bad pair fails alone.
///
/// [`Options::threads`] pairs are computed at a time, each by one thread, the
/// largest first, so that no thread is left alone with a large one at the end.
pub fn align_batch(
    pairs: &[(MatrixView<'_>, MatrixView<'_>)],
    options: &Options<'_>,
) -> Vec<Result<Alignment, DtwError>> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(|&index| {
        let (gold, trainee) = &pairs[index];
        std::cmp::Reverse(gold.rows().saturating_mul(trainee.rows()))
    });
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        threads => threads,
    };
    let each = Options {
        threads: 1,
        ..*options
    };
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(pairs.len()));
    let work = || {
        while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (gold, trainee) = &pairs[index];
            let found = align(gold, trainee, &each);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, found));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(pairs.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, found)| found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Side;

    #[test]
    fn answers_come_in_order_and_a_bad_pair_fails_alone() {
        let values: Vec<f32> = (0..600)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0)
            .collect();
        let view = |side, rows: usize, dim| {
            MatrixView::new(side, rows, dim, &values[..rows * dim]).unwrap()
        };
        let mut pairs: Vec<_> = (1..40)
            .map(|rows| {
                (
                    view(Side::Gold, rows, 10),
                    view(Side::Trainee, 41 - rows, 10),
                )
            })
            .collect();
        pairs[7].1 = view(Side::Trainee, 5, 3);
        for threads in [0, 1, 2, 5] {
            let options = Options {
                threads,
                ..Options::default()
            };
            let found = align_batch(&pairs, &options);
            assert_eq!(found.len(), pairs.len());
            for (index, ((gold, trainee), found)) in pairs.iter().zip(found).enumerate() {
                assert_eq!(found, align(gold, trainee, &Options::default()), "{index}");
                assert_eq!(found.is_err(), index == 7);
            }
        }
        assert!(align_batch(&[], &Options::default()).is_empty());
    }
}
