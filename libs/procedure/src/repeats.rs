//! Steps done again at once: the decoding sees one long occurrence, for clips
//! of both times look alike. What tells them apart from one slow occurrence is
//! the course within the step, which starts again.
//!
//! The course is read from the reduced similarity matrix, the only evidence
//! that knows more of a clip than its step. Up to 256 clips it is exact;
//! beyond, steps of few cells cannot be read and are left whole.

use std::ops::Range;

use crate::calibration::{AGAIN, HALF_ALIKE, NATS_PER_LIKENESS, SOFT_LIMIT};
use crate::decode::{Decoded, Occurrence};
use crate::likeness::Likeness;
use crate::score::GoldInput;

/// A step must be seen in at least so many parts to have a course.
const MIN_PARTS: usize = 4;

/// Each time counts only if it goes through this share of the step, …
const MIN_COURSE: f64 = 0.6;

/// … and takes this share of the gold's time: within a slow step, parts of a
/// movement that repeat go back and forth faster.
const MIN_DURATION: f64 = 0.5;

/// Splits occurrences in which every gold sees the step done several times.
pub(crate) fn split_repeats(
    decoded: &mut Decoded,
    golds: &[&GoldInput<'_>],
    likeness: &Likeness,
    lag: u32,
) {
    let courses: Vec<Course<'_>> = golds
        .iter()
        .enumerate()
        .map(|(index, gold)| Course {
            gold,
            likeness,
            index,
            lag: f64::from(lag),
        })
        .collect();
    let split = |occurrence: &Occurrence| {
        // The gold that sees the fewest times is the most lenient.
        let passes = courses
            .iter()
            .map(|course| course.passes(occurrence))
            .min_by_key(Vec::len)
            .unwrap_or_default();
        if passes.len() < 2 {
            return vec![occurrence.clone()];
        }
        let share = |clips: &Range<usize>| clips.len() as f64 / occurrence.clips.len() as f64;
        passes
            .into_iter()
            .map(|clips| Occurrence {
                step: occurrence.step,
                evidence: occurrence.evidence * share(&clips),
                clips,
            })
            .collect()
    };
    decoded.occurrences = decoded.occurrences.iter().flat_map(split).collect();
}

/// One gold's view of the course within its steps.
struct Course<'a> {
    gold: &'a GoldInput<'a>,
    likeness: &'a Likeness,
    /// Which gold.
    index: usize,
    lag: f64,
}

impl Course<'_> {
    /// The clips of each time that the step was gone through; one stretch if
    /// it was once, or cannot be told. They tile the occurrence.
    fn passes(&self, occurrence: &Occurrence) -> Vec<Range<usize>> {
        let whole = vec![occurrence.clips.clone()];
        let picture = &self.gold.evidence.picture;
        let prepared = &self.gold.prepared.steps[occurrence.step].clips;
        let cells = |clips: Range<usize>, of: usize, cells: u32| {
            let cell = |clip: usize| clip * cells as usize / of;
            cell(clips.start)..cell(clips.end - 1) + 1
        };
        let gold_clips = self.gold.alignment.gold_clips as usize;
        let rows = cells(
            prepared.start as usize..prepared.end as usize,
            gold_clips,
            picture.rows,
        );
        let columns = cells(
            occurrence.clips.clone(),
            self.likeness.clips,
            picture.columns,
        );
        if rows.len() < MIN_PARTS || columns.len() < 2 * MIN_PARTS {
            return whole;
        }
        let course = self.best_course(&rows, &columns);
        let mut starts = vec![0];
        starts.extend((1..course.len()).filter(|&column| course[column] < course[column - 1]));
        let ends = starts[1..].iter().copied().chain([course.len()]);
        let clips_per_column = self.likeness.clips as f64 / f64::from(picture.columns);
        let complete = starts.iter().zip(ends).all(|(&start, end)| {
            let gone_through = course[end - 1] - course[start] + 1;
            let clips = (end - start) as f64 * clips_per_column;
            gone_through as f64 >= MIN_COURSE * rows.len() as f64
                && clips >= MIN_DURATION * prepared.len() as f64
        });
        if !complete {
            return whole;
        }
        // The first clip of every pass: the first that falls into its column.
        let clip_of = |column: usize| {
            ((columns.start + column) * self.likeness.clips).div_ceil(picture.columns as usize)
        };
        let firsts: Vec<usize> = starts
            .iter()
            .map(|&start| clip_of(start).clamp(occurrence.clips.start, occurrence.clips.end))
            .collect();
        let ends = firsts[1..].iter().copied().chain([occurrence.clips.end]);
        firsts
            .iter()
            .zip(ends)
            .map(|(&first, end)| first.max(occurrence.clips.start)..end)
            .collect()
    }

    /// The row of each column, from 0: never backwards except by starting
    /// again, which costs [`AGAIN`] and leads from the second half of the step to
    /// the first. Viterbi.
    fn best_course(&self, rows: &Range<usize>, columns: &Range<usize>) -> Vec<usize> {
        let count = rows.len();
        let mut score: Vec<f64> = rows
            .clone()
            .map(|row| self.nats(row, columns.start))
            .collect();
        let mut from = vec![0; count * columns.len()];
        for (index, column) in columns.clone().enumerate().skip(1) {
            let again = (count / 2..count).fold(count / 2, |best, row| {
                if score[row] > score[best] { row } else { best }
            });
            let restart = score[again] - AGAIN;
            let mut next = vec![0.0; count];
            let mut best = 0;
            for row in 0..count {
                if score[row] >= score[best] {
                    best = row;
                }
                let restarts = row < count / 2 && restart > score[best];
                from[index * count + row] = if restarts { again } else { best };
                next[row] = if restarts { restart } else { score[best] }
                    + self.nats(rows.start + row, column);
            }
            score = next;
        }
        let mut row = (0..count).fold(
            0,
            |best, row| if score[row] > score[best] { row } else { best },
        );
        let mut course = vec![0; columns.len()];
        for index in (0..columns.len()).rev() {
            course[index] = row;
            row = from[index * count + row];
        }
        course
    }

    fn nats(&self, row: usize, column: usize) -> f64 {
        let picture = &self.gold.evidence.picture;
        let cell = picture.cells[row * picture.columns as usize + column];
        let similarity = picture.low + (picture.high - picture.low) * f32::from(cell) / 255.0;
        let plain =
            NATS_PER_LIKENESS * (self.likeness.against(self.index, similarity) - HALF_ALIKE);
        let clips_per_column = self.likeness.clips as f64 / f64::from(picture.columns);
        plain.clamp(-SOFT_LIMIT, SOFT_LIMIT) * (clips_per_column / self.lag).min(1.0)
    }
}
