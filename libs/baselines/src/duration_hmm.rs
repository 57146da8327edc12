//! An explicit-duration hidden Markov model.

use std::ops::Range;

use sopilot_judge::Prediction;
use sopilot_procedure::StepOrder;

use crate::decoded::{Decoded, Occurrence};
use crate::edit::compare;
use crate::likelihood::{JUMP, Likelihood};
use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// Leaving the steps for something else, in nats. Cheaper than a jump: pauses
/// between steps are common.
const PAUSE: f64 = 1.0;
/// Another step than the gold's next one where the order is free, in nats:
/// slightly dear, so that look-alike steps keep the gold's order.
const FREE_ORDER: f64 = 0.5;
/// Standard deviation of a duration's logarithm: a step twice as long is usual,
/// so that slowness is judged apart.
const DURATION_SPREAD: f64 = std::f64::consts::LN_2;
/// Nothing takes longer than so many times what is expected.
const LONGEST: f64 = 8.0;
/// The trainee's tempo, from the lengths of the videos, lies within.
const TEMPO: (f64, f64) = (0.5, 2.0);

/// Explicit-duration Viterbi (Yu 2010) over the steps, each of log-normal
/// duration, and a background that is copied per last completed step, so that a
/// pause does not forget how far the work was. The emission is a likelihood
/// ratio of the similarity, with one bounded shift per trainee; at its bound the
/// answer is that the videos cannot be compared.
///
/// The course within a step is not looked at: a step done again at once is one
/// long step to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationHmm {
    name: &'static str,
    about: &'static str,
    shared_background: bool,
    no_duration: bool,
    no_centring: bool,
}

impl DurationHmm {
    /// The whole method.
    pub const FULL: Self = Self {
        name: "duration-hmm",
        about: "Explicit durations, background copied per last completed step.",
        shared_background: false,
        no_duration: false,
        no_centring: false,
    };
    /// With one background, after which every step may follow.
    pub const SHARED_BACKGROUND: Self = Self {
        name: "duration-hmm/shared-background",
        about: "The same with one background, which forgets how far the work was.",
        shared_background: true,
        ..Self::FULL
    };
    /// With durations of any length.
    pub const NO_DURATION: Self = Self {
        name: "duration-hmm/no-duration",
        about: "The same with durations of any length.",
        no_duration: true,
        ..Self::FULL
    };
    /// Without subtracting each video's mean.
    pub const NO_CENTRING: Self = Self {
        name: "duration-hmm/no-centring",
        about: "The same without subtracting each video's mean.",
        no_centring: true,
        ..Self::FULL
    };
    /// The method and its ablations.
    pub const ALL: [Self; 4] = [
        Self::FULL,
        Self::SHARED_BACKGROUND,
        Self::NO_DURATION,
        Self::NO_CENTRING,
    ];
}

impl Method for DurationHmm {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let centring = if self.no_centring {
            Centring::None
        } else {
            Centring::OnEach
        };
        let likelihood = Likelihood::new(pair, centring);
        let tempo = pair.trainee.seconds() / pair.gold.recording.seconds();
        let tempo = tempo.clamp(TEMPO.0, TEMPO.1);
        let expected = (0..pair.gold.steps())
            .map(|step| pair.gold.duration_s(step) * tempo / pair.trainee.stride_s())
            .map(|clips| clips.max(1.0));
        let model = Model {
            likelihood: &likelihood,
            order: StepOrder::new(&pair.gold.procedure.order, pair.gold.steps()),
            expected: expected.collect(),
            shared_background: self.shared_background,
            no_duration: self.no_duration,
        };
        let decoded = decoded(&model.best_segments(), &likelihood);
        let prediction = compare(pair, &decoded, Some(&likelihood));
        Ok(if likelihood.comparable {
            prediction
        } else {
            Prediction {
                deviations: Some(Vec::new()),
                steps: None,
                not_comparable: true,
                ..prediction
            }
        })
    }
}

