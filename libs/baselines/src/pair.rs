//! What every method sees.

use sopilot_dtw::{Alignment, Evidence, MatrixView, Options, Side, align_with_evidence};
use sopilot_judge::Truth;
use sopilot_procedure::{Clip, PreparedGold, Procedure, prepare};

use crate::BaselineError;
use crate::likelihood::Levels;

/// The clips of a video and their embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Clips × `dim`, row by row; finite, no row of zeros.
    pub rows: Vec<f32>,
    /// Values per clip.
    pub dim: usize,
    /// The clips, in order of time.
    pub clips: Vec<Clip>,
}

/// A gold, its procedure, and what follows from them alone.
#[derive(Debug, Clone)]
pub struct Gold {
    pub(crate) procedure: Procedure,
    pub(crate) recording: Recording,
    pub(crate) prepared: PreparedGold,
    /// What is alike and unlike within the gold: centred, and not.
    levels: [Levels; 2],
}

/// A trainee beside a gold.
#[derive(Debug)]
pub struct Pair<'a> {
    pub(crate) gold: &'a Gold,
    pub(crate) trainee: &'a Recording,
    pub(crate) truth: Option<&'a Truth>,
    centred: Aligned,
    plain: Aligned,
}

/// One alignment of gold and trainee.
#[derive(Debug)]
pub(crate) struct Aligned {
    pub(crate) alignment: Alignment,
    pub(crate) evidence: Evidence,
}

/// Whether each video's mean is subtracted from its clips, so that what they
/// share does not hide what differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Centring {
    OnEach,
    None,
}

impl Recording {
    pub(crate) fn view(&self, side: Side) -> Result<MatrixView<'_>, BaselineError> {
        let clips = self.clips.len();
        if self.dim > 0 && self.rows.len() != clips * self.dim {
            return Err(BaselineError::ClipCount {
                clips,
                rows: self.rows.len() / self.dim,
            });
        }
        Ok(MatrixView::new(side, clips, self.dim, &self.rows)?)
    }

    /// From the start of the first clip to the end of the last, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        match (self.clips.first(), self.clips.last()) {
            (Some(first), Some(last)) => last.end_s - first.start_s,
            _ => 0.0,
        }
    }

    /// Mean time from one clip to the next.
    pub(crate) fn stride_s(&self) -> f64 {
        match (self.clips.first(), self.clips.last()) {
            (Some(first), Some(last)) if self.clips.len() > 1 => {
                (last.start_s - first.start_s) / (self.clips.len() - 1) as f64
            }
            _ => self.seconds(),
        }
    }
}

impl Gold {
    /// Prepares a gold. The procedure's steps must have times, or there must be
    /// none, and then they are found.
    pub fn new(procedure: Procedure, recording: Recording) -> Result<Self, BaselineError> {
        let view = recording.view(Side::Gold)?;
        let prepared = prepare(&view, &recording.clips, &procedure, &[])?;
        let levels = |centring| -> Result<Levels, BaselineError> {
            let itself = align(&recording, &recording, &prepared, centring)?;
            Ok(Levels::of_gold(&itself.evidence, &prepared))
        };
        Ok(Self {
            levels: [levels(Centring::OnEach)?, levels(Centring::None)?],
            procedure,
            prepared,
            recording,
        })
    }

    /// The procedure that it shows.
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// Its steps and where they are.
    pub fn prepared(&self) -> &PreparedGold {
        &self.prepared
    }

    pub(crate) fn steps(&self) -> usize {
        self.prepared.steps.len()
    }

    pub(crate) fn duration_s(&self, step: usize) -> f64 {
        self.prepared.steps[step].time.duration_s()
    }

    pub(crate) fn levels(&self, centring: Centring) -> &Levels {
        match centring {
            Centring::OnEach => &self.levels[0],
            Centring::None => &self.levels[1],
        }
    }
}

impl<'a> Pair<'a> {
    /// Aligns a trainee with a gold, once for all methods. `truth` is for the
    /// method that is given the true boundaries; no other looks at it.
    pub fn new(
        gold: &'a Gold,
        trainee: &'a Recording,
        truth: Option<&'a Truth>,
    ) -> Result<Self, BaselineError> {
        let aligned = |centring| align(&gold.recording, trainee, &gold.prepared, centring);
        Ok(Self {
            centred: aligned(Centring::OnEach)?,
            plain: aligned(Centring::None)?,
            gold,
            trainee,
            truth,
        })
    }

    pub(crate) fn aligned(&self, centring: Centring) -> &Aligned {
        match centring {
            Centring::OnEach => &self.centred,
            Centring::None => &self.plain,
        }
    }

    /// Similarity of a step with a trainee's clip.
    pub(crate) fn similarity(&self, centring: Centring, step: usize, clip: usize) -> f32 {
        let evidence = &self.aligned(centring).evidence;
        evidence.step_similarity[step * self.trainee.clips.len() + clip]
    }
}

fn align(
    gold: &Recording,
    trainee: &Recording,
    prepared: &PreparedGold,
    centring: Centring,
) -> Result<Aligned, BaselineError> {
    let steps: Vec<_> = prepared
        .steps
        .iter()
        .map(|step| step.clips.clone())
        .collect();
    let options = Options {
        centring: match centring {
            Centring::OnEach => sopilot_dtw::Centring::OnEach,
            Centring::None => sopilot_dtw::Centring::None,
        },
        non_overlapping_lag: prepared.non_overlapping_lag,
        ..Options::default()
    };
    let (alignment, evidence) = align_with_evidence(
        &gold.view(Side::Gold)?,
        &trainee.view(Side::Trainee)?,
        &steps,
        &options,
    )?;
    Ok(Aligned {
        alignment,
        evidence,
    })
}
