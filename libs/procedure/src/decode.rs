//! What the trainee did when: steps that may be left out, done elsewhere, done
//! again, done in part, and work that belongs to none.

mod pauses;

use std::ops::Range;

use crate::ablation::Ablation;
use crate::calibration::{
    BACKGROUND, JUMP, MIN_FRAGMENT, MIN_OCCURRENCE, MIN_ROWS_FOR_PACE, NATS_PER_LIKENESS,
    OUT_OF_STEP, POOR_VIEW, RECLAIMED, RECLAIMED_LENGTH, SOFT_LIMIT,
};
use crate::clip::{Timeline, consecutive, median};
use crate::input::GoldInput;
use crate::likeness::Likeness;
use crate::order::StepOrder;
use crate::trellis::{Place, Track, Trellis};

/// A step that the trainee did, once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    pub(crate) step: usize,
    /// From its first to its last clip, with pauses in between.
    pub(crate) clips: Range<usize>,
    /// For the step against unrelated work, in nats; at least
    /// [`MIN_OCCURRENCE`].
    pub(crate) evidence: f64,
    /// Which part of the gold's step was not gone through at its end: left out,
    /// or hurried past. From 0, below 1.
    pub(crate) broken_off: f64,
}

/// What the trainee did.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// In time, not overlapping.
    pub(crate) occurrences: Vec<Occurrence>,
    /// The clip's step; `None` where no step was done.
    pub(crate) step_of: Vec<Option<usize>>,
    /// The gold's place that the clip shows: its step, plus the part of that
    /// step before it. `None` where none was told apart.
    pub(crate) positions: Vec<Option<f64>>,
    /// Per step that the best way through the golds does not pass: how alike the
    /// stretch is that follows its course best among those in which no step was
    /// done. `None` for the others, and if there was always one.
    pub(crate) free_course: Vec<Option<f64>>,
}

/// Decodes the trainee's clips. As many neighbours as share frames count as one
/// observation.
pub(crate) fn decode(
    golds: &[&GoldInput<'_>],
    likeness: &Likeness,
    order: &StepOrder,
    timeline: &Timeline<'_>,
    ablation: Ablation,
) -> Decoded {
    let mut shown = Shown::new(golds, likeness, timeline, ablation);
    let steps = golds[0].prepared.steps.len();
    let tracks = shown.tracks.clone();
    let trellis = Trellis::new(order, steps, &tracks).without(ablation);
    let way = |shown: &Shown<'_>| {
        trellis.best_places(shown.columns, |state, column| shown.nats(state, column))
    };
    let mut places = way(&shown);
    let stir = shown.stir(&places, timeline);
    let pauses = shown.pauses(&places, timeline, &stir);
    if !pauses.is_empty() {
        shown.ignore(pauses);
        places = way(&shown);
    }
    let mut decoded = Decoded {
        occurrences: Vec::new(),
        step_of: vec![None; timeline.clips.len()],
        positions: Vec::new(),
        free_course: Vec::new(),
    };
    let mut runs = shown.runs(&places);
    runs.retain(|run| run.evidence >= MIN_OCCURRENCE && shown.spans(run) >= MIN_FRAGMENT);
    for run in runs.iter().filter(|run| !shown.is_pause(run, &runs, &stir)) {
        let clips = run.columns.iter().flat_map(|&column| shown.clips(column));
        decoded.add(shown.occurrence(run), clips);
    }
    decoded.positions = shown.positions(&places, &decoded.step_of);
    let lag = f64::from(timeline.non_overlapping_lag());
    decoded.free_course = vec![None; steps];
    for step in 0..steps {
        if decoded.has(step) {
            continue;
        }
        let free = shown.best_free(step, &decoded.step_of);
        decoded.free_course[step] = free.as_ref().map(|(course, _)| *course);
        if let Some((course, clips)) = &free
            && !ablation.no_course
        {
            let usual = golds[0].prepared.steps[step].clips.len() as f64;
            let fits = RECLAIMED_LENGTH.contains(&(clips.len() as f64 / usual));
            // At its own place nothing excuses that it looks different.
            let enough = if decoded.is_in_turn(step, clips) {
                BACKGROUND
            } else {
                RECLAIMED
            };
            if fits && *course >= enough {
                decoded.reclaim(step, *course, clips.clone(), lag);
            }
        }
    }
    decoded
}