fn decoded(segments: &[(usize, Range<usize>)], likelihood: &Likelihood) -> Decoded {
    let mut decoded = Decoded::default();
    let mut end = 0;
    for (step, clips) in segments {
        decoded.add_other_work(end..clips.start, |clip| likelihood.idle[clip]);
        end = clips.end;
        let weight = clips.clone().map(|clip| likelihood.of(*step, clip)).sum();
        decoded.occurrences.push(Occurrence {
            step: *step,
            clips: clips.clone(),
            weight,
        });
    }
    decoded.add_other_work(end..likelihood.clips(), |clip| likelihood.idle[clip]);
    decoded
}

struct Model<'a> {
    likelihood: &'a Likelihood,
    order: StepOrder,
    /// Clips that each step is expected to take.
    expected: Vec<f64>,
    shared_background: bool,
    no_duration: bool,
}

/// Where a segment is entered from: a place of the [`Trellis`].
type From = usize;

/// The best way to every place after so many clips.
struct Trellis {
    /// Places: step s has just ended (s), background after s (steps + s),
    /// background before any (2 steps), the start of the video (2 steps + 1).
    places: usize,
    /// By clips so far and place.
    score: Vec<f64>,
    /// For a step, the clips of its segment; for a background, of its whole.
    length: Vec<usize>,
    /// What the segment was entered from.
    from: Vec<From>,
}

