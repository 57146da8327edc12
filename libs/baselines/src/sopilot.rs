//! The product itself.

use sopilot_judge::{DeviationKind, Prediction, Reported, Segment, TimeRange};
use sopilot_procedure::{
    Ablation, Deviation, DeviationType, GoldInput, Procedure, ScoreInput, ScoreOutcome, Verdict,
    score_without,
};

use crate::pair::{Centring, Pair};
use crate::{BaselineError, Method};

/// What SOPilot reports, with its confidence, whatever that is; what it would not
/// show for lack of it is not shown here either. Suspicion is 100 less the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sopilot {
    name: &'static str,
    about: &'static str,
    centring: Centring,
    ablation: Ablation,
}

impl Sopilot {
    /// As it is.
    pub const FULL: Self = Self {
        name: "sopilot",
        about: "SOPilot itself.",
        centring: Centring::OnEach,
        ablation: Ablation {
            shared_pause: false,
            no_course: false,
        },
    };
    /// Without subtracting each video's mean.
    pub const NO_CENTRING: Self = Self {
        name: "sopilot/no-centring",
        about: "The same without subtracting each video's mean.",
        centring: Centring::None,
        ..Self::FULL
    };
    /// With one pause, after which every step may follow.
    pub const SHARED_PAUSE: Self = Self {
        name: "sopilot/shared-pause",
        about: "The same with one pause, which forgets how far the work was.",
        ablation: Ablation {
            shared_pause: true,
            no_course: false,
        },
        ..Self::FULL
    };
    /// Without looking at the course within steps.
    pub const NO_COURSE: Self = Self {
        name: "sopilot/no-course",
        about: "The same without looking at the course within steps.",
        ablation: Ablation {
            shared_pause: false,
            no_course: true,
        },
        ..Self::FULL
    };
    /// SOPilot and its ablations.
    pub const ALL: [Self; 4] = [
        Self::FULL,
        Self::NO_CENTRING,
        Self::SHARED_PAUSE,
        Self::NO_COURSE,
    ];
}

impl Method for Sopilot {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn predict(&self, pair: &Pair<'_>) -> Result<Prediction, BaselineError> {
        let procedure = &pair.gold.procedure;
        let outcome = self.score(pair, procedure)?;
        let suspicion = 100.0 - outcome.score;
        if outcome.verdict == Verdict::NotComparable {
            return Ok(Prediction {
                suspicion,
                deviations: Some(Vec::new()),
                steps: None,
                not_comparable: true,
            });
        }
        let mut doubting = procedure.clone();
        doubting.thresholds.min_confidence = 0.0;
        let least = procedure.thresholds.min_confidence;
        let all = self.score(pair, &doubting)?.deviations;
        Ok(Prediction {
            suspicion,
            deviations: Some(all.iter().map(|found| reported(found, least)).collect()),
            steps: Some(steps(&outcome)),
            not_comparable: false,
        })
    }
}

impl Sopilot {
    pub(crate) fn score(
        &self,
        pair: &Pair<'_>,
        procedure: &Procedure,
    ) -> Result<ScoreOutcome, BaselineError> {
        let aligned = pair.aligned(self.centring);
        let gold = GoldInput {
            prepared: &pair.gold.prepared,
            alignment: &aligned.alignment,
            evidence: &aligned.evidence,
        };
        let input = ScoreInput {
            procedure,
            golds: &[gold],
            trainee: &pair.trainee.clips,
        };
        Ok(score_without(&input, self.ablation)?)
    }
}

fn reported(found: &Deviation, least_confidence: f64) -> Reported {
    let missing = found.kind == DeviationType::MissingStep;
    Reported {
        kind: kind(found.kind),
        gold_step: found.gold_step.map(|step| step as usize),
        gold_time: found.gold_time.map(time),
        // Of a missing step it is where it should have been, not when it was.
        trainee_time: (!missing).then(|| time(found.trainee_time)),
        confidence: Some(found.confidence),
        is_shown: found.confidence >= least_confidence,
    }
}

fn kind(kind: DeviationType) -> DeviationKind {
    match kind {
        DeviationType::MissingStep => DeviationKind::MissingStep,
        DeviationType::OutOfOrder => DeviationKind::OutOfOrder,
        DeviationType::RepeatedStep => DeviationKind::RepeatedStep,
        DeviationType::ExtraActivity => DeviationKind::ExtraActivity,
        DeviationType::WrongExecution => DeviationKind::WrongExecution,
        DeviationType::OverTime => DeviationKind::OverTime,
        DeviationType::UnderTime => DeviationKind::UnderTime,
    }
}

fn time(time: sopilot_procedure::TimeRange) -> TimeRange {
    TimeRange {
        start_s: time.start_s,
        end_s: time.end_s,
    }
}

/// Every step once, where it counts: second times are deviations, not steps.
fn steps(outcome: &ScoreOutcome) -> Vec<Segment> {
    let mut steps: Vec<Segment> = outcome
        .steps
        .iter()
        .filter_map(|step| {
            step.trainee_time.map(|time| Segment {
                step: step.index as usize,
                start_s: time.start_s,
                end_s: time.end_s,
            })
        })
        .collect();
    steps.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    steps
}