impl Occurrence {
    /// From 0 to 1: as sure as its evidence is large against a jump.
    pub(crate) fn sureness(&self) -> f64 {
        self.evidence / (self.evidence + JUMP)
    }
}

impl Decoded {
    /// `clips`: those that show the step, without what interrupts it.
    fn add(&mut self, occurrence: Occurrence, clips: impl IntoIterator<Item = usize>) {
        for clip in clips {
            self.step_of[clip] = Some(occurrence.step);
        }
        self.occurrences.push(occurrence);
        self.occurrences.sort_by_key(|found| found.clips.start);
    }

    fn has(&self, step: usize) -> bool {
        self.occurrences.iter().any(|found| found.step == step)
    }

    /// Whether a stretch lies between an earlier step of the gold and a later
    /// one.
    fn is_in_turn(&self, step: usize, clips: &Range<usize>) -> bool {
        let before = self
            .occurrences
            .iter()
            .rfind(|found| found.clips.end <= clips.start);
        let after = self
            .occurrences
            .iter()
            .find(|found| found.clips.start >= clips.end);
        before.is_none_or(|found| found.step < step) && after.is_none_or(|found| found.step > step)
    }

    /// A step that was found nowhere was done where nothing else was and what
    /// was done follows its course. The way there and back cost two jumps.
    fn reclaim(&mut self, step: usize, course: f64, clips: Range<usize>, lag: f64) {
        let nats = NATS_PER_LIKENESS * (course - RECLAIMED) * clips.len() as f64 / lag;
        let occurrence = Occurrence {
            step,
            clips: clips.clone(),
            evidence: JUMP + nats,
            broken_off: 0.0,
        };
        self.add(occurrence, clips);
    }
}

/// The pictures of the similarity with every gold, as the trellis sees them.
struct Shown<'a> {
    golds: &'a [&'a GoldInput<'a>],
    likeness: &'a Likeness,
    tracks: Vec<Track>,
    /// Per state: the gold and its picture's row.
    rows: Vec<(usize, usize)>,
    /// Of every picture: they have one trainee.
    columns: usize,
    /// Per column: what its evidence is worth.
    worth: Vec<f64>,
    /// See [`Ablation::no_course`].
    no_course: bool,
}

impl<'a> Shown<'a> {
    fn new(
        golds: &'a [&'a GoldInput<'a>],
        likeness: &'a Likeness,
        timeline: &Timeline<'_>,
        ablation: Ablation,
    ) -> Self {
        let columns = golds[0].evidence.picture.columns as usize;
        let (mut tracks, mut rows) = (Vec::new(), Vec::new());
        for (gold, input) in golds.iter().enumerate() {
            for step in 0..input.prepared.steps.len() {
                let first = rows.len();
                rows.extend(input.picture_rows(step).map(|row| (gold, row)));
                let clips_a_row =
                    f64::from(input.alignment.gold_clips) / f64::from(input.evidence.picture.rows);
                let clips_a_column = likeness.clips as f64 / columns as f64;
                tracks.push(Track {
                    step,
                    states: first..rows.len(),
                    pace: (clips_a_column / clips_a_row).round().max(1.0) as usize,
                });
            }
        }
        let mut shown = Self {
            golds,
            likeness,
            tracks,
            rows,
            columns,
            worth: Vec::new(),
            no_course: ablation.no_course,
        };
        shown.worth = (0..columns)
            .map(|column| shown.worth_of(column, timeline))
            .collect();
        shown
    }

    /// The clips that were averaged into a column.
    fn clips(&self, column: usize) -> Range<usize> {
        self.golds[0].clips_shown(column)
    }