impl Model<'_> {
    fn steps(&self) -> usize {
        self.expected.len()
    }

    fn before_any(&self) -> usize {
        2 * self.steps()
    }

    fn start(&self) -> usize {
        2 * self.steps() + 1
    }

    /// Steps and their clips, in order of time.
    fn best_segments(&self) -> Vec<(usize, Range<usize>)> {
        let clips = self.likelihood.clips();
        let mut trellis = Trellis::new(2 * self.steps() + 2, clips);
        trellis.score[self.start()] = 0.0;
        let sums: Vec<Vec<f64>> = (0..self.steps()).map(|step| self.sums(step)).collect();
        // By clips so far, where each step is best entered from.
        let mut entries = vec![self.entries(&trellis, 0)];
        for end in 1..=clips {
            for (step, sums) in sums.iter().enumerate() {
                self.end_step(&mut trellis, &entries, step, sums, end);
            }
            self.wait(&mut trellis, end);
            entries.push(self.entries(&trellis, end));
        }
        self.trace(&trellis)
    }

    /// Evidence of the first clips for a step.
    fn sums(&self, step: usize) -> Vec<f64> {
        let mut sums = vec![0.0];
        for clip in 0..self.likelihood.clips() {
            sums.push(sums[clip] + self.likelihood.of(step, clip));
        }
        sums
    }

    fn end_step(
        &self,
        trellis: &mut Trellis,
        entries: &[Vec<(f64, From)>],
        step: usize,
        sums: &[f64],
        end: usize,
    ) {
        let cell = trellis.cell(end, step);
        for length in 1..=end.min(self.longest(step)) {
            let (entered, from) = entries[end - length][step];
            let value = entered + sums[end] - sums[end - length] - self.duration_cost(step, length);
            if value > trellis.score[cell] {
                trellis.score[cell] = value;
                (trellis.length[cell], trellis.from[cell]) = (length, from);
            }
        }
    }

    /// One more clip in which no step is done; its evidence is 0 by definition.
    fn wait(&self, trellis: &mut Trellis, end: usize) {
        for step in 0..self.steps() {
            let background = if self.shared_background {
                self.before_any()
            } else {
                self.steps() + step
            };
            trellis.wait(end, background, step);
        }
        trellis.wait(end, self.before_any(), self.start());
    }

    /// The best way into each step after so many clips.
    fn entries(&self, trellis: &Trellis, clips: usize) -> Vec<(f64, From)> {
        let score = |place: usize| trellis.score[trellis.cell(clips, place)];
        (0..self.steps())
            .map(|step| {
                let mut best = (f64::NEG_INFINITY, self.start());
                let mut offer = |value: f64, from: From| {
                    if value > best.0 {
                        best = (value, from);
                    }
                };
                offer(score(self.start()) - self.first_cost(step), self.start());
                let forgotten = if self.shared_background {
                    0.0
                } else {
                    self.first_cost(step)
                };
                offer(score(self.before_any()) - forgotten, self.before_any());
                for before in 0..self.steps() {
                    let cost = self.entering_cost(before, step);
                    offer(score(before) - cost, before);
                    offer(score(self.steps() + before) - cost, self.steps() + before);
                }
                best
            })
            .collect()
    }

    fn trace(&self, trellis: &Trellis) -> Vec<(usize, Range<usize>)> {
        let mut clips = self.likelihood.clips();
        let value = |place: usize| trellis.score[trellis.cell(clips, place)] - self.end_cost(place);
        let mut place = (0..=self.before_any())
            .max_by(|&a, &b| value(a).total_cmp(&value(b)))
            .unwrap_or(self.before_any());
        let mut segments = Vec::new();
        while clips > 0 {
            let cell = trellis.cell(clips, place);
            let start = clips - trellis.length[cell];
            if place < self.steps() {
                segments.push((place, start..clips));
            }
            (clips, place) = (start, trellis.from[cell]);
        }
        segments.reverse();
        segments
    }

    /// Most clips that the step may take.
    fn longest(&self, step: usize) -> usize {
        if self.no_duration {
            usize::MAX
        } else {
            (LONGEST * self.expected[step]).ceil() as usize
        }
    }

    fn duration_cost(&self, step: usize, clips: usize) -> f64 {
        if self.no_duration {
            return 0.0;
        }
        let deviation = (clips as f64 / self.expected[step]).ln() / DURATION_SPREAD;
        0.5 * deviation * deviation
    }

    fn entering_cost(&self, before: usize, after: usize) -> f64 {
        let skips = || {
            (0..self.steps()).any(|between| {
                self.order.precedes(before, between) && self.order.precedes(between, after)
            })
        };
        if after == before + 1 {
            0.0
        } else if after == before || self.order.precedes(after, before) || skips() {
            JUMP
        } else {
            FREE_ORDER
        }
    }

    fn first_cost(&self, step: usize) -> f64 {
        let needs = (0..self.steps()).any(|other| self.order.precedes(other, step));
        match (step, needs) {
            (0, _) => 0.0,
            (_, true) => JUMP,
            (_, false) => FREE_ORDER,
        }
    }

    fn end_cost(&self, place: usize) -> f64 {
        if place == self.before_any() {
            return if self.shared_background { 0.0 } else { JUMP };
        }
        let step = place % self.steps();
        let leads_on = (0..self.steps()).any(|other| self.order.precedes(step, other));
        match (step + 1 == self.steps(), leads_on) {
            (true, _) => 0.0,
            (_, true) => JUMP,
            (_, false) => FREE_ORDER,
        }
    }
}

impl Trellis {
    fn new(places: usize, clips: usize) -> Self {
        let cells = places * (clips + 1);
        Self {
            places,
            score: vec![f64::NEG_INFINITY; cells],
            length: vec![0; cells],
            from: vec![0; cells],
        }
    }

    fn cell(&self, clips: usize, place: usize) -> usize {
        clips * self.places + place
    }

    /// Another clip in `background`, or the first one, after `before`.
    fn wait(&mut self, end: usize, background: usize, before: usize) {
        let (cell, last) = (self.cell(end, background), self.cell(end - 1, background));
        let entered = self.score[self.cell(end - 1, before)] - PAUSE;
        if self.score[last] > self.score[cell] {
            self.score[cell] = self.score[last];
            (self.length[cell], self.from[cell]) = (self.length[last] + 1, self.from[last]);
        }
        if entered > self.score[cell] {
            self.score[cell] = entered;
            (self.length[cell], self.from[cell]) = (1, before);
        }
    }
}

#[cfg(test)]
mod tests;