    fn worth_of(&self, column: usize, timeline: &Timeline<'_>) -> f64 {
        let clips = self.clips(column);
        let views = timeline.clips[clips.clone()].iter().map(|clip| {
            if clip.flags.is_empty() {
                1.0
            } else {
                POOR_VIEW
            }
        });
        let view = views.sum::<f64>() / clips.len() as f64;
        let lag = f64::from(timeline.non_overlapping_lag());
        view * (clips.len() as f64 / lag).min(1.0)
    }

    fn nats(&self, state: usize, column: usize) -> f64 {
        let (gold, row) = self.rows[state];
        let similarity = self.golds[gold].evidence.picture.similarity(row, column);
        let plain = NATS_PER_LIKENESS * (self.likeness.against(gold, similarity) - BACKGROUND);
        let within = plain.clamp(-SOFT_LIMIT, SOFT_LIMIT);
        (within + 0.1 * (plain - within)) * self.worth[column]
    }

    /// Every time that a step was gone through: it ends where another begins,
    /// or where the same begins again.
    fn runs(&self, places: &[Place]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (column, place) in places.iter().enumerate() {
            let Place::Step { track, row } = *place else {
                continue;
            };
            let nats = self.nats(self.tracks[track].states.start + row, column);
            let last = runs.last_mut().and_then(|run| {
                let row = self.row_in(run, track, row)?;
                self.goes_on(run, row).then_some((run, row))
            });
            match last {
                Some((run, row)) => {
                    run.evidence += nats;
                    run.rows.push(row.max(run.rows[run.rows.len() - 1]));
                    run.columns.push(column);
                }
                None => runs.push(Run {
                    track,
                    evidence: nats,
                    rows: vec![row],
                    columns: vec![column],
                }),
            }
        }
        runs.into_iter()
            .map(|run| self.without_waiting(run))
            .collect()
    }

    /// The next row of a run that goes on in another gold: whoever does half of a
    /// step as one gold and the rest as another does it once. Golds do not go
    /// through a step in the same proportions. `None` if they show different
    /// steps.
    fn row_in(&self, run: &Run, of: usize, row: usize) -> Option<usize> {
        let (own, other) = (&self.tracks[run.track], &self.tracks[of]);
        if run.track == of || own.step != other.step {
            return (run.track == of).then_some(row);
        }
        let rows = own.states.len();
        let last = run.rows[run.rows.len() - 1];
        let same = row * rows / other.states.len();
        let is_near = last <= same + (OUT_OF_STEP * rows as f64) as usize;
        Some(if is_near { same.max(last) } else { same })
    }

    /// Whether a row belongs to the time before it: rows that fall are another
    /// time, unless their order does not matter.
    fn goes_on(&self, run: &Run, row: usize) -> bool {
        self.no_course || run.rows.last() <= Some(&row)
    }

    /// Whoever pauses before or after a step looks like its first or last
    /// moment, and so does some other work; it is no part of the step. At either
    /// end a row counts for hardly longer than the step's rows usually do.
    fn without_waiting(&self, mut run: Run) -> Run {
        let mut waits: Vec<f64> = Vec::new();
        for (column, row) in run.rows.iter().enumerate() {
            if column > 0 && run.rows[column - 1] == *row {
                *waits.last_mut().expect("every row has its first column") += 1.0;
            } else {
                waits.push(1.0);
            }
        }
        if waits.len() < MIN_ROWS_FOR_PACE {
            return run;
        }
        let (first, last) = (waits[0], waits[waits.len() - 1]);
        let usual = median(waits).ceil() + 1.0;
        let at_start = (first - usual).max(0.0) as usize;
        let at_end = (last - usual).max(0.0) as usize;
        let kept = at_start..run.columns.len() - at_end;
        run.evidence -= (0..run.columns.len())
            .filter(|index| !kept.contains(index))
            .map(|index| {
                let states = &self.tracks[run.track].states;
                self.nats(states.start + run.rows[index], run.columns[index])
            })
            .sum::<f64>();
        run.rows = run.rows[kept.clone()].to_vec();
        run.columns = run.columns[kept].to_vec();
        run
    }

    /// Per clip; see [`Decoded::positions`].
    fn positions(&self, places: &[Place], step_of: &[Option<usize>]) -> Vec<Option<f64>> {
        let mut positions = vec![None; step_of.len()];
        for (column, place) in places.iter().enumerate() {
            let Place::Step { track, row } = *place else {
                continue;
            };
            let Track { step, states, .. } = &self.tracks[track];
            let position = *step as f64 + (row as f64 + 0.5) / states.len() as f64;
            for clip in self
                .clips(column)
                .filter(|&clip| step_of[clip] == Some(*step))
            {
                positions[clip] = Some(position);
            }
        }
        positions
    }

    /// The stretch that follows a step's course best among clips that show no
    /// step, and how alike it is.
    fn best_free(&self, step: usize, step_of: &[Option<usize>]) -> Option<(f64, Range<usize>)> {
        let is_free = |&column: &usize| self.clips(column).all(|clip| step_of[clip].is_none());
        let runs = consecutive((0..self.columns).filter(is_free));
        let in_gold = |(gold, input): (usize, &&GoldInput<'_>)| {
            let rows = input.picture_rows(step);
            let best_in = |run: &Range<usize>| {
                let (columns, similarity) =
                    (input.evidence.picture).best_stretch(rows.clone(), run.clone());
                let clips = self.clips(columns.start).start..self.clips(columns.end - 1).end;
                (self.likeness.course_against(gold, similarity), clips)
            };
            // A single clip follows no course.
            let runs = runs.iter().filter(|run| run.len() > 1);
            runs.map(best_in).max_by(|a, b| a.0.total_cmp(&b.0))
        };
        (self.golds.iter().enumerate())
            .filter_map(in_gold)
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Which part of its step a run lies in, from its first row to its last.
    fn spans(&self, run: &Run) -> f64 {
        let rows = run.rows[run.rows.len() - 1] - run.rows[0] + 1;
        rows as f64 / self.tracks[run.track].states.len() as f64
    }

    fn occurrence(&self, run: &Run) -> Occurrence {
        let Track { step, states, .. } = &self.tracks[run.track];
        Occurrence {
            step: *step,
            broken_off: broken_off(&run.rows, states.len()),
            clips: self.clips(run.columns[0]).start
                ..self.clips(run.columns[run.columns.len() - 1]).end,
            evidence: run.evidence,
        }
    }
}

/// One time that a track was gone through.
struct Run {
    track: usize,
    evidence: f64,
    /// The columns that show it, and the row of each; rows never fall.
    columns: Vec<usize>,
    rows: Vec<usize>,
}

/// Which part of a step's rows was not gone through at its end: left out, or
/// passed faster than the first half was. Whoever works fast throughout breaks
/// nothing off.
fn broken_off(rows: &[usize], of: usize) -> f64 {
    let paces: Vec<f64> = rows
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64)
        .collect();
    let (first_half, second_half) = paces.split_at(paces.len().div_ceil(2));
    let usual = if first_half.is_empty() {
        1.0
    } else {
        median(first_half.to_vec()).max(1.0)
    };
    let hurried: f64 = second_half.iter().map(|pace| (pace - usual).max(0.0)).sum();
    let left_out = (of - 1 - rows[rows.len() - 1]) as f64;
    (left_out + hurried) / of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_or_hurried_past_at_the_end_is_broken_off() {
        assert_eq!(broken_off(&[0, 1, 2, 3, 4, 5, 6, 7], 8), 0.0);
        assert_eq!(broken_off(&[0, 1, 2, 3], 8), 0.5);
        assert_eq!(broken_off(&[2, 3, 4, 5, 6, 7], 8), 0.0);
        // The rest is passed as fast as it can be.
        assert_eq!(broken_off(&[0, 1, 2, 3, 6, 7], 8), 0.25);
    }

    #[test]
    fn slow_and_hasty_work_breaks_nothing_off() {
        assert_eq!(broken_off(&[0, 0, 0, 1, 1, 2, 2, 3], 4), 0.0);
        assert_eq!(broken_off(&[0, 2, 4, 6], 7), 0.0);
        assert_eq!(broken_off(&[0], 1), 0.0);
    }
}
